-- What each source says that a model costs, side by side; amounts are exact, kept as text.
SELECT provider,
       model,
       source,
       status,
       CAST(COALESCE(json_extract(price, '$.input_per_million_usd'), json_extract(price, '$.input')) AS REAL) AS input_price_per_m,
       CAST(COALESCE(json_extract(price, '$.output_per_million_usd'), json_extract(price, '$.output')) AS REAL) AS output_price_per_m,
       fetched_at,
       reason
FROM price_quotes
WHERE status IN ('current', 'held')
ORDER BY provider, model, source, status;
