"""Queries and panels that several boards show."""

from __future__ import annotations

from dashboards import faults, links
from dashboards.annotations import CHOSEN, CONCERNED
from dashboards.palette import GREEN, MUTED, RED, YELLOW
from dashboards.panels import (
    SMALL,
    UNSCRAPED,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    bands_of,
    bars,
    named_stat,
    stat_panel,
    states,
)
from dashboards.query import counted_in_steps, grown, how_many, in_range, last_known, latest, metric, state
from dashboards.style import ANY_IS_BAD, ANY_IS_ODD, COUNT, KINDS, RATIO, SECONDS, SPENT, WORD
from dashboards.tables import Label, moment, table
from probe.analysis.tally import OWN_FAILURES
from probe.config import Config
from probe.metrics import names
from probe.metrics.buckets import TOKENS_PER_SECOND
from probe.rules.rules import rule_groups

SIMULATED = 'kind="simulated"'
SEVERITIES = {"critical": ("critical", RED), "warning": ("warning", YELLOW), "info": ("info", MUTED)}
NO_TARGETS = "No target matches, or no probe is scraped: see Probe health."
NO_PRICE = "No price is known of what is probed: see probe prices."
NO_BUDGET = "No budget is configured, or no probe tells of one."
# The state of a target that is in the configuration and was not attempted for long.
_OLD = 2

# What a table about targets begins with, in this order.
_TARGET_LABELS = (
    Label(
        name="target",
        title="Target",
        width=200,
        grows=True,
        link=(
            "Model board",
            links.board_url(
                links.MODEL,
                provider="${__data.fields.Provider:percentencode}",
                model="${__data.fields.Model:percentencode}",
            ),
        ),
    ),
    Label(name="connection", title="Conn.", width=66),
    Label(name="kind", title="Kind", width=84, texts=KINDS),
    Label(
        name="provider",
        title="Provider",
        width=110,
        link=("Provider board", links.board_url(links.PROVIDER, provider="${__value.raw:percentencode}")),
    ),
    Label(name="model", title="Model", width=170, grows=True),
    Label(name="location", title="Location", width=90),
)

# One model at one provider, probed from one place.
_TARGET = "target, location"
CARRIED_THROUGH = f'failure!~"{"|".join(sorted(OWN_FAILURES))}"'


def target_labels(*shown: str) -> list[Label]:
    """Columns of those labels, in that order."""
    known = {label.name: label for label in _TARGET_LABELS}
    return [known[name] for name in shown]


def success_share(by: str, *matchers: str, over: str = "$__range") -> str:
    """Successes of the attempts that the probe itself carried through."""
    good = grown(names.ATTEMPTS_TOTAL, 'outcome="ok"', *matchers, by=by, over=over)
    whole = grown(names.ATTEMPTS_TOTAL, CARRIED_THROUGH, *matchers, by=by, over=over)
    return f"{good} / ({whole} > 0)"


def attempt_count(by: str, *matchers: str, over: str = "$__range") -> str:
    """n of every share of attempts."""
    return f"round({grown(names.ATTEMPTS_TOTAL, *matchers, by=by, over=over)})"


def cost_per_thousand(by: str, *matchers: str, over: str = "$__range") -> str:
    """USD for a thousand attempts whose cost is known."""
    cost = grown(names.COST_USD_TOTAL, *matchers, by=by, over=over)
    return f"1000 * {cost} / ({priced(by, *matchers, over=over)} > 0)"


def priced(by: str, *matchers: str, over: str = "$__range") -> str:
    """How many answers have a known cost; a counter's zero may come to a little more or less."""
    good = grown(names.ATTEMPTS_TOTAL, 'outcome="ok"', *matchers, by=by, over=over)
    unpriced = grown(names.UNPRICED_ATTEMPTS_TOTAL, *matchers, by=by, over=over)
    return f"round({good} - {unpriced})"


def cost_per_million(by: str) -> str:
    """USD for a million tokens, input and output mixed as they came."""
    tokens = grown(names.TOKENS_TOTAL, 'type=~"input|output"', by=by)
    # Of what has no price nothing is known: its cost of 0 is none.
    return f"1e6 * {grown(names.COST_USD_TOTAL, by=by)} / ({tokens} > 0) and {priced(by)} > 0"


