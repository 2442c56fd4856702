"""The tables. `doc` tells what a column holds: docs/schema.md is made from it.

The tables `providers`, `models`, `prices`, `runs` and `benchmark_results` are an interface: people have SQL
for them, so a column of theirs is never renamed and never changes its meaning.
"""

import sqlalchemy as sa

from probe.facts.rates import TOKEN_KINDS
from probe.store.columns import (
    FloatColumn,
    Gaps,
    Identifier,
    Json,
    Money,
    Names,
    UtcDate,
    metadata,
    price_column,
)
from probe.store.schema_catalog import discovery_runs, events, price_quotes

__all__ = [
    "HEAD",
    "REVISIONS",
    "benchmark_results",
    "counters",
    "delivery_cursors",
    "delivery_refusals",
    "discovery_runs",
    "events",
    "leases",
    "metadata",
    "models",
    "price_quotes",
    "prices",
    "providers",
    "runs",
    "slots",
]

# The migrations, oldest first. A test holds this against the scripts in `migrations/versions`: Alembic itself
# is imported only where there is something to migrate.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0011", "0013")
HEAD = REVISIONS[-1]

_Seconds = sa.Double


def _seconds(name: str, doc: str) -> sa.Column[float]:
    return sa.Column(name, _Seconds, doc=doc)


