"""What a rule is, for either evaluator, and which board an alert opens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from probe.config.results import RulesConfig
from probe.facts.event import Severity
from probe.rules.promql import Read, Recorded

# The uids of the generated boards.
OVERVIEW_BOARD: Final = "inference-probe-overview"
PROVIDER_BOARD: Final = "inference-probe-provider"
MODEL_BOARD: Final = "inference-probe-model"
COST_BOARD: Final = "inference-probe-cost"
DISCOVERY_BOARD: Final = "inference-probe-discovery"
ENGINES_BOARD: Final = "inference-probe-engines"
HEALTH_BOARD: Final = "inference-probe-health"
# The number of the panel on each board that says since when: Grafana links a rule to a board by a panel.
ANSWER_PANEL: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert of either evaluator; `summary` and `description` are templates, `expression` is PromQL.

    An expression that reads recorded series takes the way to read them. `name` is the name of its runbook;
    rules of one name differ in their labels. `board` is the uid of a board and the variables that it is
    opened with, `span` how much time it shows: a few times what the expression looks at. `hold` and `keep`
    are how long the condition must last before anybody is notified, and how long notifications go on after
    it ended.
    """

    name: str
    severity: Severity
    expression: str | Callable[[Read], str]
    summary: str
    description: str
    board: tuple[str, tuple[str, ...]]
    labels: Mapping[str, str] = field(default_factory=dict)
    hold: str = ""
    keep: str = ""
    span: str = "3h"

    def promql(self, read: Read) -> str:
        return self.expression if isinstance(self.expression, str) else self.expression(read)

    def annotations(self, config: RulesConfig) -> dict[str, str]:
        """Templates, as Prometheus fills them in with the labels of the alert."""
        uid, variables = self.board
        query = "".join(f"&var-{name}={{{{ $labels.{name} | urlquery }}}}" for name in variables)
        return {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{config.runbook_url}/{self.name}",
            "dashboard_url": f"{config.grafana_url}/d/{uid}?from=now-{self.span}&to=now{query}",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, in order: a recorded series stands before what reads it."""

    name: str
    interval: str
    recorded: tuple[Recorded, ...] = ()
    alerts: tuple[Alert, ...] = ()
