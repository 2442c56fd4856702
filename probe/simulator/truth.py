"""The truth: what was written when, on the monotonic clock, in nanoseconds.

It is kept in memory while streams are open, and goes to a file or to a client off the timed path.
"""

from array import array
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec

from probe.errors import SimulatorError
from probe.simulator.plan import Write

End = Literal["complete", "close", "reset", "client_left", "stopped"]


class TruthRecord:
    """The truth about one request.

    `received_ns` is when the kernel had all of it (`stamp`: kernel), or when it was read (`stamp`: read).
    Every write has its planned instant, the instants directly before and after the send, its tokens and its
    size in plaintext; where the client was slow to take it, `returned_ns` is when the last byte had gone.
    `head_ns` is the first write of all.
    """

    __slots__ = (
        "_answer_tokens",
        "_at_ns",
        "_bytes",
        "_planned_ns",
        "_returned_ns",
        "_tokens",
        "client_request_id",
        "connection",
        "end",
        "end_ns",
        "fault",
        "id",
        "model",
        "received_ns",
        "request_of_connection",
        "stamp",
        "status",
        "stream",
    )

    def __init__(
        self,
        *,
        own_id: str,
        client_request_id: str | None,
        model: str,
        stream: bool,
        received_ns: int,
        stamp: Literal["kernel", "read"],
        connection: int,
        request_of_connection: int,
    ) -> None:
        self.id = own_id
        self.client_request_id = client_request_id
        self.model = model
        self.stream = stream
        self.received_ns = received_ns
        self.stamp = stamp
        self.connection = connection
        self.request_of_connection = request_of_connection
        self.status: int | None = None
        self.fault: str | None = None
        self.end: End | None = None
        self.end_ns: int | None = None
        self._planned_ns = array("q")
        self._at_ns = array("q")
        self._returned_ns = array("q")
        self._tokens = array("i")
        self._answer_tokens = array("i")
        self._bytes = array("i")

    def wrote(self, step: Write, size: int, at_ns: int, returned_ns: int) -> None:
        """One write has gone; `at_ns` was read directly before it was handed to the kernel."""
        self._planned_ns.append(self.received_ns + step.at_ns)
        self._at_ns.append(at_ns)
        self._returned_ns.append(returned_ns)
        self._tokens.append(step.tokens)
        self._answer_tokens.append(step.answer_tokens)
        self._bytes.append(size)

    def ended(self, end: End, at_ns: int) -> None:
        self.end = end
        self.end_ns = at_ns

    def as_json(self) -> dict[str, object]:
        """The record with what follows from it; an instant that never came is None."""
        with_tokens = [at for at, tokens in zip(self._at_ns, self._tokens, strict=True) if tokens]
        with_answer = [at for at, tokens in zip(self._at_ns, self._answer_tokens, strict=True) if tokens]
        return {
            "id": self.id,
            "client_request_id": self.client_request_id,
            "model": self.model,
            "stream": self.stream,
            "status": self.status,
            "fault": self.fault,
            "connection": self.connection,
            "request_of_connection": self.request_of_connection,
            "stamp": self.stamp,
            "received_ns": self.received_ns,
            "head_ns": self._at_ns[0] if self._at_ns else None,
            "first_token_ns": with_tokens[0] if with_tokens else None,
            "first_answer_ns": with_answer[0] if with_answer else None,
            "last_token_ns": with_tokens[-1] if with_tokens else None,
            "end_ns": self.end_ns,
            "end": self.end,
            "tokens": sum(self._tokens),
            "writes": {
                "planned_ns": self._planned_ns.tolist(),
                "at_ns": self._at_ns.tolist(),
                "returned_ns": self._returned_ns.tolist(),
                "tokens": self._tokens.tolist(),
                "answer_tokens": self._answer_tokens.tolist(),
                "bytes": self._bytes.tolist(),
            },
        }


class TruthLog:
    """The last `keep` records, by own id and by the client's, and the file that all of them go to."""

    def __init__(self, keep: int, file: Path | None = None) -> None:
        """Raises SimulatorError where the file cannot be written."""
        self._keep = keep
        self._records: OrderedDict[str, TruthRecord] = OrderedDict()
        self._by_client: dict[str, TruthRecord] = {}
        self._unwritten: list[TruthRecord] = []
        self._file: BinaryIO | None = None
        if file is not None:
            try:
                self._file = file.open("ab")
            except OSError as exc:
                raise SimulatorError(f"truth file {file}: {exc.strerror}") from exc

    def add(self, record: TruthRecord) -> None:
        """A request has come."""
        self._records[record.id] = record
        if record.client_request_id is not None:
            self._by_client[record.client_request_id] = record
        if len(self._records) > self._keep:
            self._forget(self._records.popitem(last=False)[1])

    def ended(self, record: TruthRecord) -> None:
        """The record is complete and may be written at the next flush."""
        if self._file is not None:
            self._unwritten.append(record)

    def find(self, key: str) -> TruthRecord | None:
        """By own id, or by the client's: the latest that had it."""
        return self._records.get(key) or self._by_client.get(key)

    def lines(self) -> bytes:
        """All records kept, oldest first, as JSON lines."""
        return b"".join([line(record) for record in self._records.values()])

    def clear(self) -> None:
        self._records.clear()
        self._by_client.clear()

    def flush(self) -> None:
        """Write what has ended since the last flush."""
        if self._file is not None and self._unwritten:
            self._file.write(b"".join([line(record) for record in self._unwritten]))
            self._file.flush()
            self._unwritten.clear()

    def close(self) -> None:
        self.flush()
        if self._file is not None:
            self._file.close()

    def _forget(self, record: TruthRecord) -> None:
        if self._by_client.get(record.client_request_id or "") is record:
            del self._by_client[record.client_request_id or ""]


def line(record: TruthRecord) -> bytes:
    return msgspec.json.encode(record.as_json()) + b"\n"


# The requests to the simulator: counts, the most at once, and the last requests.


_REDACTED = "[redacted]"
SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie"})
RECENT = 200


@dataclass(slots=True)
class RequestCounts:
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
    """Chat requests by the model that they name."""

    connections: int = 0
    open_connections: int = 0
    tls_failures: int = 0
    total: RequestCounts = field(default_factory=RequestCounts)
    models: dict[str, RequestCounts] = field(default_factory=dict)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=RECENT))

    def begin(self, model: str) -> None:
        self.total.begin()
        self.models.setdefault(model, RequestCounts()).begin()

    def end(self, model: str, status: int | None) -> None:
        for tally in (self.total, self.models[model]):
            tally.active -= 1
            tally.statuses["none" if status is None else str(status)] += 1

    def remember(self, request_id: str, path: str, headers: Iterable[tuple[str, str]], body: object) -> None:
        """Keep a copy of a request; of a credential only that it was there."""
        shown = [[name, _REDACTED if name in SECRET_HEADERS else value] for name, value in headers]
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