providers = sa.Table(
    "providers",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True, doc="name in the configuration"),
    sa.Column("base_url", sa.Text, nullable=False, doc="endpoint last seen"),
    sa.Column("logo_url", sa.Text),
    sa.Column("created_at", UtcDate, nullable=False, doc="first seen"),
    info={"doc": "Accounts at endpoints, one row each, written when first seen."},
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, doc="the model as the provider calls it"),
    sa.Column(
        "provider_id",
        Identifier,
        sa.ForeignKey(providers.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("context_window", sa.BigInteger, doc="tokens; null where the provider does not say"),
    sa.Column("created_at", UtcDate, nullable=False, doc="first seen"),
    # What the provider's model list says -----------------------------------------------------------------
    sa.Column("display_name", sa.Text),
    sa.Column("max_output_tokens", sa.BigInteger),
    sa.Column("input_modalities", Json, doc="a list: text, image, …"),
    sa.Column("output_modalities", Json, doc="a list: text, image, …"),
    sa.Column("released_at", UtcDate, doc="the provider's date of the model"),
    sa.Column("lifecycle", sa.Text, doc="active, deprecated, retired"),
    sa.Column("deprecated_on", sa.Date),
    sa.Column("retires_on", sa.Date, doc="the day from which it is no longer served"),
    sa.Column("replaced_by", sa.Text, doc="the model that the provider recommends instead"),
    sa.Column("listed_first_at", UtcDate, doc="null where no list ever had it"),
    sa.Column("listed_last_at", UtcDate),
    sa.Column("vanished_at", UtcDate, doc="when a whole list first lacked it; null while it is listed"),
    sa.UniqueConstraint("name", "provider_id"),
    info={"doc": "Models of providers, written when first seen, probed or listed."},
)

prices = sa.Table(
    "prices",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column(
        "provider_id",
        Identifier,
        sa.ForeignKey(providers.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("model_id", Identifier, sa.ForeignKey(models.c.id, ondelete="CASCADE"), nullable=False),
    *(
        sa.Column(
            price_column(kind), Money, nullable=kind.part_of is not None, doc=f"USD per million {kind.about}"
        )
        for kind in TOKEN_KINDS
    ),
    sa.Column("source", sa.Text, nullable=False, doc="where the price came from"),
    sa.Column("timestamp", UtcDate, nullable=False, index=True, doc="seen from this instant on"),
    sa.Column(
        "request_usd",
        Money,
        nullable=False,
        server_default=sa.text("0"),
        doc="USD for each request beside its tokens",
    ),
    sa.Column(
        "tiers",
        Json,
        doc="what large requests cost instead, amounts as text; see probe/catalog/prices/price.py",
    ),
    sa.Column("currency", sa.Text, nullable=False, server_default=sa.text("'USD'"), doc="USD"),
    sa.Column("effective_on", sa.Date, doc="the day from which it holds, where the source says"),
    sa.Column("fetched_at", UtcDate, doc="when it was read at its source"),
    sa.Column("sequence", sa.BigInteger, doc="order of storing"),
    sa.Index(None, "model_id", "timestamp"),
    info={"doc": "Price history: a row when a price is first seen, and when it changes."},
)
sa.Index("ix_prices_sequence", prices.c.sequence, unique=True)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("run_name", sa.Text, nullable=False, doc="the job, or what a person called it"),
    sa.Column("triggered_by", sa.Text, nullable=False, doc="schedule, start (of the daemon), api, cli"),
    sa.Column("started_at", UtcDate, nullable=False, index=True),
    sa.Column("finished_at", UtcDate, doc="null while running; the last sign of life of an interrupted run"),
    sa.Column("status", sa.Text, nullable=False, doc="running, finished, interrupted, failed, skipped"),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("planned_attempts", sa.BigInteger, doc="how many attempts the run was to make"),
    sa.Column(
        "skipped_attempts",
        sa.BigInteger,
        doc="how many of them were not made, to spare the provider; null while running",
    ),
    sa.Column("owner", sa.Text, nullable=False, doc="which start of which program runs it"),
    sa.Column("note", sa.Text, doc="why it was skipped"),
    info={
        "doc": "One row for each execution of a slot, or of a command. Its counts are those of its results."
    },
)
# The latest run of a job.
sa.Index("ix_runs_run_name", runs.c.run_name, runs.c.started_at)
sa.Index(
    "ix_runs_running",
    runs.c.owner,
    sqlite_where=sa.text("finished_at IS NULL"),
    postgresql_where=sa.text("finished_at IS NULL"),
)
# One run of a job at a time, whichever daemon runs it; runs by hand stay beside them.
_OPEN_BY_ITSELF = sa.text("finished_at IS NULL AND triggered_by IN ('schedule', 'start')")
sa.Index(
    "ix_runs_one_at_a_time",
    runs.c.run_name,
    unique=True,
    sqlite_where=_OPEN_BY_ITSELF,
    postgresql_where=_OPEN_BY_ITSELF,
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True, doc="as in runs and discovery_runs"),
    sa.Column("renewed_at", UtcDate, nullable=False),
    sa.Column("expires_at", UtcDate, nullable=False, doc="from then on what the owner has open is closed"),
    sa.Column("process", sa.Text, doc="what tells its process on its machine; null where nothing does"),
    info={"doc": "Who is alive: a row for each start of a program, by the clock of the database."},
)

slots = sa.Table(
    "slots",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column(
        "planned_at",
        UtcDate,
        primary_key=True,
        doc="the planned instant; of a range of missed ones the first",
    ),
    sa.Column("last_planned_at", UtcDate, nullable=False, doc="of a range of missed ones the last"),
    sa.Column("count", sa.BigInteger, nullable=False, doc="how many planned instants the row stands for"),
    sa.Column(
        "status", sa.Text, nullable=False, doc="claimed, done, interrupted, skipped, missed, overlapped"
    ),
    sa.Column("late_seconds", _Seconds, doc="claimed this long after the planned instant"),
    sa.Column("run_id", Identifier, sa.ForeignKey(runs.c.id, ondelete="SET NULL"), index=True),
    sa.Column("created_at", UtcDate, nullable=False, doc="claimed or counted"),
    info={"doc": "Planned instants of jobs. The key makes a slot claimable once, ever, by one daemon."},
)

benchmark_results = sa.Table(
    "benchmark_results",
    metadata,
    # The interface ----------------------------------------------------------------------------------------
    sa.Column("id", Identifier, primary_key=True, doc="sent to the provider as X-Client-Request-Id"),
    sa.Column("run_id", Identifier, sa.ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("provider_id", Identifier, sa.ForeignKey(providers.c.id, ondelete="SET NULL"), index=True),
    sa.Column("model_id", Identifier, sa.ForeignKey(models.c.id, ondelete="SET NULL")),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False, doc="0 where unknown, see input_tokens_known"),
    sa.Column(
        "output_tokens",
        sa.BigInteger,
        nullable=False,
        doc="reasoning included; 0 where unknown, see output_tokens_known",
    ),
    sa.Column("total_latency_ms", FloatColumn, doc="start of the call to the last output chunk"),
    sa.Column("ttft_ms", FloatColumn, doc="start of the call to the first output chunk"),
    sa.Column("tps", FloatColumn, doc="(output tokens - 1) / (last - first output chunk)"),
    sa.Column("status_code", sa.Integer, doc="null where no HTTP status came"),
    sa.Column("success", sa.Boolean, nullable=False, doc="the answer came whole"),
    sa.Column("error_message", sa.Text, doc="null for a success"),
    sa.Column("response_text", sa.Text, doc="null where none came or responses are not kept"),
    sa.Column("cost_usd", Money, nullable=False, doc="0 where unknown, see cost_known"),
    sa.Column("created_at", UtcDate, nullable=False, doc="the end of the attempt"),
    # What tells unknown from zero -------------------------------------------------------------------------
    sa.Column("cost_known", sa.Boolean, nullable=False, doc="false: no price, so no cost"),
    sa.Column("input_tokens_known", sa.Boolean, nullable=False),
    sa.Column("output_tokens_known", sa.Boolean, nullable=False),
    sa.Column(
        "tokens_source", sa.Text, nullable=False, doc="who counted: provider, estimate; unknown for nobody"
    ),
    # Delivery ---------------------------------------------------------------------------------------------
    sa.Column(
        "sequence",
        sa.BigInteger,
        nullable=False,
        unique=True,
        doc="order of storing; a row never appears below one that was visible before",
    ),
    # What was asked, and how ------------------------------------------------------------------------------
    sa.Column("target", sa.Text, nullable=False, doc="name of the target in the configuration"),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, doc="direct, proxy, engine, simulated"),
    sa.Column("location", sa.Text, nullable=False, doc="where the probe stood"),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("prompt_hash", sa.Text, nullable=False, doc="only results of equal hash are comparable"),
    sa.Column("streaming", sa.Boolean, nullable=False),
    sa.Column("connection", sa.Text, nullable=False, doc="cold, warm: two series, never mixed"),
    sa.Column("reused", sa.Boolean, nullable=False, doc="an open connection was used"),
    # When -------------------------------------------------------------------------------------------------
    sa.Column("planned_at", UtcDate, nullable=False),
    sa.Column("started_at", UtcDate, nullable=False),
    sa.Column("lag_seconds", _Seconds, nullable=False, doc="started_at - planned_at"),
    _seconds("probe_lag_seconds", "the longest that the stopwatch itself was late"),
    sa.Column("stamps", sa.Text, nullable=False, doc="who took the arrival times: kernel, read"),
    sa.Column("trusted", sa.Boolean, nullable=False, doc="false: the clock stepped, no durations"),
    sa.Column("remarks", Names, doc="how the response departed from its protocol, harmlessly"),
    sa.Column("gateway", sa.Text, doc="who said in the head that it passed the request on"),
    sa.Column("gateway_tries", sa.Integer, doc="at which try of a gateway the answer came, 1 for the first"),
    # Why it failed ----------------------------------------------------------------------------------------
    sa.Column("failure_kind", sa.Text, doc="null for a success"),
    sa.Column("fault", sa.Text, doc="whose: provider, network, account, probe"),
    _seconds("retry_after_seconds", "asked for by the provider"),
    # Durations --------------------------------------------------------------------------------------------
    _seconds("redirect_seconds", "a redirect before, part of every figure since the start of the call"),
    _seconds("dns_seconds", "null on a reused connection and where never reached, as the next four"),
    _seconds("connect_seconds", "TCP handshake"),
    _seconds("proxy_seconds", "the proxy's tunnel"),
    _seconds("tls_seconds", "TLS handshake"),
    _seconds("send_seconds", "first to last byte of the request"),
    _seconds("ttfb_seconds", "start of the call to the first byte of the response head"),
    _seconds("ttft_server_seconds", "request sent to the first output chunk"),
    _seconds("ttfa_seconds", "start of the call to the first chunk of the answer, reasoning excluded"),
    _seconds("later_try_ttft_seconds", "of an answer at a later try of a gateway: then there is no other"),
    _seconds("drain_seconds", "last output chunk to the end of the response"),
    sa.Column("duration_seconds", _Seconds, nullable=False, doc="start of the call to its end"),
    _seconds("itl_seconds", "mean time between two tokens"),
    _seconds("stream_jitter_seconds", "standard deviation of the chunk gaps"),
    sa.Column("chunk_gaps", Gaps, nullable=False, doc="packed, see probe/store/columns.py"),
    sa.Column("tps_steady", sa.Double, doc="tokens per second after the first chunk"),
    sa.Column("withheld", Names, doc="durations that a held-up stopwatch could not tell"),
    # Tokens and money -------------------------------------------------------------------------------------
    sa.Column("cached_input_tokens", sa.BigInteger, doc="read from a cache"),
    sa.Column("cache_write_tokens", sa.BigInteger, doc="written to a cache"),
    sa.Column("reasoning_tokens", sa.BigInteger),
    sa.Column("input_price_per_m", Money, doc="USD, in force at that instant"),
    sa.Column("output_price_per_m", Money, doc="USD, in force at that instant"),
    sa.Column("price_source", sa.Text),
    # What the provider said -------------------------------------------------------------------------------
    sa.Column("reasoning_text", sa.Text),
    sa.Column("finish_reason", sa.Text),
    sa.Column("served_model", sa.Text),
    sa.Column("provider_request_id", sa.Text),
    sa.Column("system_fingerprint", sa.Text),
    sa.Column("rate_limit", Json, nullable=False, doc="rate-limit headers"),
    sa.Column("peer_address", sa.Text),
    sa.Column("tls_version", sa.Text),
    sa.Column("http_version", sa.Text),
    # What the provider or engine says of the request itself -----------------------------------------------
    sa.Column("unreported", sa.Text, doc="why the engine behind it says nothing, see docs/providers.md"),
    sa.Column("reported_source", sa.Text, doc="where it says so: response, headers, metrics"),
    _seconds("reported_load_seconds", "loading the model"),
    _seconds("reported_queue_seconds", "waiting"),
    _seconds("reported_prompt_seconds", "reading the prompt"),
    sa.Column("reported_prompt_tokens", sa.BigInteger, doc="tokens read in that time"),
    _seconds("reported_completion_seconds", "writing the answer"),
    sa.Column("reported_completion_tokens", sa.BigInteger, doc="tokens written in that time"),
    _seconds("reported_ttft_seconds", "to the first token"),
    _seconds("reported_itl_seconds", "mean time between two tokens"),
    _seconds("reported_total_seconds", "the whole request"),
    sa.Column("reported_cost_usd", Money, doc="what the provider charged"),
    sa.Column("reported_upstream", sa.Text, doc="whom a router passed the request on to"),
    info={"doc": "One row for each attempt: one request to one target for one case."},
)
_r = benchmark_results.c

