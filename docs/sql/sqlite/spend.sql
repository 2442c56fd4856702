-- What the probes spent each day of the last 30, by job and provider.
-- cost_usd is 0 where no price was known: those are counted beside the sum.
SELECT date(br.created_at) AS day,
       r.run_name AS job,
       br.provider,
       SUM(br.cost_usd) AS cost_usd,
       COUNT(*) AS results,
       COUNT(*) FILTER (WHERE NOT br.cost_known) AS without_price
FROM benchmark_results br
JOIN runs r ON r.id = br.run_id
WHERE br.created_at >= datetime('now', '-30 days')
GROUP BY day, r.run_name, br.provider
ORDER BY day, r.run_name, br.provider;
