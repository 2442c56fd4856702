"""What commands print: tables that fit a terminal and are plain columns in a pipe, and errors as lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO, cast

from probe.lib.printable import escaped_json, terminal_text
from probe.lib.secrets import redact

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# Columns are split at spaces by those who read them with a program.
_COLUMN_SAFE: Final = {ord("\t"): "\N{REPLACEMENT CHARACTER}", ord("\N{NO-BREAK SPACE}"): " "}


class Cell(NamedTuple):
    """`style` is one of rich; it shows on a terminal only."""

    text: str
    style: str = ""


def console(stream: TextIO | None = None) -> Console:
    """For stdout unless another stream is given; what is printed is taken literally."""
    from rich.console import Console

    return Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)


def terminal_safe(text: str) -> str:
    """Text from outside, unable to steer a terminal, with plain spaces only."""
    return terminal_text(text).translate(_COLUMN_SAFE)


def print_line(text: str = "") -> None:
    """To stdout, without wrapping."""
    sys.stdout.write(f"{terminal_text(text)}\n")


def print_json(document: object, *, lines: bool = False) -> None:
    """To stdout: facts and bodies of `probe.reports`, indented, or with `lines` an item a line.

    Instants are UTC, money is text, unknown is null.
    """
    from pydantic_core import to_json

    items = cast("Iterable[object]", document) if lines else (document,)
    for item in items:
        print_line(escaped_json(to_json(item, indent=None if lines else 2)).decode())


def print_error(line: str) -> None:
    """`error: …` on stderr, redacted, one line."""
    text = " ".join(terminal_safe(redact(line)).split("\n"))
    if sys.stderr.isatty():
        from rich.text import Text

        console(sys.stderr).print(Text.assemble(("error:", "bold red"), f" {text}"), soft_wrap=True)
    else:
        sys.stderr.write(f"error: {text}\n")


def print_traceback(text: str) -> None:
    sys.stderr.write(terminal_text(redact(text)))


def print_note(text: str) -> None:
    """To stderr: what a person wants to know and a program that reads stdout does not."""
    sys.stderr.write(f"{terminal_text(text)}\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Cell | str]], lead: int = 1) -> None:
    """One line a row, two spaces between the columns; `>` before a title aligns its column to the right.

    On a terminal that is too narrow the first `lead` columns become headings over the rest.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in _layout(columns, cells):
            print_line(line.plain.rstrip())
        return
    screen = console()
    lines = _layout(columns, cells)
    if max(line.cell_len for line in lines) > screen.width:
        lines = _grouped(columns, cells, lead)
    for line in lines:
        screen.print(line, soft_wrap=True)


def _cell(value: Cell | str) -> Cell:
    cell = value if isinstance(value, Cell) else Cell(value)
    return cell._replace(text=" ".join(terminal_safe(cell.text).split("\n")))


def _layout(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[Text]:
    """The head and the rows, padded to the widest entry of each column."""
    from rich.cells import cell_len
    from rich.text import Text

    head = [Cell(column.removeprefix(">"), "bold") for column in columns]
    lines = [head, *rows]
    widths = [max(cell_len(line[index].text) for line in lines) for index in range(len(columns))]
    made = []
    for line in lines:
        text = Text()
        for index, (cell, column) in enumerate(zip(line, columns, strict=True)):
            padding = " " * (widths[index] - cell_len(cell.text))
            text.append("  " if index else "")
            text.append(padding if column.startswith(">") else "")
            text.append(cell.text, cell.style)
            text.append(padding if not column.startswith(">") and index < len(columns) - 1 else "")
        made.append(text)
    return made


def _grouped(columns: Sequence[str], rows: Sequence[Sequence[Cell]], lead: int) -> list[Text]:
    from rich.text import Text

    head, *inner = _layout(columns[lead:], [row[lead:] for row in rows])
    lines = [Text("  ") + head]
    before = None
    for row, text in zip(rows, inner, strict=True):
        heading = "  ".join(cell.text for cell in row[:lead])
        if heading != before:
            lines.append(Text(heading))
            before = heading
        lines.append(Text("  ") + text)
    return lines