# Counts of a run, and what it spent at whom, without reading its results.
sa.Index("ix_benchmark_results_run_id", _r.run_id, _r.provider, _r.created_at, _r.success, _r.cost_usd)
# The last result of a model, and results of a target, provider or model, newest first.
sa.Index("ix_benchmark_results_model_id", _r.model_id, _r.created_at)
sa.Index("ix_benchmark_results_target", _r.target, _r.created_at, _r.sequence)
sa.Index("ix_benchmark_results_provider", _r.provider, _r.created_at, _r.sequence)
sa.Index("ix_benchmark_results_model", _r.model, _r.created_at, _r.sequence)
# Everything that the leaderboard reads: a window is answered from this index alone.
sa.Index(
    "ix_benchmark_results_created_at",
    _r.created_at,
    _r.sequence,
    _r.target,
    _r.connection,
    _r.success,
    _r.trusted,
    _r.reused,
    _r.failure_kind,
    _r.ttft_ms,
    _r.total_latency_ms,
    _r.tps,
    _r.input_tokens,
    _r.output_tokens,
    _r.cost_usd,
    _r.cost_known,
    _r.prompt_hash,
    _r.streaming,
    _r.suite,
)
# The last failures, however rare.
sa.Index(
    "ix_benchmark_results_failed",
    _r.created_at,
    _r.sequence,
    sqlite_where=sa.text("NOT success"),
    postgresql_where=sa.text("NOT success"),
)

