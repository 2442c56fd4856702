"""Where the daemon is in its life."""

from typing import Literal

from probe.errors import NotRunning


class LifecycleState:
    """Orders are taken while it is running: before, parts are missing; afterwards, they go one by one."""

    def __init__(self) -> None:
        self.name: Literal["starting", "running", "stopping"] = "starting"

    @property
    def stopping(self) -> bool:
        return self.name == "stopping"

    def require_running(self) -> None:
        """Raises NotRunning."""
        if self.name != "running":
            raise NotRunning(f"the daemon is {self.name}")
