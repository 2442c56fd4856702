-- Share of failed requests by provider over the last 24 hours.
SELECT p.name AS provider,
       COUNT(*) AS results,
       COUNT(*) FILTER (WHERE br.success = false) AS failures,
       ROUND(100.0 * COUNT(*) FILTER (WHERE br.success = false) / COUNT(*), 2) AS error_rate_percent
FROM benchmark_results br
JOIN providers p ON p.id = br.provider_id
WHERE br.created_at >= datetime('now', '-24 hours')
GROUP BY p.name
ORDER BY error_rate_percent DESC, p.name;
