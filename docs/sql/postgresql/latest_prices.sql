-- The price of each model that was seen last.
SELECT DISTINCT ON (m.id)
       p.name AS provider,
       m.name AS model,
       pr.input_price_per_m,
       pr.output_price_per_m,
       pr."timestamp"
FROM models m
JOIN providers p ON p.id = m.provider_id
JOIN prices pr ON pr.model_id = m.id
ORDER BY m.id, pr."timestamp" DESC;
