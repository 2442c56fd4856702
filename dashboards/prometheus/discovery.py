"""Discovery: what providers list, what is new, what is gone, what is about to go."""

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.palette import BLUE, GREEN, RED, YELLOW
from dashboards.panels import (
    HALF,
    UNSCRAPED,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    bands_of,
    named_stat,
    stacked,
    stat_panel,
    states,
    steps,
)
from dashboards.prometheus.shared import target_labels
from dashboards.query import counted_in_steps, grown, how_many, latest, metric, state
from dashboards.style import (
    ANY_IS_BAD,
    ANY_IS_ODD,
    COUNT,
    MOMENT,
    NO_UNIT,
    SECONDS,
    WORD,
    Steps,
    as_milliseconds,
    coloured,
)
from dashboards.tables import Label, NumberColumn, in_count, in_seconds, moment, table
from dashboards.variables import datasource, narrowing
from probe.metrics import names

_NO_LIST = "No provider's model list was asked for: see discovery in the configuration."
_MODEL = "provider, model"
_VANISHED = latest(names.PROBED_MODEL_VANISHED, by=_MODEL)
_RETIRES = latest(names.PROBED_MODEL_RETIREMENT_TIMESTAMP_SECONDS, by=_MODEL)
_EVENTS = {
    "probed_model_vanished": RED,
    "probed_model_retiring": RED,
    "model_appeared": GREEN,
    "model_returned": BLUE,
    "model_changed": YELLOW,
    "model_vanished": YELLOW,
    "model_retiring": YELLOW,
    "listing_failed": YELLOW,
}
_APPEARED = 'event="model_appeared"'
_DAY_SECONDS = 86_400
_LEFT: Steps = ((None, RED), (7 * _DAY_SECONDS, YELLOW), (30 * _DAY_SECONDS, GREEN))
_STATES = {"0": ("listed", GREEN), "1": ("gone", RED)}


def board() -> Board:
    return Board(
        uid=links.DISCOVERY,
        title="Discovery",
        about="Which models are new, gone or about to go, and can the lists be trusted?",
        answer="Probed models in their provider's list",
        variables=(datasource(), *narrowing()),
        annotations=marks(),
        rows=(
            PanelRow(title="What is probed and in danger", panels=(*_sums(), _retiring(), _gone())),
            PanelRow(title="What happened", panels=(_events(), _listed())),
            PanelRow(title="The lists", panels=(_lists(), _price_sources())),
        ),
    )


def _sums() -> tuple[AnyPanel, ...]:
    whole = latest(names.DISCOVERY_LAST_SUCCESSFUL, by="provider")
    listed, probed = (latest(name, by="provider") for name in (names.MODELS_LISTED, names.MODELS_PROBED))
    retiring = f"{_RETIRES} - time() < {30 * _DAY_SECONDS}"
    return (
        stat_panel(
            PanelText("Gone", "Probed models that their provider lists no more.", COUNT, _NO_LIST),
            ask_now(f"sum({_VANISHED})"),
            at=ANY_IS_BAD,
        ),
        stat_panel(
            PanelText("Retiring", "Probed models whose announced end is within 30 days.", COUNT, _NO_LIST),
            ask_now(how_many(retiring, listed)),
            at=ANY_IS_ODD,
        ),
        stat_panel(
            PanelText(
                "Failing",
                "Providers whose list did not come whole when last asked for.",
                COUNT,
                _NO_LIST,
            ),
            ask_now(how_many(f"{whole} == 0", whole)),
            at=ANY_IS_BAD,
        ),
        named_stat(
            PanelText(
                "Models",
                "In all lists as they last came whole; probed: those that targets name.",
                COUNT,
                _NO_LIST,
            ),
            ask_now(
                " or ".join(
                    f'label_replace(sum({each}), "what", "{what}", "", "")'
                    for what, each in (("listed", listed), ("probed", probed))
                ),
                "{{what}}",
            ),
            size=Size(width=8, height=3),
        ),
        stat_panel(
            PanelText(
                "New",
                "Models that appeared in any list in the time shown; a first list is no news.",
                COUNT,
                _NO_LIST,
            ),
            ask_now(f"round({grown(names.EVENTS_TOTAL, _APPEARED)})"),
        ),
    )


def _retiring() -> AnyPanel:
    return table(
        PanelText(
            "Ends announced",
            "Start of the day (UTC) from which the provider no longer serves a probed model.",
            SECONDS,
            "No provider has announced the end of a probed model.",
        ),
        target_labels("model", "provider"),
        [
            NumberColumn(title="Ends", expression=as_milliseconds(_RETIRES), unit=MOMENT),
            in_seconds("Left", f"{_RETIRES} - time()", at=_LEFT, cell="light"),
        ],
        sort_by="Left",
        size=HALF,
    )


def _gone() -> AnyPanel:
    return states(
        PanelText(
            "Probed models in their provider's list",
            "Gone from a list that came whole. A list that fails removes nothing.",
            WORD,
            "No list ever had a probed model.",
        ),
        ask(bands_of(state(names.PROBED_MODEL_VANISHED, by=_MODEL), _MODEL, "no list is known"), "{{of}}"),
        words=_STATES | UNSCRAPED,
        size=HALF,
    )


def _events() -> AnyPanel:
    kinds = f'event=~"{"|".join(_EVENTS)}"'
    happened = counted_in_steps(names.EVENTS_TOTAL, kinds, by="event")
    panel = stacked(
        PanelText(
            "Events",
            "What changed in the lists; red: of a probed model. `probe events` names the models.",
            COUNT,
            "No change is recorded in this time.",
        ),
        ask(happened, "{{event}}"),
    )
    for event, colour in _EVENTS.items():
        panel.override_by_name(event, coloured(colour))
    return panel


def _listed() -> AnyPanel:
    return steps(
        PanelText("Models listed by provider", "A step up is new, a step down gone.", COUNT, _NO_LIST),
        ask(latest(names.MODELS_LISTED, by="provider"), "{{provider}}"),
    )


def _lists() -> AnyPanel:
    complete = latest(names.DISCOVERY_LAST_SUCCESS_TIMESTAMP_SECONDS, by="provider")
    return table(
        PanelText(
            "Model lists", "When each last came whole, and whether the latest asking did.", COUNT, _NO_LIST
        ),
        target_labels("provider"),
        [
            in_count("Listed", latest(names.MODELS_LISTED, by="provider")),
            in_count("Probed", latest(names.MODELS_PROBED, by="provider")),
            moment("Whole", complete),
            NumberColumn(
                title="Latest",
                expression=latest(names.DISCOVERY_LAST_SUCCESSFUL, by="provider"),
                unit=NO_UNIT,
                texts={"1": ("whole", GREEN), "0": ("failed", RED)},
            ),
        ],
        sort_by="Provider",
        size=HALF,
    )


def _price_sources() -> AnyPanel:
    read = latest(names.PRICE_SOURCE_READ_TIMESTAMP_SECONDS, by="source")
    errors = f"max by (source) (increase({metric(names.PRICE_SOURCE_ERRORS_TOTAL)}[$__range]))"
    return table(
        PanelText(
            "Sources of prices",
            "When each last answered, and how often it could not be read in the time shown.",
            COUNT,
            "No source of prices is asked: see pricing in the configuration.",
        ),
        [Label(name="source", title="Source")],
        [
            moment("Answered", read),
            in_count("Errors", f"round({errors})", at=ANY_IS_ODD),
        ],
        sort_by="Source",
        size=HALF,
    )
