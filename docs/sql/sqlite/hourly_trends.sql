-- Hour by hour, for each model, over the last seven days, over new connections ('warm' for kept ones).
SELECT strftime('%Y-%m-%d %H:00:00', created_at) AS hour,
       provider,
       model,
       AVG(total_latency_ms) AS avg_latency_ms,
       AVG(ttft_ms) AS avg_ttft_ms,
       AVG(tps) AS avg_tps,
       COUNT(*) AS results
FROM benchmark_results
WHERE created_at >= datetime('now', '-7 days')
  AND success = true
  AND connection = 'cold'
GROUP BY strftime('%Y-%m-%d %H:00:00', created_at), provider, model
ORDER BY hour, provider, model;
