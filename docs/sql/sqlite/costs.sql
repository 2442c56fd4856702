-- What the requests of the last 30 days cost, by provider and model.
-- cost_usd is 0 where no price was known: those are counted beside the sum.
SELECT p.name AS provider,
       m.name AS model,
       SUM(br.cost_usd) AS cost_usd,
       COUNT(*) FILTER (WHERE br.cost_known) AS priced,
       COUNT(*) FILTER (WHERE NOT br.cost_known) AS without_price,
       SUM(br.input_tokens + br.output_tokens) AS tokens
FROM benchmark_results br
JOIN providers p ON p.id = br.provider_id
JOIN models m ON m.id = br.model_id
WHERE br.created_at >= datetime('now', '-30 days')
GROUP BY p.name, m.name
ORDER BY cost_usd DESC;
