-- Where the time goes by the provider's own word: its compute beside what is left for network and queue.
-- Successes of the last 24 hours whose provider or engine reports durations, over cold connections.
SELECT provider,
       model,
       COUNT(*) AS results,
       AVG(total_latency_ms) AS latency_ms,
       AVG(1000 * reported_queue_seconds) AS queue_ms,
       AVG(1000 * reported_prompt_seconds) AS prompt_ms,
       AVG(1000 * reported_completion_seconds) AS completion_ms,
       AVG(total_latency_ms - 1000 * (reported_prompt_seconds + reported_completion_seconds)) AS rest_ms
FROM benchmark_results
WHERE created_at >= datetime('now', '-24 hours')
  AND success
  AND connection = 'cold'
  AND reported_prompt_seconds IS NOT NULL
  AND reported_completion_seconds IS NOT NULL
GROUP BY provider, model
ORDER BY provider, model;
