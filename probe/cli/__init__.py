"""The command line: `probe`. `commands` are the options, light; `actions` do the work."""

from probe.cli.app import main

__all__ = ["main"]