# Delivery. A journal is a table whose rows are numbered in the order of storing: results, events, prices.

delivery_cursors = sa.Table(
    "delivery_cursors",
    metadata,
    sa.Column("exporter", sa.Text, primary_key=True),
    sa.Column("journal", sa.Text, primary_key=True, doc="of what: results, events, prices"),
    sa.Column("position", sa.BigInteger, nullable=False, doc="sequence of the last row delivered"),
    sa.Column("carrier", sa.Text, doc="which owner of a lease delivers to it"),
    sa.Column("updated_at", UtcDate, nullable=False),
    info={"doc": "How far each exporter has come."},
)

delivery_refusals = sa.Table(
    "delivery_refusals",
    metadata,
    sa.Column("exporter", sa.Text, primary_key=True),
    sa.Column("journal", sa.Text, primary_key=True, doc="of what: results, events, prices"),
    # No foreign key: an older backup, which lacks this table, could not be restored under it.
    sa.Column("record_id", Identifier, primary_key=True, doc="the id of its row"),
    sa.Column("refused_at", UtcDate, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, doc="what the sink said"),
    info={"doc": "What a sink will never accept; what comes after it was delivered."},
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, doc="benchmark_results, events, prices"),
    sa.Column("value", sa.BigInteger, nullable=False),
    info={"doc": "The last sequence given out; its row is locked until the rows that got it are visible."},
)
