"""Engines: the inference servers behind providers: do they answer, are they full, and what do they say."""

from __future__ import annotations

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.palette import GREEN, MUTED, RED, YELLOW
from dashboards.panels import (
    HALF,
    UNSCRAPED,
    WHOLE,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    bands_of,
    graph,
    stat_panel,
    states,
)
from dashboards.prometheus.shared import success_share, target_labels
from dashboards.query import LEGEND, SERIES, how_many, latest, state
from dashboards.style import (
    ANY_IS_BAD,
    COUNT,
    DASHED,
    RATIO,
    SECONDS,
    SPENT,
    SUCCESS,
    TOKENS_PER_SECOND,
    WORD,
    Steps,
)
from dashboards.tables import Label, NumberColumn, in_count, table
from dashboards.variables import datasource, narrowing
from probe.metrics import names

_NO_ENGINE = "No provider has an inference server that can be asked: see `engine` in the configuration."
_SILENT = "The server tells no such figure."
_SERVER = "provider, engine, model"
_LEGEND = "{{provider}} · {{engine}} {{model}}"
_OF_ENGINE = 'kind="engine"'
_QUEUED: Steps = ((None, GREEN), (1, YELLOW), (10, RED))


def board() -> Board:
    return Board(
        uid=links.ENGINES,
        title="Engines",
        about="Do the inference servers answer, how full are they, and does that explain what was measured?",
        answer="Since when: does the server answer?",
        variables=(datasource(), *narrowing()),
        annotations=marks(),
        rows=(
            PanelRow(title="Do they answer?", panels=(*_sums(), _up(), _servers())),
            PanelRow(
                title="Queue, load and cache",
                panels=(
                    _load(
                        "Waiting",
                        "Requests waiting to be worked on: the queue.",
                        names.ENGINE_REQUESTS_WAITING,
                    ),
                    _load("Running", "Requests being worked on.", names.ENGINE_REQUESTS_RUNNING),
                    _load(
                        "Key-value cache",
                        "Share in use. Full: requests wait.",
                        names.ENGINE_KV_CACHE_RATIO,
                        RATIO,
                        WHOLE,
                    ),
                ),
            ),
            PanelRow(
                title="Does it explain what was measured?",
                panels=(_queue(), _parts(), _speed(), _evaluating(), _unreported()),
            ),
        ),
    )


def _sums() -> tuple[AnyPanel, ...]:
    up = latest(names.ENGINE_UP, by="provider, engine")
    return (
        stat_panel(
            PanelText("Servers down", "Servers that did not answer when last asked.", COUNT, _NO_ENGINE),
            ask_now(how_many(f"{up} == 0", up)),
            at=ANY_IS_BAD,
            size=_QUARTER,
        ),
        stat_panel(
            PanelText("Waiting now", "Requests in all queues.", COUNT, _SILENT),
            ask_now(f"sum({latest(names.ENGINE_REQUESTS_WAITING, by=_SERVER)})"),
            at=_QUEUED,
            size=_QUARTER,
        ),
        stat_panel(
            PanelText(
                "Fullest cache", "Share of the key-value cache in use, of the fullest.", RATIO, _SILENT
            ),
            ask_now(latest(names.ENGINE_KV_CACHE_RATIO, by="")),
            at=SPENT,
            size=_QUARTER,
        ),
        stat_panel(
            PanelText(
                "Success", "Of the attempts at engines, in the time shown.", RATIO, "No engine was probed."
            ),
            ask_now(success_share("", _OF_ENGINE)),
            size=_QUARTER,
            at=SUCCESS,
        ),
    )


_QUARTER = Size(width=6, height=3)


def _up() -> AnyPanel:
    server = "provider, engine"
    silenced = f"1 + {state(names.ENGINE_SILENCED, by=f'{server}, reason')}"
    told = f"({state(names.ENGINE_UP, by=server)} or {silenced})"
    bands = bands_of(told, f"{server}, reason", "no server is known")
    return states(
        PanelText(
            "Since when: does the server answer?",
            "Asked about itself, apart from the probes.",
            WORD,
            _NO_ENGINE,
        ),
        ask(f'label_replace({bands}, "of", "$1", "of", "(.*?)(?: · )?")', "{{of}}"),
        words={"1": ("up", GREEN), "0": ("down", RED), "2": ("not read", MUTED), **UNSCRAPED},
        size=Size(width=24, height=6),
    )


