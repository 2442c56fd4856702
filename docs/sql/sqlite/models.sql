-- Models that providers list, what each costs now, and which of them are going away.
SELECT p.name AS provider,
       m.name AS model,
       m.context_window,
       m.listed_first_at,
       m.vanished_at,
       m.lifecycle,
       m.retires_on,
       CAST(julianday(m.retires_on) - julianday(date('now')) AS INTEGER) AS days_left,
       m.replaced_by,
       pr.input_price_per_m,
       pr.output_price_per_m
FROM models m
JOIN providers p ON p.id = m.provider_id
LEFT JOIN prices pr ON pr.id = (
    SELECT id FROM prices WHERE prices.model_id = m.id ORDER BY prices."timestamp" DESC LIMIT 1
)
WHERE m.listed_last_at IS NOT NULL
ORDER BY m.retires_on NULLS LAST, p.name, m.name;
