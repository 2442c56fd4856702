"""`probe targets`: what is probed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probe.cli.options import AsJson, ConfigFile, Patterns

if TYPE_CHECKING:
    from probe.config import Config
    from probe.config.probing import TargetConfig


def probe_targets(target: Patterns = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the targets, their endpoints and their jobs.

    \b
    Examples:
      probe targets
      probe targets --target 'groq/*' --json
    """
    from probe.bootstrap.load import load_config
    from probe.cli.output.table import print_json, print_table
    from probe.lib.patterns import select
    from probe.reports.format import UNKNOWN

    settings = load_config(config)
    names = select(target or ["*"], [entry.label for entry in settings.targets])
    rows = [_describe(entry, settings) for entry in settings.targets if entry.label in names]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("target", "kind", "connection", "endpoint", "jobs"),
        [
            [
                row["name"],
                row["kind"],
                row["connection"] if row["stream"] else f"{row['connection']}, no stream",
                row["base_url"] or "the bundled simulator",
                ", ".join(row["jobs"]) or UNKNOWN,
            ]
            for row in rows
        ],
    )


def _describe(target: TargetConfig, config: Config) -> dict[str, Any]:
    """`base_url` is None if the bundled simulator is started for it."""
    from probe.bootstrap.simulated import needs_simulator
    from probe.lib.patterns import matches
    from probe.providers.resolve import resolve_endpoint

    provider = config.providers[target.provider]
    endpoint = (
        None if needs_simulator(target.provider, provider) else resolve_endpoint(target.provider, provider)
    )
    return {
        "name": target.label,
        "provider": target.provider,
        "model": target.model,
        "kind": "simulated" if endpoint is None else endpoint.kind,
        "connection": target.connection,
        "stream": target.stream,
        "base_url": None if endpoint is None else endpoint.base_url,
        "jobs": [
            job.name for job in config.jobs if any(matches(pattern, target.label) for pattern in job.targets)
        ],
    }
