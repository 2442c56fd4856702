"""A bar on stderr, if that is a terminal, while a command waits."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, str], None]


@contextmanager
def progress_bar(total: int, description: str = "") -> Iterator[Show]:
    """Call what it gives with how many are done and what is going on; it goes with the block."""
    if not sys.stderr.isatty():
        yield lambda _done, _description: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from probe.cli.output.table import console, terminal_safe

    columns = (
        BarColumn(complete_style="cyan"),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done, text: bar.update(task, completed=done, description=terminal_safe(text))
