"""Direct against proxy: the same model over both ways, and what the detour costs in time and money.

Routers call a model by more than its name (`maker/model:free`): what stands between is the same model.
"""

from collections.abc import Callable

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.palette import GREEN, RED, YELLOW
from dashboards.panels import HALF, AnyPanel, PanelText, Size, ask, ask_now, graph, stat_panel, with_n
from dashboards.prometheus.shared import (
    CARRIED_THROUGH,
    cost_per_thousand,
    simulated,
    success_share,
    target_labels,
)
from dashboards.query import LEGEND, back, grown, latest, metric, n_of, quantile
from dashboards.style import (
    COUNT,
    DASHED,
    FACTOR,
    RATIO,
    SECONDS,
    SUCCESS,
    TOKENS_PER_SECOND,
    USD,
    Steps,
    prop,
)
from dashboards.tables import Label, NumberColumn, in_count, in_dollars, in_percent, in_seconds, table
from dashboards.variables import datasource, narrowing, window
from probe.metrics import names

_DIRECT = 'kind="direct"'
_PROXY = 'kind="proxy"'
_BOTH = 'kind=~"direct|proxy"'
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
    Label(name="same", title="Model", width=170, grows=True),
    Label(name="provider", title="Through", width=110),
    Label(name="against", title="Against", width=110),
    Label(name="connection", title="Conn.", width=70),
    Label(name="location", title="Location", width=90),
)
_BY = ", ".join(label.name for label in _PAIR)


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


def _same(expression: str) -> str:
    """With a label for what is the same model."""
    return f"label_replace({expression}, {_MODEL})"


def _baseline(over: str) -> str:
    """Of each model the direct way that answers first, named in `against`; its value is 1.

    Every figure of a pair is against this one way: the best of each figure alone would be nobody's.
    """
    fastest = f"bottomk by ({_ON}) (1, {_same(_median(names.TTFT_SECONDS, _DIRECT, over))} >= 0)"
    return f'label_replace({fastest}, "against", "$1", "provider", "(.+)") ^ 0'


def _own(proxied: str, over: str = "$__range") -> str:
    """The proxy's figure, of the models that have a direct way."""
    return f"sum by ({_BY}) ({_same(proxied)} * on ({_ON}) group_left (against) {_baseline(over)})"


def _more(figure: Callable[[str], str], over: str = "$__range") -> str:
    """What the figure through the proxy is above that of the baseline; nothing without both."""
    direct = f"{_same(figure(_DIRECT))} * on ({_ON}, provider, model) group_left (against) {_baseline(over)}"
    difference = f"{_same(figure(_PROXY))} - on ({_ON}) group_left (against) ({direct})"
    return f"sum by ({_BY}) ({difference})"


def _paired(expression: str, over: str) -> str:
    """Of that, what belongs to a model that is probed both ways."""
    probed = f"last_over_time({back(metric(names.TARGET_INFO, _BOTH))}[{over}])"
    ways = f"count by ({_ON}, kind) ({_same(probed)})"
    return f"({_same(expression)} and on ({_ON}) count by ({_ON}) ({ways}) == 2)"


def _median(name: str, way: str, over: str = "$__range") -> str:
    return quantile(0.5, name, way, by=_LABELS, over=over)


def _cost(way: str) -> str:
    return cost_per_thousand(_LABELS, way)


def _ttft(way: str) -> str:
    return _median(names.TTFT_SECONDS, way)


def _total(way: str) -> str:
    return _median(names.TOTAL_LATENCY_SECONDS, way)


def _speed(way: str) -> str:
    return _median(names.TOKENS_PER_SECOND, way)


