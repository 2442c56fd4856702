-- Prices that changed in the last 90 days, beside what they were before.
SELECT provider, model, input_before, input_now, output_before, output_now, source, changed_at
FROM (
    SELECT p.name AS provider,
           m.name AS model,
           LAG(pr.input_price_per_m) OVER history AS input_before,
           pr.input_price_per_m AS input_now,
           LAG(pr.output_price_per_m) OVER history AS output_before,
           pr.output_price_per_m AS output_now,
           pr.source,
           pr."timestamp" AS changed_at
    FROM prices pr
    JOIN models m ON m.id = pr.model_id
    JOIN providers p ON p.id = pr.provider_id
    WINDOW history AS (PARTITION BY pr.model_id ORDER BY pr."timestamp")
) changes
WHERE input_before IS NOT NULL
  AND changed_at >= datetime('now', '-90 days')
ORDER BY changed_at DESC, provider, model;
