"""Queries and panels that several boards show."""

from __future__ import annotations

from dashboards import faults, links
from dashboards.annotations import ALERTING, CONCERNED, SEVERE
from dashboards.palette import GREEN, MUTED, RED, YELLOW
from dashboards.panels import (
    SMALL,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    bars,
    named_stat,
    stat_panel,
    states,
)
from dashboards.query import LEGEND, grown, how_many, latest, metric
from dashboards.style import ANY_IS_BAD, ANY_IS_ODD, COUNT, KINDS, RATIO, SECONDS, SPENT, WORD, texts
from dashboards.tables import Label, in_seconds, table
from probe.analysis.tally import OWN_FAILURES
from probe.metrics import names

SIMULATED = 'kind="simulated"'
SEVERITIES = {"critical": ("critical", RED), "warning": ("warning", YELLOW), "info": ("info", MUTED)}
NO_TARGETS = "No target matches, or no probe is scraped: see Probe health."
NO_PRICE = "No price is known of what is probed: see probe prices."
NO_BUDGET = "No budget is configured."

# What a table about targets begins with, in this order.
_TARGET_LABELS = (
    Label(
        name="target",
        title="Target",
        width=170,
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
    Label(name="model", title="Model", width=150),
    Label(name="location", title="Location", width=90),
)

# One model at one provider, probed from one place.
_TARGET = "target, location"
_CARRIED_THROUGH = f'failure!~"{"|".join(sorted(OWN_FAILURES))}"'


def target_labels(*shown: str) -> list[Label]:
    """Columns of those labels, in that order."""
    known = {label.name: label for label in _TARGET_LABELS}
    return [known[name] for name in shown]


def success_share(by: str, *matchers: str, over: str = "$__range") -> str:
    """Successes of the attempts that the probe itself carried through."""
    good = grown(names.ATTEMPTS_TOTAL, 'outcome="ok"', *matchers, by=by, over=over)
    whole = grown(names.ATTEMPTS_TOTAL, _CARRIED_THROUGH, *matchers, by=by, over=over)
    return f"{good} / ({whole} > 0)"


def attempt_count(by: str, *matchers: str, over: str = "$__range") -> str:
    """n of every share of attempts."""
    return f"round({grown(names.ATTEMPTS_TOTAL, *matchers, by=by, over=over)})"


def cost_per_thousand(by: str, *matchers: str, over: str = "$__range") -> str:
    """USD for a thousand attempts whose cost is known."""
    cost = grown(names.COST_USD_TOTAL, *matchers, by=by, over=over)
    good = grown(names.ATTEMPTS_TOTAL, 'outcome="ok"', *matchers, by=by, over=over)
    unpriced = grown(names.UNPRICED_ATTEMPTS_TOTAL, *matchers, by=by, over=over)
    return f"1000 * {cost} / (({good} - {unpriced}) > 0)"


def cost_per_million(by: str) -> str:
    """USD for a million tokens, input and output mixed as they came."""
    tokens = grown(names.TOKENS_TOTAL, 'type=~"input|output"', by=by)
    return f"1e6 * {grown(names.COST_USD_TOTAL, by=by)} / ({tokens} > 0)"


def since_when(size: Size) -> AnyPanel:
    """Success and failure of each target over time."""
    text = PanelText(
        "Since when: latest attempt of each target",
        "Red from the first attempt that failed to the next that succeeded. One red band: that target. All "
        "red at once: the network here, or the probe. A gap: no probe ran, or none was scraped.",
        WORD,
        NO_TARGETS,
    )
    panel = states(text, ask(latest(names.LAST_ATTEMPT_SUCCESS), LEGEND), size=size, page=20)
    return panel.mappings(list(texts({"1": ("ok", GREEN), "0": ("failed", RED)})))


def failures_by_fault(size: Size) -> AnyPanel:
    """Failed attempts over time by who has to answer for them."""
    failed = grown(names.ATTEMPTS_TOTAL, 'outcome="failed"', by="fault", over="$__rate_interval")
    return faults.fault_panel(ask(f"{failed} > 0", "{{fault}}"), size)


def budget_bars(*matchers: str) -> AnyPanel:
    """How near each is to its limit."""
    spent = latest(names.BUDGET_SPENT_RATIO, *matchers, by="budget, period")
    return bars(
        PanelText(
            "Budgets",
            "Spent of each limit in this day or month (UTC); a run that does not fit is skipped.",
            RATIO,
            NO_BUDGET,
        ),
        ask_now(spent, "{{budget}}, this {{period}}"),
        at=SPENT,
    ).max(1)


def alerts_table(size: Size) -> AnyPanel:
    """What fires now, the worst first, each with its runbook."""
    runbook = Label(
        name="alertname",
        title="Alert",
        width=190,
        link=("Runbook", f"{links.RUNBOOKS}/${{__value.raw}}"),
    )
    labels = [
        Label(name="severity", title="Severity", width=100, texts=SEVERITIES),
        runbook,
        Label(name="about", title="About"),
    ]
    since = f"time() - last_over_time(ALERTS_FOR_STATE{{{SEVERE}}}[5m])"
    by = ", ".join(("severity", "alertname", *CONCERNED))
    firing = f"max by ({by}) ({since} and ignoring (alertstate) {ALERTING})"
    joined = ", ".join(f'"{label}"' for label in CONCERNED)
    return table(
        PanelText(
            "What is burning",
            "Alerts that fire now. The name of an alert leads to its runbook.",
            SECONDS,
            "Nothing fires, as far as Prometheus evaluates alert rules: see Alerts firing.",
        ),
        labels,
        [
            in_seconds("For", f'label_join({firing}, "about", " ", {joined})', width=90),
        ],
        sort_by="Severity",
        size=size,
        staying=2,
    )


def targets_failing() -> AnyPanel:
    """A target that is probed over cold and over warm connections is one."""
    success = latest(names.LAST_ATTEMPT_SUCCESS)
    failing = f"count by ({_TARGET}) ({success} == 0)"
    about = "Targets whose latest attempt failed, over whichever connection."
    text = PanelText("Targets failing", about, COUNT, NO_TARGETS)
    return stat_panel(text, ask_now(how_many(failing, success)), at=ANY_IS_BAD)


def latest_success() -> AnyPanel:
    """Tells a probe that does not run from providers that do not answer."""
    text = PanelText(
        "Latest",
        "How long ago any attempt succeeded, and how long ago there was any: where both are long ago, it is"
        " us.",
        SECONDS,
        NO_TARGETS,
    )
    success = f"time() - max({metric(names.LAST_SUCCESS_TIMESTAMP_SECONDS)} > 0)"
    attempt = f"time() - max({metric(names.LAST_ATTEMPT_TIMESTAMP_SECONDS)} > 0)"
    return named_stat(
        text, ask_now(success, "success"), ask_now(attempt, "attempt", "B"), size=SMALL
    ).decimals(0)


def simulated() -> AnyPanel:
    """Says where figures are those of a simulator."""
    text = PanelText(
        "Simulated",
        "Targets that a simulator answers: their figures say nothing about a provider.",
        COUNT,
        NO_TARGETS,
    )
    found = f"count by ({_TARGET}) ({metric(names.TARGET_INFO, SIMULATED)})"
    return stat_panel(text, ask_now(how_many(found, metric(names.TARGET_INFO))), at=ANY_IS_ODD)