def _sums() -> tuple[AnyPanel, ...]:
    ttft = _more(_ttft)
    return (
        stat_panel(
            PanelText(
                "TTFT +",
                "Median over the pairs of how much later the first token comes.",
                SECONDS,
                "no pair",
            ),
            ask_now(f"quantile(0.5, {ttft})"),
            at=_ADDED,
        ),
        stat_panel(
            PanelText("Worst", "The most that a proxy adds to the median TTFT.", SECONDS, "no pair"),
            ask_now(f"max({ttft})"),
            at=_ADDED,
        ),
        stat_panel(
            PanelText("Total +", "Median over the pairs, of the whole answer.", SECONDS, "no pair"),
            ask_now(f"quantile(0.5, {_more(_total)})"),
            at=_ADDED,
        ),
        stat_panel(
            PanelText("Cost +", "Mean over the pairs of what 1,000 requests cost more.", USD, "no price"),
            ask_now(f"avg({_more(_cost)})"),
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
            "Medians through the proxy, and how much they are above the direct way to the same model that "
            "answers first, named in Against. n: attempts through the proxy.",
            SECONDS,
            _NO_PAIR,
        ),
        _PAIR,
        _columns(),
        sort_by="TTFT +",
        descending=True,
        size=Size(width=24, height=9),
    )


def _columns() -> list[NumberColumn]:
    return [
        in_seconds("TTFT", _own(_ttft(_PROXY))),
        in_seconds("TTFT +", _more(_ttft), at=_ADDED, cell="light"),
        in_seconds("Total", _own(_total(_PROXY))),
        in_seconds("Total +", _more(_total), at=_ADDED, cell="light"),
        NumberColumn(title="TPS more", expression=_more(_speed), unit=TOKENS_PER_SECOND, decimals=1),
        in_dollars("Cost + / 1k", _more(_cost)),
        in_percent("Success", _own(success_share(_LABELS, _PROXY)), at=SUCCESS),
        in_count("n", _own(n_of(names.TTFT_SECONDS, _PROXY, by=_LABELS))),
    ]


def _added() -> AnyPanel:
    window = "$window"
    added = _more(lambda way: _median(names.TTFT_SECONDS, way, window), window)
    panel = graph(
        PanelText(
            "TTFT added by the detour",
            "Median through the proxy less that of the fastest direct way, over the window; n: attempts "
            "through the proxy.",
            SECONDS,
            _NO_PAIR,
        ),
        ask(added, "{{same}} through {{provider}} · {{connection}}"),
        size=Size(width=24, height=8),
    )
    # A proxy may be the faster way.
    panel = panel.override_by_query("A", [prop("min", None)])
    return with_n(panel, n_of(names.TTFT_SECONDS, _PROXY, by="provider", over=window), "n {{provider}}")


def _both_ways() -> AnyPanel:
    text = PanelText(
        "TTFT both ways", "Of each attempt: direct drawn through, proxy dashed.", SECONDS, _NO_PAIR
    )
    each = _paired(latest(names.LAST_TTFT_SECONDS, _BOTH, by=f"kind, {_LABELS}"), "$window")
    return graph(text, ask(each, "{{kind}} {{provider}} · {{model}} · {{connection}}")).override_by_regexp(
        "^proxy ", DASHED
    )


def _success() -> AnyPanel:
    by, window = "kind, model, connection, location", "$window"
    good = grown(names.ATTEMPTS_TOTAL, 'outcome="ok"', _BOTH, by=by, over=window)
    whole = grown(names.ATTEMPTS_TOTAL, CARRIED_THROUGH, _BOTH, by=by, over=window)
    share = f"sum by (kind) ({_paired(good, window)}) / (sum by (kind) ({_paired(whole, window)}) > 0)"
    panel = graph(
        PanelText(
            "Success both ways",
            "Of the models probed both ways, over the window. A detour is one more thing that can fail.",
            RATIO,
            _NO_PAIR,
        ),
        ask(share, "{{kind}}"),
    )
    n = grown(names.ATTEMPTS_TOTAL, _BOTH, by=by, over=window)
    return with_n(panel.axis_soft_max(1), f"round(sum by (kind) ({_paired(n, window)}))", "n {{kind}}")


def _prices() -> AnyPanel:
    by = "provider, model, kind"

    def price(kind: str) -> str:
        told = latest(
            names.PRICE_USD_PER_MILLION_TOKENS, _BOTH, f'type="{kind}"', by=f"{by}, connection, location"
        )
        return f"max by ({by}) ({_paired(told, '$__range')})"

    return table(
        PanelText(
            "Prices both ways, per 1M tokens",
            "Of the models probed both ways, at the latest attempt.",
            USD,
            "No price is known.",
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