NO_SPEED = f"Above {TOKENS_PER_SECOND[-1]:,.0f} an answer came in one burst, which is no speed."


def speeds(name: str) -> str:
    """Tokens per second of each attempt, without bursts."""
    return f"{latest(name)} <= {TOKENS_PER_SECOND[-1]:.0f}"


SINCE_WHEN = "Since when: latest attempt of each target"


def since_when(size: Size) -> AnyPanel:
    """Success and failure of each target over time."""
    text = PanelText(
        SINCE_WHEN,
        "Red from the first attempt that failed to the next that succeeded. One red band: that target. All "
        "red at once: the network here, or the probe. Grey: no attempt for two intervals of its jobs. A gap: "
        "its probe was not scraped.",
        WORD,
        NO_TARGETS,
    )
    success = state(names.LAST_ATTEMPT_SUCCESS)
    job = f"on (job, instance, job_name) group_left () {names.JOB_INTERVAL_SECONDS}"
    every = f"min by (target) (min without (job_name, suite) ({metric(names.JOB_INFO)} * {job}))"
    age = f"time() - {state(names.LAST_ATTEMPT_TIMESTAMP_SECONDS)}"
    told = f"({_OLD} + 0 * {success} and {age} > on (target) group_left () 2 * {every} or {success})"
    words = {"1": ("ok", GREEN), "0": ("failed", RED), str(_OLD): ("no attempt", MUTED), **UNSCRAPED}
    bands = ask(bands_of(told, "target, connection, location", "nothing is known"), "{{of}}")
    return states(text, bands, words=words, size=size, page=20)


def failures_by_fault(size: Size) -> AnyPanel:
    """Failed attempts over time by who has to answer for them."""
    failed = counted_in_steps(names.ATTEMPTS_TOTAL, 'outcome="failed"', by="fault")
    return faults.fault_panel(ask(failed, "{{fault}}"), size)


def budget_share(*matchers: str, by: str = "budget, period") -> str:
    """Of each limit, what is spent and what runs under way may take; all of it where no run fits any more."""
    spent, reserved, limit, exhausted = (
        latest(name, *matchers, by=by)
        for name in (
            names.BUDGET_SPENT_USD,
            names.BUDGET_RESERVED_USD,
            names.BUDGET_LIMIT_USD,
            names.BUDGET_EXHAUSTED,
        )
    )
    share = f"({spent} + {reserved}) / ({limit} > 0)"
    return f"clamp_min({share}, 1) and {exhausted} == 1 or {share}"


def budget_bars(*matchers: str) -> AnyPanel:
    """How near each is to its limit."""
    return (
        bars(
            PanelText(
                "Budgets",
                "Spent and reserved of each limit in this day or month (UTC). Red: no further run fits.",
                RATIO,
                NO_BUDGET,
            ),
            ask_now(budget_share(*matchers), "{{budget}}, this {{period}}"),
            at=SPENT,
        )
        .max(1)
        .display_name("${__field.labels.budget}, this ${__field.labels.period}")
    )


def matters() -> str:
    """Since when each alert has been true that fires, Unix seconds: the worst where one of that name does."""

    def since(severity: str) -> str:
        known = f'last_over_time(ALERTS_FOR_STATE{{severity="{severity}",{CHOSEN}}}[5m])'
        firing = f'ALERTS{{alertstate="firing",severity="{severity}",{CHOSEN}}}'
        return f"min by (severity, {_MATTER}) ({known} and ignoring (alertstate) {firing})"

    return f"{since('critical')} or on ({_MATTER}) {since('warning')}"


def alerts_table(size: Size) -> AnyPanel:
    """What fires now, the worst first, each with its runbook and the board of what it is about."""
    labels = [
        Label(name="about", title="About", width=150, grows=True, link=("Board", _ALERT_BOARD)),
        Label(
            name="alertname",
            title="Alert",
            width=140,
            grows=True,
            link=("Runbook", "${runbooks}/${__value.raw}"),
        ),
    ]
    severity = Label(name="severity", title="Severity", width=92, texts=SEVERITIES)
    hidden = [Label(name=name, title=name, hidden=True) for name in ("board", *_CHOICE)]
    return table(
        PanelText(
            "What is burning",
            "Alerts that fire now, a row for each matter: its name leads to the runbook, what it is about to "
            "the board and time of the trouble.",
            SECONDS,
            "Nothing fires, as far as Prometheus evaluates rules: see Alerts, and Grafana's own.",
        ),
        labels,
        [moment("Since", _named(matters()), width=110)],
        sort_by="Severity",
        then_by="Since",
        size=size,
        last=[severity, *hidden],
    )


