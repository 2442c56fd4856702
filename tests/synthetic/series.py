"""Pages of metrics, one after the other, in the notation of `promtool test rules`.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

_BOUND = re.compile(rb'[{,]le="([^"]+)"')
_LINE = re.compile(rb"^(\w+(?:\{.*\})?) (\S+)$", re.MULTILINE)


class Recorded:
    """Every series of the pages that were added, with `labels` (`a="1",b="2"`) as a scrape adds them.

    Of the buckets of histograms, those are kept whose bound matches `bounds`; None keeps all.
    """

    def __init__(self, labels: str, bounds: re.Pattern[str] | None = None) -> None:
        self._labels = labels
        self._bounds = bounds
        self._scrapes = 0
        self._shown: dict[bytes, bytes] = {}
        self._series: dict[bytes, _Values | None] = {}

    def add(self, page: bytes, scrapes: int) -> None:
        """A page that is seen by so many scrapes in a row."""
        shown = dict(_LINE.findall(page))
        for name, value in shown.items() - self._shown.items():
            if name not in self._series:
                self._series[name] = _Values() if self._is_kept(name) else None
            if (series := self._series[name]) is not None:
                series.change(value, self._scrapes)
        for name in self._shown.keys() - shown.keys():
            if (gone := self._series[name]) is not None:
                gone.change(None, self._scrapes)
        self._shown = shown
        self._scrapes += scrapes

    def series(self, idle: Container[str] = ()) -> Iterator[tuple[str, str]]:
        """Name with labels, and values, of all scrapes; `up` is among them.

        Of the families in `idle`, series that are 0 all the time are left out.
        """
        yield f"up{{{self._labels}}}", f"1+0x{self._scrapes - 1}"
        for name, values in sorted(self._series.items()):
            family, _, labels = name.decode().partition("{")
            if values is None or (family in idle and values.idle):
                continue
            own = f"{labels.removesuffix('}')}," if labels else ""
            yield f"{family}{{{own}{self._labels}}}", values.notation(self._scrapes)

    def _is_kept(self, name: bytes) -> bool:
        bound = _BOUND.search(name)
        return self._bounds is None or bound is None or self._bounds.fullmatch(bound[1].decode()) is not None


class _Values:
    """Of one series: what is written already, and the value since a scrape; None is absent."""

    __slots__ = ("_parts", "_since", "_value")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._value: bytes | None = None
        self._since = 0

    @property
    def idle(self) -> bool:
        return not self._parts and self._value is not None and float(self._value) == 0

    def change(self, value: bytes | None, at: int) -> None:
        """It has this value from the scrape `at` on."""
        count = at - self._since
        if count and self._value is not None:
            self._parts.append(f"{self._value.decode()}+0x{count - 1}")
        elif count:
            # Where a series was and is no more, Prometheus ends it.
            gap = f"_x{count}" if not self._parts else f"stale _x{count - 1}" if count > 1 else "stale"
            self._parts.append(gap)
        self._value, self._since = value, at

    def notation(self, end: int) -> str:
        self.change(self._value, end)
        return " ".join(self._parts)
