"""Which alerts a history raises, by Prometheus's own evaluation of the rules (`promtool test rules`)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.programs import program

# Which alerts fired, and when first: the question is put as an expectation of nothing, and promtool's
# complaint has the answer.
_QUESTION = 'min_over_time(timestamp(ALERTS{{alertstate="firing"}})[{seconds:d}s:{step:d}s])'
_LABEL = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')
_SAMPLE = re.compile(r'\{((?:\w+="(?:[^"\\]|\\.)*"(?:, )?)*)\} ([-+0-9.E]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alert that fired, and when it first did, in seconds of the history."""

    labels: Mapping[str, str]
    at_seconds: float

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    @property
    def target(self) -> str:
        """Empty where it is not about a target."""
        return self.labels.get("target", "")


def raised(
    rules: Sequence[Path],
    series: Iterable[tuple[str, str]],
    step_seconds: int,
    since_seconds: int,
    until_seconds: int,
    folder: Path,
    *,
    evaluated_every_seconds: int | None = None,
) -> list[Raised]:
    """What fired between the two instants; what fired before and still does counts from the first of them.

    `series` are names and values in promtool's notation, a value every `step_seconds`. Rules are evaluated as
    often where nothing else is said.
    """
    step = f"{step_seconds}s"
    every = evaluated_every_seconds or step_seconds
    question = _QUESTION.format(seconds=until_seconds - since_seconds, step=every)
    test = {
        "interval": step,
        "input_series": [{"series": name, "values": values} for name, values in series],
        "promql_expr_test": [{"expr": question, "eval_time": f"{until_seconds}s", "exp_samples": []}],
    }
    files = [str(file.resolve()) for file in rules]
    document = {"rule_files": files, "evaluation_interval": f"{every}s", "tests": [test]}
    file = folder / "trial.json"
    file.write_text(json.dumps(document))
    found = subprocess.run(
        [program("promtool"), "test", "rules", str(file)], capture_output=True, text=True, timeout=600
    )
    answer = found.stdout + found.stderr
    assert "got:" in answer or found.returncode == 0, answer[-5000:]
    return [_raised(*each) for each in _SAMPLE.findall(answer.partition("got:")[2])]


def _raised(labels: str, value: str) -> Raised:
    found = {name: json.loads(text) for name, text in _LABEL.findall(labels)}
    del found["alertstate"]
    return Raised(labels=found, at_seconds=float(value))
