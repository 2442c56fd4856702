"""Every error this program raises on purpose.

ProbeError
├── ConfigError            the configuration cannot be used; the message says where and what to do
├── SuiteError             a suite file cannot be used
├── CaptureError           a saved capture cannot be read
├── NotRunning             the daemon is starting or stopping and takes no orders
├── OverBudget             a run does not fit into what is left of a budget, and was not begun
├── SimulatorError         the simulator could not be started, or died
├── StopwatchError         the stopwatch process died or could not be started: our fault, never the provider's
├── PriceSourceError       a source of prices cannot be read: what it said before stays
├── ProviderError          a provider cannot be asked, or listed something unreadable
├── EngineError            an inference server does not answer about itself, or unreadably
├── StoreError             the database refused; `permanent` says whether trying again can help
│   └── StoreUnavailable   locked, full, unreachable: the same write may succeed later
└── ExportError            a sink refused; `permanent` says whether the same records can ever be accepted

A failed attempt is no exception: it is a `Failed` outcome on a stored sample (see `probe.facts.sample`).
"""

from typing import Literal


class ProbeError(Exception):
    """Root of the tree. `str(error)` is one line, fit for a terminal, and holds no secret."""


class ConfigError(ProbeError):
    """The configuration cannot be used. `problems` holds one line for each thing to put right.

    They are redacted here, once for all that show them: people put keys in places where names belong.
    """

    def __init__(self, *problems: str) -> None:
        # Its patterns take long to build, and the help of a command needs none of them.
        from probe.lib.secrets import redact_typed

        self.problems = tuple(map(redact_typed, problems))
        super().__init__("; ".join(self.problems))


class SuiteError(ProbeError):
    """A suite file cannot be used."""


class CaptureError(ProbeError):
    """A saved capture cannot be read."""


class NotRunning(ProbeError):
    """The daemon is starting or stopping and takes no orders."""


class OverBudget(ProbeError):
    """A run does not fit into what is left of a budget, and was not begun."""


class StopwatchError(ProbeError):
    """The stopwatch process died, or could not be started."""


class SimulatorError(ProbeError):
    """The simulator could not be started, or died."""


class ProviderError(ProbeError):
    """No request can be sent to a provider, or it answered a listing with something unreadable.

    `kind` is that of an attempt which fails so: of our own making, or for want of the right credentials.
    """

    def __init__(self, message: str, *, kind: Literal["probe", "auth"] = "probe") -> None:
        super().__init__(message)
        self.kind: Literal["probe", "auth"] = kind


class EngineError(ProbeError):
    """An inference server does not answer a question about itself, or with something unreadable.

    `status` is the one it answered with, where that was the trouble.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class PriceSourceError(ProbeError):
    """A source of prices cannot be reached, or answers with something unreadable."""


class StoreError(ProbeError):
    """The database refused an operation."""

    permanent = True


class StoreUnavailable(StoreError):
    """The database cannot be written or reached now; the same operation may succeed later."""

    permanent = False


class ExportError(ProbeError):
    """A sink refused records.

    `permanent` is true where the same records would be refused again; `retry_after_seconds` is what the
    sink requested, None if it requested nothing.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