_CHOICE = ("provider", "model", "target")
# What makes two alerts one matter.
_MATTER = f"alertname, model, {', '.join(CONCERNED)}"
_ALERT_BOARD = (
    "/d/${__data.fields.board}?${datasource:queryparam}&"
    + "&".join(f"var-{name}=${{__data.fields.{name}:percentencode}}" for name in _CHOICE)
    + f"&time=${{__data.fields.Since:raw}}&time.window={3 * 3600 * 1000}"
)


def _named(expression: str) -> str:
    """With what it is `about`, the `board` that its rule leads to, and `All` for what it does not name."""
    pair = f'label_join({expression}, "pair", " · ", "provider", "model")'
    for name in ("location", "budget", "exporter", "job_name", "provider", "pair", "target"):
        pattern = "(.+ · .+)" if name == "pair" else "(.+)"
        pair = f'label_replace({pair}, "about", "$1", "{name}", "{pattern}")'
    for uid, alerts in _alerts_by_board().items():
        pair = f'label_replace({pair}, "board", "{uid}", "alertname", "{"|".join(alerts)}")'
    for name in _CHOICE:
        pair = f'label_replace({pair}, "{name}", "All", "{name}", "")'
    return pair


def _alerts_by_board() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in rule_groups(Config()):
        for alert in group.alerts:
            found.setdefault(alert.board[0], []).append(alert.name)
    return {uid: sorted(set(names)) for uid, names in found.items()}


def probes_down(build: str) -> str:
    """How many places there are of which a probe was scraped in the time shown and none is now."""
    gone = f"count by (location) ({in_range(build)}) unless on (location) {build}"
    return f"count({gone})"


def targets_failing() -> AnyPanel:
    """A target that is probed over cold and over warm connections is one."""
    success = last_known(names.LAST_ATTEMPT_SUCCESS)
    failing = f"count by ({_TARGET}) ({success} == 0)"
    about = (
        "Targets whose latest attempt failed, over whichever connection; of a probe that is down, by what it "
        "told last. None of a probe that is down is nothing known."
    )
    text = PanelText("Failing", about, COUNT, NO_TARGETS)
    return stat_panel(text, ask_now(none_unless_down(f"count({failing})", success)), at=ANY_IS_BAD)


def none_unless_down(found: str, among: str) -> str:
    """A number found; else 0, which nobody knows while a probe is down."""
    return f"{found} or 0 * count({among}) unless on () {probes_down(metric(names.BUILD_INFO))}"


def latest_success() -> AnyPanel:
    """Tells a probe that does not run from providers that do not answer."""
    text = PanelText(
        "Latest",
        "How long ago any attempt succeeded, and how long ago there was any: where both are long ago, it is"
        " us.",
        SECONDS,
        NO_TARGETS,
    )
    ages = " or ".join(
        f'label_replace(time() - max({metric(name)} > 0), "what", "{what}", "", "")'
        for what, name in (
            ("success", names.LAST_SUCCESS_TIMESTAMP_SECONDS),
            ("attempt", names.LAST_ATTEMPT_TIMESTAMP_SECONDS),
        )
    )
    return named_stat(text, ask_now(ages, "{{what}}"), size=SMALL).decimals(0)


def simulated() -> AnyPanel:
    """Says where figures are those of a simulator."""
    text = PanelText(
        "Simulated",
        "Targets that a simulator answers: their figures say nothing about a provider.",
        COUNT,
        NO_TARGETS,
    )
    found = f"count by ({_TARGET}) ({in_range(metric(names.TARGET_INFO, SIMULATED))})"
    return stat_panel(text, ask_now(how_many(found, in_range(metric(names.TARGET_INFO)))), at=ANY_IS_ODD)
