-- Latency, time to first token and speed by provider over the last 24 hours, over new connections ('warm' for kept ones).
SELECT provider,
       AVG(total_latency_ms) AS avg_latency_ms,
       AVG(ttft_ms) AS avg_ttft_ms,
       AVG(tps) AS avg_tps,
       COUNT(*) AS results
FROM benchmark_results
WHERE created_at >= datetime('now', '-24 hours')
  AND success = true
  AND connection = 'cold'
GROUP BY provider
ORDER BY avg_latency_ms;
