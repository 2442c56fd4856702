"""`probe daemon`: the program that runs for years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.cli.options import ConfigFile

if TYPE_CHECKING:
    from probe.config import Config
    from probe.daemon.daemon import StartupReport


def probe_daemon(config: ConfigFile = None) -> None:
    """Probe on schedule; serve the board and the metrics.

    SIGHUP reads the configuration again. SIGTERM and Ctrl-C let what is in flight finish; a second one does
    not wait for it.

    \b
    Examples:
      probe daemon
      probe daemon --config /etc/probe/probe.yaml
    """
    import asyncio
    from pathlib import Path

    from probe.bootstrap.load import load_usable
    from probe.daemon.process import run_daemon

    source = "no file; defaults, environment and .env"

    def load() -> Config:
        nonlocal source
        loaded = load_usable(config)
        if loaded.file is not None:
            source = str(Path.cwd() / loaded.file)
        return loaded.config

    asyncio.run(run_daemon(load, lambda ready: _announce(ready, source)))


def _announce(ready: StartupReport, source: str) -> None:
    import sys

    from probe import __version__
    from probe.cli.output.format import counted
    from probe.cli.output.table import print_line

    if sys.stdout is None:  # a service manager may give none
        return
    print_line(f"Inference Probe {__version__}")
    print_line(f"  board    {ready.url}/")
    print_line(f"  metrics  {ready.url}/metrics")
    print_line(f"  results  {ready.database}")
    print_line(f"  probing  {counted(ready.series, 'target')} by {counted(ready.jobs, 'job')}")
    print_line(f"  config   {source}")
    if ready.simulated:
        print_line("  These targets are simulated. Put OPENAI_API_KEY, GROQ_API_KEY, TOGETHER_API_KEY,")
        print_line("  OPENROUTER_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, MISTRAL_API_KEY or")
        print_line("  DEEPSEEK_API_KEY into the environment or into .env to probe real ones.")
    sys.stdout.flush()
