"""A database of schema 0001 with a row in every table, as the program of then wrote them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import probe.store.migrations
from probe.store.engine import Database
from probe.store.url import parse_url
from tests.store.sql import execute

RUN = "0d3b2c1a-0000-4000-8000-000000000001"
RESULT = "0d3b2c1a-0000-4000-8000-000000000002"
_PROVIDER = "0d3b2c1a-0000-4000-8000-000000000003"
_MODEL = "0d3b2c1a-0000-4000-8000-000000000004"
_PRICE = "0d3b2c1a-0000-4000-8000-000000000005"

_ROWS = f"""
INSERT INTO providers (id, name, base_url, created_at)
VALUES ('{_PROVIDER}', 'openai', 'https://openai.test/v1', $DATE);
INSERT INTO models (id, name, provider_id, context_window, created_at)
VALUES ('{_MODEL}', 'gpt-4o-mini', '{_PROVIDER}', 128000, $DATE);
INSERT INTO prices (id, provider_id, model_id, input_price_per_m, output_price_per_m, source, "timestamp")
VALUES ('{_PRICE}', '{_PROVIDER}', '{_MODEL}', 0.15, 0.6, 'genai-prices', $DATE);
INSERT INTO runs (id, run_name, triggered_by, started_at, finished_at, status, suite, owner)
VALUES ('{RUN}', 'benchmark', 'schedule', $DATE, $DATE, 'finished', 'quick', 'probe');
INSERT INTO slots (job, planned_at, last_planned_at, count, status, run_id, created_at)
VALUES ('benchmark', $DATE, $DATE, 1, 'done', '{RUN}', $DATE);
INSERT INTO benchmark_results (
    id, run_id, provider_id, model_id, provider, model, input_tokens, output_tokens, total_latency_ms,
    ttft_ms, tps, status_code, success, response_text, cost_usd, created_at, cost_known, input_tokens_known,
    output_tokens_known, tokens_source, sequence, target, base_url, kind, location, suite, case_id,
    prompt_hash, streaming, connection, reused, planned_at, started_at, lag_seconds, stamps, trusted,
    duration_seconds,
    chunk_gaps, cached_input_tokens, input_price_per_m, output_price_per_m, price_source, rate_limit
)
VALUES (
    '{RESULT}', '{RUN}', '{_PROVIDER}', '{_MODEL}', 'openai', 'gpt-4o-mini', 500, 100, 1900,
    234.567891, 59.4, 200, true, 'Paris.', 0.000135, $DATE, true, true,
    true, 'provider', 1, 'openai/gpt-4o-mini', 'https://openai.test/v1', 'direct', 'local', 'quick',
    'capital', '0123456789abcdef', true, 'cold', false, $DATE, $DATE, 0.001, 'kernel', true, 2.0,
    $BYTES, 0, 0.15, 0.6, 'genai-prices', '{{}}'
);
UPDATE counters SET value = 1 WHERE name = 'benchmark_results';
INSERT INTO exporter_cursors (name, position, updated_at) VALUES ('prometheus', 1, $DATE);
"""


async def make_first(url: str) -> None:
    """Everything is dated 2026-02-01 12:00 UTC."""
    database = Database(parse_url(url))
    async with database.write() as connection:
        await connection.run_sync(_upgrade)
    await database.aclose()
    sqlite = url.startswith("sqlite")
    rows = _ROWS.replace("$DATE", f"'2026-02-01 12:00:00{'.000000' if sqlite else '+00'}'")
    rows = rows.replace("$BYTES", "X''" if sqlite else "'\\x'")
    await execute(url, *(statement for statement in rows.split(";\n") if statement.strip()))


def _upgrade(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(probe.store.migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