def _servers() -> AnyPanel:
    return table(
        PanelText(
            "Load now",
            "By the servers' own metrics; a dash where one tells no such figure.",
            COUNT,
            _NO_ENGINE,
        ),
        [
            *target_labels("provider"),
            Label(name="engine", title="Engine"),
            Label(name="model", title="Model"),
        ],
        [
            NumberColumn(
                title="Running", expression=latest(names.ENGINE_REQUESTS_RUNNING, by=_SERVER), unit=COUNT
            ),
            NumberColumn(
                title="Waiting",
                expression=latest(names.ENGINE_REQUESTS_WAITING, by=_SERVER),
                unit=COUNT,
                at=_QUEUED,
            ),
            NumberColumn(
                title="Cache",
                expression=latest(names.ENGINE_KV_CACHE_RATIO, by=_SERVER),
                unit=RATIO,
                at=SPENT,
                cell="gauge",
            ),
            NumberColumn(
                title="Batch", expression=latest(names.ENGINE_BATCH_SIZE, by=_SERVER), unit=COUNT, decimals=1
            ),
        ],
        sort_by="Provider",
        size=Size(width=24, height=6),
    )


def _load(title: str, about: str, name: str, unit: str = COUNT, size: Size = HALF) -> AnyPanel:
    panel = graph(PanelText(title, about, unit, _SILENT), ask(latest(name, by=_SERVER), _LEGEND), size=size)
    return panel.max(1) if unit == RATIO else panel


def _queue() -> AnyPanel:
    measured = latest(names.LAST_TTFT_SECONDS, _OF_ENGINE)
    return graph(
        PanelText(
            "TTFT against the queue",
            "Time to first token of each attempt, and dashed the queue as the server tells it for that "
            "attempt.",
            SECONDS,
            "No engine was probed.",
        ),
        ask(f"{_named(measured, 'TTFT')} or {_named(_reported('queue'), 'queue')}", f"{{{{what}}}} {LEGEND}"),
    ).override_by_regexp("^queue ", DASHED)


def _named(expression: str, what: str) -> str:
    return f'label_replace({expression}, "what", "{what}", "", "")'


def _reported(part: str) -> str:
    return latest(names.LAST_REPORTED_SECONDS, _OF_ENGINE, f'part="{part}"', by=f"{SERIES}, source")


def _parts() -> AnyPanel:
    by = f"{SERIES}, part, source"
    return graph(
        PanelText(
            "Parts by the server's word",
            "Load of the model, queue, prompt, completion; source metrics: from its counters.",
            SECONDS,
            _SILENT,
        ),
        ask(latest(names.LAST_REPORTED_SECONDS, _OF_ENGINE, by=by), "{{part}} {{target}} · {{source}}"),
    )


def _told_speed(part: str) -> str:
    by = f"{SERIES}, source"
    return latest(names.LAST_REPORTED_TOKENS_PER_SECOND, _OF_ENGINE, f'part="{part}"', by=by)


def _speed() -> AnyPanel:
    return graph(
        PanelText(
            "Speed: measured, and dashed as told",
            "Tokens made per second.",
            TOKENS_PER_SECOND,
            "No engine was probed.",
        ),
        ask(latest(names.LAST_TOKENS_PER_SECOND, _OF_ENGINE), LEGEND),
        ask(_told_speed("completion"), f"told {LEGEND}", "B"),
    ).override_by_query("B", DASHED)


def _evaluating() -> AnyPanel:
    return graph(
        PanelText(
            "Speed of reading the prompt",
            "Tokens evaluated per second, by the server's word.",
            TOKENS_PER_SECOND,
            _SILENT,
        ),
        ask(_told_speed("prompt"), LEGEND),
        size=HALF,
    )


def _unreported() -> AnyPanel:
    return table(
        PanelText(
            "Why an engine says nothing",
            "Of the latest attempt. What each reason means and what helps is in docs/providers.md.",
            COUNT,
            "Every engine that was probed said what it took, or none was probed.",
        ),
        [*target_labels("target", "connection"), Label(name="reason", title="Reason")],
        [in_count("Attempts", latest(names.LAST_UNREPORTED, by="target, connection, reason"))],
        sort_by="Target",
        size=Size(width=24, height=6),
    )
