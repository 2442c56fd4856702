"""When the bundled simulator stands in for providers, and how often it is then probed."""

from typing import Final

from probe.config.probing import JobConfig, ProviderConfig

SIMULATOR: Final = "simulator"  # the preset

# In the place of a simulator that was not started.
UNSTARTED_URL: Final = "http://127.0.0.1/v1"

# It costs nothing, and somebody may be looking.
SIMULATED_JOBS: Final = (JobConfig(name="benchmark", cron="* * * * *", run_at_start=True),)


def needs_simulator(name: str, provider: ProviderConfig) -> bool:
    """Whether the bundled simulator has to be started for this provider."""
    return (provider.preset or name) == SIMULATOR and provider.base_url is None
