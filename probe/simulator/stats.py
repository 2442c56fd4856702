"""What has been asked of the simulator: counts, the most at once, and the last requests."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

REDACTED = "[redacted]"
SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie"})
RECENT = 200


@dataclass(slots=True)
class Tally:
    """Of one model, or of all. `statuses` has "none" where the answer had no head."""

    requests: int = 0
    active: int = 0
    max_active: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        self.requests += 1
        self.active += 1
        self.max_active = max(self.max_active, self.active)

    def as_json(self) -> dict[str, object]:
        return {
            "requests": self.requests,
            "active": self.active,
            "max_active": self.max_active,
            "statuses": dict(self.statuses),
        }


@dataclass(slots=True)
class Stats:
    """Chat requests by the model as it was asked for."""

    connections: int = 0
    open_connections: int = 0
    tls_failures: int = 0
    total: Tally = field(default_factory=Tally)
    models: dict[str, Tally] = field(default_factory=dict)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=RECENT))

    def begin(self, model: str) -> None:
        self.total.begin()
        self.models.setdefault(model, Tally()).begin()

    def end(self, model: str, status: int | None) -> None:
        for tally in (self.total, self.models[model]):
            tally.active -= 1
            tally.statuses["none" if status is None else str(status)] += 1

    def remember(self, request_id: str, path: str, headers: Iterable[tuple[str, str]], body: object) -> None:
        """Keep a copy of a request; of a credential only that it was there."""
        shown = [[name, REDACTED if name in SECRET_HEADERS else value] for name, value in headers]
        self.recent.append({"id": request_id, "path": path, "headers": shown, "body": body})

    def as_json(self, behaviour_error: str | None) -> dict[str, object]:
        return {
            "connections": self.connections,
            "open_connections": self.open_connections,
            "tls_failures": self.tls_failures,
            "behaviour_error": behaviour_error,
            "total": self.total.as_json(),
            "models": {name: tally.as_json() for name, tally in self.models.items()},
            "recent": list(self.recent),
        }
