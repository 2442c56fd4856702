"""Probe health: is it us? Schedule, own lag, store, delivery, configuration, clock and budget."""

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.palette import GREEN, RED
from dashboards.panels import (
    HALF,
    UNSCRAPED,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    bands_of,
    stat_panel,
    states,
)
from dashboards.prometheus.own import (
    CHOSEN,
    INSTANCE_LABEL,
    JOB,
    JOB_LABEL,
    NO_PROBE,
    STALE,
    delivery_row,
    lag_row,
    own,
    own_grown,
    schedule_row,
    store_row,
)
from dashboards.prometheus.shared import NO_PRICE, budget_bars, probes_down
from dashboards.query import in_range, latest, state
from dashboards.style import ANY_IS_BAD, ANY_IS_ODD, COUNT, FACTOR, SECONDS, USD, WORD
from dashboards.tables import Label, in_count, in_dollars, moment, table
from dashboards.variables import datasource, instance, window
from probe.metrics import names


def board() -> Board:
    return Board(
        uid=links.HEALTH,
        title="Probe health",
        about="Is it us? Does the probe run on time, keep what it measures, and hand it on?",
        answer="Since when: store and configuration",
        variables=(datasource(), instance(), window()),
        annotations=marks(narrowed=False),
        rows=(
            PanelRow(title="Is it us?", panels=(*_sums(), _parts())),
            schedule_row(),
            lag_row(),
            delivery_row(),
            store_row(),
            PanelRow(title="Budget", panels=(budget_bars(CHOSEN), _estimates())),
            PanelRow(title="What runs", panels=(_builds(),)),
        ),
    )


def _sums() -> tuple[AnyPanel, ...]:
    down = probes_down(own(names.BUILD_INFO))
    interval = f"({own(names.JOB_INTERVAL_SECONDS)} > 0)"
    since = f"time() - ({own(names.JOB_LAST_RUN_TIMESTAMP_SECONDS)} > 0)"
    about_stale = "Of the stalest job: time since its latest run, in intervals of it; from 2 on it is stale."
    return (
        stat_panel(
            PanelText(
                "Down",
                "Places of which a probe was scraped in the time shown and none is now.",
                COUNT,
                NO_PROBE,
            ),
            ask_now(f"{down} or 0 * count({in_range(own(names.BUILD_INFO))})"),
            at=ANY_IS_BAD,
        ),
        stat_panel(
            PanelText("Up for", "Since the latest start of any of them.", SECONDS, NO_PROBE),
            ask_now(f"time() - max({own(names.START_TIMESTAMP_SECONDS)})"),
        ),
        stat_panel(
            PanelText("Stalest", about_stale, FACTOR, NO_PROBE),
            ask_now(f"max(({since}) / on ({JOB}) {interval})"),
            at=STALE,
        ).decimals(1),
        _troubles(
            "Not run",
            "Slots that passed while nobody could run them, or while the run before was open",
            names.JOB_MISSED_TOTAL,
            names.JOB_OVERLAPPED_TOTAL,
        ),
        _troubles(
            "Lost", "Samples that neither the store nor the file took", names.STORE_DROPPED_SAMPLES_TOTAL
        ),
        _troubles(
            "Steps",
            "Attempts across which the wall clock was set: their durations are unknown",
            names.UNTRUSTED_ATTEMPTS_TOTAL,
        ),
        _troubles(
            "Withheld",
            "Attempts during which the stopwatch was held up: what it could not tell is unknown",
            names.STARVED_ATTEMPTS_TOTAL,
        ),
    )


def _troubles(title: str, what: str, *names_: str) -> AnyPanel:
    text = PanelText(title, f"{what}; in the time shown.", COUNT, "no probe")
    lost = " + ".join(own_grown(name) for name in names_)
    return stat_panel(text, ask_now(lost), at=ANY_IS_BAD, size=Size(width=3, height=3))


def _parts() -> AnyPanel:
    """Store and configuration, since when."""
    return states(
        PanelText(
            "Since when: store and configuration",
            "Red: the store does not take samples, or the configuration in the file could not be read and "
            "the one before is in force.",
            WORD,
            NO_PROBE,
        ),
        ask(
            bands_of(state(names.STORE_UP, CHOSEN, by="instance"), "instance", "no probe is scraped"),
            "store {{of}}",
        ),
        ask(
            state(names.CONFIG_LAST_RELOAD_SUCCESSFUL, CHOSEN, by="instance"),
            "configuration {{instance}}",
            "B",
        ),
        words={"1": ("well", GREEN), "0": ("failing", RED), **UNSCRAPED},
        size=Size(width=24, height=5),
    )


def _estimates() -> AnyPanel:
    def estimate(name: str) -> str:
        return latest(name, CHOSEN, by=JOB)

    return table(
        PanelText("What jobs cost", "Estimates, as far as prices are known.", USD, NO_PRICE),
        [JOB_LABEL, INSTANCE_LABEL],
        [
            in_dollars("A run", estimate(names.JOB_ESTIMATED_RUN_COST_USD)),
            in_dollars("30 days", estimate(names.JOB_ESTIMATED_MONTH_COST_USD), decimals=2),
            in_count("Runs skipped", own_grown(names.RUNS_SKIPPED_TOTAL, by=JOB), at=ANY_IS_ODD),
        ],
        sort_by="30 days",
        descending=True,
        size=HALF,
    )


def _builds() -> AnyPanel:
    by = "instance, location, version, python_version"
    failures = own_grown(names.CONFIG_RELOAD_FAILURES_TOTAL, by="instance")
    build = f"max by ({by}) ({own(names.BUILD_INFO)})"

    def by_instance(expression: str) -> str:
        return f"max by (instance) ({expression}) * on (instance) group_right () {build}"

    return table(
        PanelText("Versions", "What runs where, since when, and with which configuration.", COUNT, NO_PROBE),
        [
            INSTANCE_LABEL,
            Label(name="location", title="Location"),
            Label(name="version", title="Version"),
            Label(name="python_version", title="Python"),
        ],
        [
            moment("Started", by_instance(own(names.START_TIMESTAMP_SECONDS))),
            moment(
                "Configuration read", by_instance(own(names.CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS))
            ),
            in_count("Reloads failed", by_instance(failures), at=ANY_IS_BAD),
        ],
        sort_by="Probe",
        size=Size(width=24, height=5),
    )
