-- What happened to models, prices and budgets in the last seven days, the latest first.
SELECT "at", kind, severity, provider, model, scope, text
FROM events
WHERE "at" >= NOW() - INTERVAL '7 days'
ORDER BY "at" DESC;
