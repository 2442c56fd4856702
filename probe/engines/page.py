"""A Prometheus page, reduced to the families of one server.

Buckets are left out before anything is parsed: they are most of a page, and nothing here needs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]


class Page:
    """Numbers by the name that stands on the page, each with its labels."""

    def __init__(self, numbers: Mapping[str, list[tuple[Labels, float]]]) -> None:
        self._numbers = numbers

    def numbers(self, name: str) -> list[tuple[Labels, float]]:
        """Those of a gauge or a counter; whether a counter's name ends in `_total` makes no difference."""
        return self._numbers.get(name) or self._numbers.get(f"{name}_total") or []

    def total(self, name: str, labels: Labels) -> float | None:
        """The sum of the numbers that have these labels; None where there are none."""
        found = [value for own, value in self.numbers(name) if labels.items() <= own.items()]
        return math.fsum(found) if found else None


def read_page(body: bytes, prefix: str) -> Page:
    """The families whose names begin with `prefix`. Raises ValueError where it is no such page.

    One without any of them is a page all the same: some servers show a metric only once it has happened.
    """
    text = body.decode("utf-8")
    numbers: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families("".join(_lines(text, prefix))):
        for sample in family.samples:
            if math.isfinite(sample.value):
                numbers.setdefault(sample.name, []).append((sample.labels, float(sample.value)))
    if not numbers and not all(line.startswith("#") or " " in line for line in text.splitlines() if line):
        raise ValueError("no page of metrics")
    return Page(numbers)


def _lines(text: str, prefix: str) -> Iterable[str]:
    """The numbers of these families, and what says of which type they are."""
    for line in text.splitlines(keepends=True):
        if line.startswith(f"# TYPE {prefix}") or (line.startswith(prefix) and "_bucket{" not in line):
            yield line
