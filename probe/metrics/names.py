"""The name of every metric, once: what exporters, rules, boards and documentation call it.

A name changes here, and everywhere by `make generate`. Counters end in `_total`, infos in `_info`;
Prometheus keeps a histogram under its name with `_bucket`, `_sum`, `_count`, a summary with the latter two.
"""

from __future__ import annotations

PREFIX = "inference_probe_"

# Attempts
ATTEMPTS_TOTAL = f"{PREFIX}attempts_total"
LAST_ATTEMPT_SUCCESS = f"{PREFIX}last_attempt_success"
LAST_ATTEMPT_TIMESTAMP_SECONDS = f"{PREFIX}last_attempt_timestamp_seconds"
LAST_SUCCESS_TIMESTAMP_SECONDS = f"{PREFIX}last_success_timestamp_seconds"
TTFT_SECONDS = f"{PREFIX}ttft_seconds"
LAST_TTFT_SECONDS = f"{PREFIX}last_ttft_seconds"
LATER_TRY_TTFT_SECONDS = f"{PREFIX}later_try_ttft_seconds"
TTFT_SERVER_SECONDS = f"{PREFIX}ttft_server_seconds"
LAST_TTFT_SERVER_SECONDS = f"{PREFIX}last_ttft_server_seconds"
TOTAL_LATENCY_SECONDS = f"{PREFIX}total_latency_seconds"
LAST_TOTAL_LATENCY_SECONDS = f"{PREFIX}last_total_latency_seconds"
CHUNK_GAP_SECONDS = f"{PREFIX}chunk_gap_seconds"
LAST_STREAM_JITTER_SECONDS = f"{PREFIX}last_stream_jitter_seconds"
LAST_ITL_SECONDS = f"{PREFIX}last_itl_seconds"
LAST_TTFB_SECONDS = f"{PREFIX}last_ttfb_seconds"
LAST_TTFA_SECONDS = f"{PREFIX}last_ttfa_seconds"
PHASE_SECONDS = f"{PREFIX}phase_seconds"
LAST_PHASE_SECONDS = f"{PREFIX}last_phase_seconds"
TOKENS_PER_SECOND = f"{PREFIX}tokens_per_second"
LAST_TOKENS_PER_SECOND = f"{PREFIX}last_tokens_per_second"
LAST_STEADY_TOKENS_PER_SECOND = f"{PREFIX}last_steady_tokens_per_second"
TOKENS_TOTAL = f"{PREFIX}tokens_total"
LAST_TOKENS = f"{PREFIX}last_tokens"
COST_USD_TOTAL = f"{PREFIX}cost_usd_total"
LAST_COST_USD = f"{PREFIX}last_cost_usd"
UNPRICED_ATTEMPTS_TOTAL = f"{PREFIX}unpriced_attempts_total"
PRICE_USD_PER_MILLION_TOKENS = f"{PREFIX}price_usd_per_million_tokens"

# What providers say of themselves
LAST_REPORTED_SECONDS = f"{PREFIX}last_reported_seconds"
LAST_REPORTED_TOKENS_PER_SECOND = f"{PREFIX}last_reported_tokens_per_second"
ELSEWHERE_SECONDS = f"{PREFIX}elsewhere_seconds"
LAST_ELSEWHERE_SECONDS = f"{PREFIX}last_elsewhere_seconds"
CHARGED_USD_TOTAL = f"{PREFIX}charged_usd_total"
LAST_UNREPORTED = f"{PREFIX}last_unreported"
REMARKS_TOTAL = f"{PREFIX}remarks_total"
GATEWAY_TRIES_TOTAL = f"{PREFIX}gateway_tries_total"

# Rate limits
RATE_LIMIT = f"{PREFIX}rate_limit"
RATE_LIMIT_REMAINING = f"{PREFIX}rate_limit_remaining"
RATE_LIMIT_RESET_SECONDS = f"{PREFIX}rate_limit_reset_seconds"

# Prices
MODEL_PRICE_USD_PER_MILLION_TOKENS = f"{PREFIX}model_price_usd_per_million_tokens"
MODEL_PRICE_USD_PER_REQUEST = f"{PREFIX}model_price_usd_per_request"
MODEL_PRICE_SOURCE_INFO = f"{PREFIX}model_price_source_info"
MODEL_PRICE_FETCHED_TIMESTAMP_SECONDS = f"{PREFIX}model_price_fetched_timestamp_seconds"
MODEL_PRICE_DISAGREEMENT_RATIO = f"{PREFIX}model_price_disagreement_ratio"
PRICE_SOURCE_READ_TIMESTAMP_SECONDS = f"{PREFIX}price_source_read_timestamp_seconds"
PRICE_SOURCE_ERRORS_TOTAL = f"{PREFIX}price_source_errors_total"
PRICES_HELD = f"{PREFIX}prices_held"
LAST_CHARGED_RATIO = f"{PREFIX}last_charged_ratio"

# The last 24 hours of a series, and its configuration
JITTER_SECONDS = f"{PREFIX}jitter_seconds"
VALUE_SCORE = f"{PREFIX}value_score"
SUCCESS_RATIO = f"{PREFIX}success_ratio"
WINDOW_ATTEMPTS = f"{PREFIX}window_attempts"
TARGET_INFO = f"{PREFIX}target_info"

# The probe itself
ATTEMPT_LAG_SECONDS = f"{PREFIX}attempt_lag_seconds"
STOPWATCH_LAG_SECONDS = f"{PREFIX}stopwatch_lag_seconds"
STAMPED_ATTEMPTS_TOTAL = f"{PREFIX}stamped_attempts_total"
STARVED_ATTEMPTS_TOTAL = f"{PREFIX}starved_attempts_total"
UNTRUSTED_ATTEMPTS_TOTAL = f"{PREFIX}untrusted_attempts_total"

