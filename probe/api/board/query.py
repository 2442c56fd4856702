"""What the address of the board asks for. Pure; what is not understood is left at its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args
from urllib.parse import urlencode

from probe.facts.sample import TargetKind
from probe.reports.leaderboard import Sort, SortKey

KINDS: tuple[TargetKind, ...] = get_args(TargetKind)

_LONGEST_SUITE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardQuery:
    """`kind` None is every kind; `suite` None is every one that a job asks."""

    kind: TargetKind | None = None
    suite: str | None = None
    sort: Sort = field(default_factory=Sort)

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> BoardQuery:
        """`kind=direct`, `suite=quick`, `sort=tps` (best first), `sort=-tps` (worst first)."""
        kind, suite = parameters.get("kind"), parameters.get("suite", "")
        return cls(
            kind=kind if kind in KINDS else None,
            suite=suite if suite and suite.isprintable() and len(suite) <= _LONGEST_SUITE else None,
            sort=Sort.parse(parameters.get("sort", "")) or Sort(),
        )

    def of_kind(self, kind: TargetKind | None) -> BoardQuery:
        return replace(self, kind=kind)

    def of_suite(self, suite: str | None) -> BoardQuery:
        return replace(self, suite=suite)

    def sorted_by(self, key: SortKey) -> BoardQuery:
        """Best first; if it is sorted so already, worst first."""
        turned = self.sort == Sort(key=key)
        return replace(self, sort=Sort(key=key, worst_first=turned))

    @property
    def url(self) -> str:
        """The address, without what is default anyway."""
        parameters: dict[str, str] = {}
        if self.kind is not None:
            parameters["kind"] = self.kind
        if self.suite is not None:
            parameters["suite"] = self.suite
        if self.sort != Sort():
            parameters["sort"] = str(self.sort)
        return f"/?{urlencode(parameters)}" if parameters else "/"
