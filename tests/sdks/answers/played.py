"""One answer of a table, and what is said of differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARIS = "Paris — ça, 巴黎 🌍"


@dataclass(frozen=True, kw_only=True)
class Played:
    """An answer. `differs`: by field of `Said`, what the SDK says, what we say, and why.

    `split` sends every byte for itself; `cut` leaves out so many bytes of the end.
    """

    name: str
    sent: Any
    differs: Mapping[str, tuple[Any, Any, str]] = field(default_factory=dict)
    status: int = 200
    split: bool = False
    cut: int = 0

    @property
    def stream(self) -> bool:
        return isinstance(self.sent, list)


DONE = b"data: [DONE]\n\n"
NOTHING = (None,) * 4
ESTIMATED = "estimated, and said to be"
# A stream that is cut where HTTP is whole ends well for every SDK; ours knows the dialect's own last event.
CUT = (False, True, "the SDK takes what came for whole")
FAILS = (False, True, "the SDK hands the failure out and raises nothing")
OTHERWISE = (False, True, "that ending is a failure for us; the SDK judges none")
