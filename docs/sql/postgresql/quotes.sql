-- What each source says that a model costs, side by side; amounts are exact, kept as text.
SELECT provider,
       model,
       source,
       status,
       COALESCE(price ->> 'input_per_million_usd', price ->> 'input')::numeric AS input_price_per_m,
       COALESCE(price ->> 'output_per_million_usd', price ->> 'output')::numeric AS output_price_per_m,
       fetched_at,
       reason
FROM price_quotes
WHERE status IN ('current', 'held')
ORDER BY provider, model, source, status;
