"""The command line: `probe`. One file a command, thin; what a command does not need is not imported."""

from probe.cli.app import main

__all__ = ["main"]
