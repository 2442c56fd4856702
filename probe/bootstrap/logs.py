"""Logs: readable text on a terminal, JSON lines elsewhere, and one file a day if configured.

Everything is logged through `structlog.get_logger("probe.<noun>")`; what libraries log through `logging`
takes the same way. The last thing that happens to a line is redaction, so that no key gets out, be it in the
text of an exception, in a traceback or in what a library thought worth saying.
"""

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import Processor

from probe.config import process_environment
from probe.config.results import LogConfig
from probe.lib.printable import escaped_json, terminal_text
from probe.lib.secrets import redact

# Ours say as much as configured; below this level libraries tell of their workings, request bodies included.
OURS: Final = ("probe", "exporters")
LIBRARY_LEVEL: Final = logging.WARNING
_FILE_NAME: Final = re.compile(r"probe-(\d{4}-\d{2}-\d{2})\.log")
# uvicorn brings handlers of its own for these.
_WITH_HANDLERS: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")
_MULTILINE: Final = frozenset({"exception", "stack"})


def configure_logs(config: LogConfig, stream: TextIO | None = None) -> None:
    """Set up logging for this process; may be called again, as after a reload.

    Raises OSError if the directory for files cannot be made.
    """
    stream = sys.stderr if stream is None else stream
    handlers: list[logging.Handler] = [_stream_handler(config, stream)]
    if config.directory is not None:
        handlers.append(_file_handler(config.directory, config.keep_days))
    root = logging.getLogger()
    _replace_handlers(root, handlers)
    root.setLevel(LIBRARY_LEVEL)
    for name in OURS:
        logging.getLogger(name).setLevel(config.level.upper())
    for name in _WITH_HANDLERS:
        logger = logging.getLogger(name)
        _replace_handlers(logger, [])
        logger.propagate = True
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_COMMON, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _replace_handlers(logger: logging.Logger, handlers: list[logging.Handler]) -> None:
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    for new in handlers:
        logger.addHandler(new)


def _stream_handler(config: LogConfig, stream: TextIO) -> logging.Handler:
    handler = StreamHandler(stream)
    readable = config.format == "terminal" or (config.format == "auto" and stream.isatty())
    if readable:
        colours = stream.isatty() and not process_environment().get("NO_COLOR")
        console = ConsoleRenderer(
            colors=colours, exception_formatter=plain_traceback, pad_event_to=0, sort_keys=False
        )
        handler.setFormatter(_formatter([_harmless, console]))
    else:
        handler.setFormatter(_json_formatter())
    return handler


def _file_handler(directory: Path, keep_days: int) -> logging.Handler:
    handler = DailyFile(directory, keep_days)
    handler.setFormatter(_json_formatter())
    return handler


def _json_formatter() -> ProcessorFormatter:
    return _formatter([JSONRenderer(default=str, ensure_ascii=False), _escape_line])


def _formatter(rendering: list[Processor]) -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=[*_COMMON, ExtraAdder()],
        processors=[format_exc_info, _arrange, *rendering, _redact_line],
        use_get_message=True,
    )


_COMMON: Final[list[Processor]] = [structlog.contextvars.merge_contextvars, add_log_level, add_logger_name]


def _arrange(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how bad, who, what; then the rest. The date is the record's, the same in every handler."""
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog")
    instant = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    first = {"timestamp": instant.replace("+00:00", "Z")}
    first |= {key: event.pop(key) for key in ("level", "logger", "event") if key in event}
    return {**first, **event}


def _harmless(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No text from outside moves the cursor of a terminal, changes its colours or begins a line."""
    for key, value in event.items():
        if isinstance(value, str):
            text = terminal_text(value, _escaped)
            event[key] = text if key in _MULTILINE else text.rstrip("\n").replace("\n", "\\n")
    return event


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _escape_line(_: Any, __: str, line: Any) -> str:
    return escaped_json(str(line).encode("utf-8", "backslashreplace")).decode()


def _redact_line(_: Any, __: str, line: Any) -> str:
    return redact(str(line))


class Handler(logging.Handler):
    """Says in one line that a record could not be written; logging's own report would quote its secrets."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        kind = sys.exc_info()[0]
        reason = "" if kind is None else kind.__name__
        if sys.stderr is not None and not issubclass(kind or Exception, BrokenPipeError):
            sys.stderr.write(f"a log record of {record.name} could not be written: {reason}\n")


class StreamHandler(Handler, logging.StreamHandler[TextIO]):
    """A terminal, or whatever stands behind stderr."""


class DailyFile(Handler):
    """Writes each record to `probe-<the record's date>.log` and keeps the files of the last `keep_days` days.

    A file that cannot be written is said on stderr once, until it can be written again; logging goes on
    elsewhere. Raises OSError if the directory cannot be made.
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
        path = self._directory / f"probe-{day.isoformat()}.log"
        # Answers and addresses may be in it: for nobody else's eyes.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def _close_file(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):  # what could not be flushed was reported by the write
                file.close()

    def _delete_before(self, first: date) -> None:
        """Only files of our own naming; the dates in the names decide, not the file system's."""
        for path in self._directory.iterdir():
            match = _FILE_NAME.fullmatch(path.name)
            if match is not None and match[1] < first.isoformat():
                path.unlink(missing_ok=True)
