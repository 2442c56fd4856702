"""Direct against proxy: the same model over both ways, and what the detour costs in time and money.

Routers call a model by more than its name (`maker/model:free`): what stands between is the same model.
"""

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.palette import GREEN, RED, YELLOW
from dashboards.panels import HALF, AnyPanel, PanelText, Size, ask, ask_now, graph, stat_panel, with_n
from dashboards.prometheus.shared import (
    attempt_count,
    cost_per_thousand,
    simulated,
    success_share,
    target_labels,
)
from dashboards.query import LEGEND, latest, mean, n_of, quantile
from dashboards.style import COUNT, DASHED, FACTOR, RATIO, SECONDS, SUCCESS, TOKENS_PER_SECOND, USD, Steps
from dashboards.tables import Label, NumberColumn, in_count, in_dollars, in_percent, in_seconds, table
from dashboards.variables import datasource, narrowing, window
from probe.metrics import names

_DIRECT = 'kind="direct"'
_PROXY = 'kind="proxy"'
_LABELS = "provider, model, connection, location"
# The model without the maker before it and a router's variant behind it.
_VARIANTS = "free|nitro|floor|online|thinking|extended|exacto|beta"
_MODEL = f'"same", "$1", "model", "(?:.*/)?([^/]+?)(?::(?:{_VARIANTS}))?"'
_ON = "same, connection, location"
_NO_PAIR = (
    "No model is probed both directly and through a proxy, as far as it is chosen above: choose both "
    "providers, or add a target of kind proxy with the same model."
)
_ADDED: Steps = ((None, GREEN), (0.1, YELLOW), (0.5, RED))
_DEARER: Steps = ((None, GREEN), (0.0000001, YELLOW))

_PAIR = (
    Label(name="same", title="Model", width=150),
    Label(name="provider", title="Through", width=110),
    Label(name="connection", title="Connection", width=92),
    Label(name="location", title="Location", width=90),
)


def board() -> Board:
    return Board(
        uid=links.DIRECT_VS_PROXY,
        title="Direct against proxy",
        about="What does the detour through a router cost, in milliseconds and in USD, and does it hold?",
        variables=(datasource(), *narrowing(), window()),
        annotations=marks(),
        rows=(
            PanelRow(title="What the detour costs", panels=(*_sums(), _pairs())),
            PanelRow(title="Since when?", panels=(_added(), _both_ways(), _success())),
            PanelRow(title="Money", panels=(_prices(), _charged())),
        ),
    )


def _through(expression: str) -> str:
    """By proxy and model."""
    return f"label_replace({expression}, {_MODEL})"


def _directly(expression: str) -> str:
    """The best direct way to the same model."""
    return f"min by ({_ON}) (label_replace({expression}, {_MODEL}))"


def _more(proxied: str, direct: str) -> str:
    """What the proxy's figure is above the direct one; nothing without both."""
    difference = f"{_through(proxied)} - on ({_ON}) group_left () {_directly(direct)}"
    return f"sum by (same, provider, connection, location) ({difference})"


def _median(name: str, way: str, over: str = "$__range") -> str:
    return quantile(0.5, name, way, by=_LABELS, over=over)


def _cost(way: str) -> str:
    return cost_per_thousand(_LABELS, way)


def _sums() -> tuple[AnyPanel, ...]:
    ttft = _more(_median(names.TTFT_SECONDS, _PROXY), _median(names.TTFT_SECONDS, _DIRECT))
    total = _more(_median(names.TOTAL_LATENCY_SECONDS, _PROXY), _median(names.TOTAL_LATENCY_SECONDS, _DIRECT))
    return (
        stat_panel(
            PanelText(
                "TTFT added",
                "Median over the pairs of how much later the first token comes.",
                SECONDS,
                "no pair",
            ),
            ask_now(f"quantile(0.5, {ttft})"),
            at=_ADDED,
        ),
        stat_panel(
            PanelText("Worst pair", "The most that a proxy adds to the median TTFT.", SECONDS, "no pair"),
            ask_now(f"max({ttft})"),
            at=_ADDED,
        ),
        stat_panel(
            PanelText("Latency added", "Median over the pairs, of the whole answer.", SECONDS, "no pair"),
            ask_now(f"quantile(0.5, {total})"),
            at=_ADDED,
        ),
        stat_panel(
            PanelText(
                "Cost added / 1k", "Mean over the pairs of what 1,000 requests cost more.", USD, "no price"
            ),
            ask_now(f"avg({_more(_cost(_PROXY), _cost(_DIRECT))})"),
            at=_DEARER,
        ),
        stat_panel(
            PanelText(
                "Pairs", "Models that are probed both ways, by connection and location.", COUNT, "none"
            ),
            ask_now(f"count({ttft})"),
        ),
        simulated(),
    )


