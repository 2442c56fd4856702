"""`probe replay`: what a saved capture says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from probe.cli.options import AsJson


def probe_replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A capture, as `probe test-request --save` writes it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Print the timeline of a saved capture.

    \b
    Examples:
      probe test-request --save slow.json
      probe replay slow.json
    """
    from probe.cli.output.attempt import print_attempt
    from probe.providers.factory import dialect_of
    from probe.providers.reading import read_answer
    from probe.wire.archive import load_capture

    capture = load_capture(file)
    print_attempt(capture, read_answer(capture, dialect_of(capture)), as_json=as_json)
