"""Where log lines go: a stream, and one file a day (UTC) of which the oldest are deleted."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

_NAME: Final = re.compile(r"probe-(\d{4}-\d{2}-\d{2})\.log")


class Handler(logging.Handler):
    """Says in one line that a record could not be written; logging's own report would quote its secrets."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        kind = sys.exc_info()[0]
        reason = "" if kind is None else kind.__name__
        if sys.stderr is not None and not issubclass(kind or Exception, BrokenPipeError):
            sys.stderr.write(f"a log record of {record.name} could not be written: {reason}\n")


class Stream(Handler, logging.StreamHandler[TextIO]):
    """A terminal, or whatever stands behind stderr."""


class DailyFile(Handler):
    """Writes each record to `probe-<the record's date>.log` and keeps the files of the last `keep_days` days.

    A file that cannot be written is said on stderr once, until it can be written again; logging goes on
    elsewhere. Raises OSError where the directory cannot be made.
    """

    def __init__(self, directory: Path, keep_days: int) -> None:
        # First: a handler that could not be made must not be known to logging, which closes all it knows.
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__()
        self._directory = directory
        self._keep_days = keep_days
        self._day: date | None = None
        self._file: TextIO | None = None
        self._failing = False

    def emit(self, record: logging.LogRecord) -> None:
        day = datetime.fromtimestamp(record.created, UTC).date()
        try:
            line = self.format(record)
            if self._file is None or day != self._day:
                self._file = self._open(day)
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as exc:
            self._close_file()
            if not self._failing:
                self._failing = True
                sys.stderr.write(f"the log file cannot be written: {self._directory}: {exc.strerror}\n")
        except Exception:  # noqa: BLE001  a record that cannot be formatted must not stop who logged it
            self.handleError(record)
        else:
            self._failing = False

    def close(self) -> None:
        self._close_file()
        super().close()

    def _open(self, day: date) -> TextIO:
        self._close_file()
        self._day = day
        self._delete_before(day - timedelta(days=self._keep_days - 1))
        return (self._directory / f"probe-{day.isoformat()}.log").open(
            "a", encoding="utf-8", errors="backslashreplace"
        )

    def _close_file(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):  # what could not be flushed was reported by the write
                file.close()

    def _delete_before(self, first: date) -> None:
        """Only files of our own naming; the dates in the names decide, not the file system's."""
        for path in self._directory.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is not None and match[1] < first.isoformat():
                path.unlink(missing_ok=True)