def _pairs() -> AnyPanel:
    return table(
        PanelText(
            "Each pair in the time shown",
            "Medians through the proxy, and how much they are above the best direct way to the same model. "
            "n: attempts through the proxy.",
            SECONDS,
            _NO_PAIR,
        ),
        _PAIR,
        _columns(),
        sort_by="TTFT added",
        descending=True,
        size=Size(width=24, height=9),
    )


def _columns() -> list[NumberColumn]:
    def own(expression: str) -> str:
        return f"sum by (same, provider, connection, location) ({_through(expression)})"

    def added(name: str) -> str:
        return _more(_median(name, _PROXY), _median(name, _DIRECT))

    def speed(way: str) -> str:
        return mean(names.TOKENS_PER_SECOND, way, by=_LABELS)

    ttft, total = names.TTFT_SECONDS, names.TOTAL_LATENCY_SECONDS
    faster = _more(speed(_PROXY), speed(_DIRECT))
    return [
        in_seconds("TTFT", own(_median(ttft, _PROXY))),
        in_seconds("TTFT added", added(ttft), at=_ADDED, cell="light"),
        in_seconds("Total", own(_median(total, _PROXY))),
        in_seconds("Total added", added(total), at=_ADDED, cell="light"),
        NumberColumn(title="TPS more", expression=faster, unit=TOKENS_PER_SECOND, decimals=1),
        in_dollars("Cost added / 1k", _more(_cost(_PROXY), _cost(_DIRECT))),
        in_percent("Success", own(success_share(_LABELS, _PROXY)), at=SUCCESS),
        in_count("n", own(n_of(ttft, _PROXY, by=_LABELS))),
    ]


def _added() -> AnyPanel:
    ttft = names.TTFT_SECONDS
    difference = _more(_median(ttft, _PROXY, "$window"), _median(ttft, _DIRECT, "$window"))
    panel = graph(
        PanelText(
            "TTFT added by the detour",
            "Median through the proxy less the direct one, over the window; n: attempts through the proxy.",
            SECONDS,
            _NO_PAIR,
        ),
        ask(difference, "{{same}} through {{provider}} · {{connection}}"),
        size=Size(width=24, height=8),
    )
    return with_n(panel, n_of(ttft, _PROXY, by="provider", over="$window"), "n {{provider}}")


def _both_ways() -> AnyPanel:
    text = PanelText(
        "TTFT both ways", "Of each attempt: direct drawn through, proxy dashed.", SECONDS, _NO_PAIR
    )
    by = "provider, model, connection"
    return graph(
        text,
        ask(
            latest(names.LAST_TTFT_SECONDS, _DIRECT, by=by),
            "direct {{provider}} · {{model}} · {{connection}}",
        ),
        ask(
            latest(names.LAST_TTFT_SECONDS, _PROXY, by=by),
            "proxy {{provider}} · {{model}} · {{connection}}",
            "B",
        ),
    ).override_by_query("B", DASHED)


def _success() -> AnyPanel:
    ways = 'kind=~"direct|proxy"'
    panel = graph(
        PanelText(
            "Success both ways",
            "Share over the window. A detour is one more thing that can fail.",
            RATIO,
            _NO_PAIR,
        ),
        ask(success_share("kind", ways, over="$window"), "{{kind}}"),
    )
    return with_n(panel.axis_soft_max(1), attempt_count("kind", ways, over="$window"), "n {{kind}}")


def _prices() -> AnyPanel:
    ways, by = 'kind=~"direct|proxy"', "provider, model, kind"

    def price(kind: str) -> str:
        return latest(names.PRICE_USD_PER_MILLION_TOKENS, ways, f'type="{kind}"', by=by)

    return table(
        PanelText(
            "Prices both ways, per 1M tokens", "In force at the latest attempt.", USD, "No price is known."
        ),
        target_labels("model", "kind", "provider"),
        [
            in_dollars("Input", price("input"), decimals=None),
            in_dollars("Output", price("output"), decimals=None),
        ],
        sort_by="Model",
        size=HALF,
    )


def _charged() -> AnyPanel:
    return graph(
        PanelText(
            "Charged by the proxy against its price list",
            "1: what it charged for the attempt is what the price in force makes it. Above: a fee, or "
            "another model.",
            FACTOR,
            "No proxy says what it charges.",
        ),
        ask(latest(names.LAST_CHARGED_RATIO, _PROXY), LEGEND),
    )
