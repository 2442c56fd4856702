-- The price of each model that was seen last. SQLite takes the other columns from the row of the maximum.
SELECT p.name AS provider,
       m.name AS model,
       pr.input_price_per_m,
       pr.output_price_per_m,
       MAX(pr."timestamp") AS "timestamp"
FROM models m
JOIN providers p ON p.id = m.provider_id
JOIN prices pr ON pr.model_id = m.id
GROUP BY m.id;