# Schedule
JOB_INFO = f"{PREFIX}job_info"
JOB_RUNS_TOTAL = f"{PREFIX}job_runs_total"
JOB_MISSED_TOTAL = f"{PREFIX}job_missed_total"
JOB_LATE_TOTAL = f"{PREFIX}job_late_total"
JOB_OVERLAPPED_TOTAL = f"{PREFIX}job_overlapped_total"
JOB_LAST_RUN_TIMESTAMP_SECONDS = f"{PREFIX}job_last_run_timestamp_seconds"
JOB_LAST_RUN_DURATION_SECONDS = f"{PREFIX}job_last_run_duration_seconds"
JOB_NEXT_RUN_TIMESTAMP_SECONDS = f"{PREFIX}job_next_run_timestamp_seconds"
JOB_INTERVAL_SECONDS = f"{PREFIX}job_interval_seconds"

# Store
STORE_UP = f"{PREFIX}store_up"
STORE_LAST_SEQUENCE = f"{PREFIX}store_last_sequence"
STORE_SIZE_BYTES = f"{PREFIX}store_size_bytes"
STORE_WRITE_ERRORS_TOTAL = f"{PREFIX}store_write_errors_total"
STORE_PENDING_SAMPLES = f"{PREFIX}store_pending_samples"
STORE_SPILLED_SAMPLES_TOTAL = f"{PREFIX}store_spilled_samples_total"
STORE_REJECTED_SAMPLES_TOTAL = f"{PREFIX}store_rejected_samples_total"
STORE_DROPPED_SAMPLES_TOTAL = f"{PREFIX}store_dropped_samples_total"
STORE_DELETED_UNDELIVERED_TOTAL = f"{PREFIX}store_deleted_undelivered_total"

# Exporters
EXPORTER_DELIVERED_SAMPLES_TOTAL = f"{PREFIX}exporter_delivered_samples_total"
EXPORTER_REFUSED_SAMPLES_TOTAL = f"{PREFIX}exporter_refused_samples_total"
EXPORTER_ERRORS_TOTAL = f"{PREFIX}exporter_errors_total"
EXPORTER_PENDING_SAMPLES = f"{PREFIX}exporter_pending_samples"
EXPORTER_OLDEST_PENDING_SECONDS = f"{PREFIX}exporter_oldest_pending_seconds"
EXPORTER_LAST_DELIVERY_TIMESTAMP_SECONDS = f"{PREFIX}exporter_last_delivery_timestamp_seconds"

# Daemon
BUILD_INFO = f"{PREFIX}build_info"
RUNBOOKS_INFO = f"{PREFIX}runbooks_info"
START_TIMESTAMP_SECONDS = f"{PREFIX}start_timestamp_seconds"
CONFIG_LAST_RELOAD_SUCCESSFUL = f"{PREFIX}config_last_reload_successful"
CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS = f"{PREFIX}config_last_reload_success_timestamp_seconds"
CONFIG_RELOAD_FAILURES_TOTAL = f"{PREFIX}config_reload_failures_total"
ATTEMPTS_IN_FLIGHT = f"{PREFIX}attempts_in_flight"
ATTEMPTS_WAITING = f"{PREFIX}attempts_waiting"
ATTEMPTS_SKIPPED_TOTAL = f"{PREFIX}attempts_skipped_total"
STOPWATCH_RESTARTS_TOTAL = f"{PREFIX}stopwatch_restarts_total"
DAEMON_LAG_SECONDS = f"{PREFIX}daemon_lag_seconds"

# Money
SPEND_TODAY_USD = f"{PREFIX}spend_today_usd"
BUDGET_SPENT_USD = f"{PREFIX}budget_spent_usd"
BUDGET_RESERVED_USD = f"{PREFIX}budget_reserved_usd"
BUDGET_LIMIT_USD = f"{PREFIX}budget_limit_usd"
BUDGET_SPENT_RATIO = f"{PREFIX}budget_spent_ratio"
BUDGET_EXHAUSTED = f"{PREFIX}budget_exhausted"
RUNS_SKIPPED_TOTAL = f"{PREFIX}runs_skipped_total"
JOB_ESTIMATED_RUN_COST_USD = f"{PREFIX}job_estimated_run_cost_usd"
JOB_ESTIMATED_MONTH_COST_USD = f"{PREFIX}job_estimated_month_cost_usd"

# Inference servers
ENGINE_UP = f"{PREFIX}engine_up"
ENGINE_SILENCED = f"{PREFIX}engine_silenced"
ENGINE_REQUESTS_RUNNING = f"{PREFIX}engine_requests_running"
ENGINE_REQUESTS_WAITING = f"{PREFIX}engine_requests_waiting"
ENGINE_KV_CACHE_RATIO = f"{PREFIX}engine_kv_cache_ratio"
ENGINE_BATCH_SIZE = f"{PREFIX}engine_batch_size"

# Model lists and events
MODELS_LISTED = f"{PREFIX}models_listed"
MODELS_PROBED = f"{PREFIX}models_probed"
DISCOVERY_LAST_SUCCESS_TIMESTAMP_SECONDS = f"{PREFIX}discovery_last_success_timestamp_seconds"
DISCOVERY_LAST_SUCCESSFUL = f"{PREFIX}discovery_last_successful"
PROBED_MODEL_VANISHED = f"{PREFIX}probed_model_vanished"
PROBED_MODEL_RETIREMENT_TIMESTAMP_SECONDS = f"{PREFIX}probed_model_retirement_timestamp_seconds"
EVENTS_TOTAL = f"{PREFIX}events_total"
