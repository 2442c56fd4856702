"""Logs: readable text on a terminal, JSON lines elsewhere, and one file a day where asked.

Everything is logged through `structlog.get_logger("probe.<noun>")`; what libraries log through `logging`
takes the same way. The last thing that happens to a line is redaction, so that no key gets out, be it in the
text of an exception, in a traceback or in what a library thought worth saying.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import Processor

from probe.bootstrap.log_file import DailyFile, Stream
from probe.config import LogConfig, process_environment
from probe.lib.secrets import redact

# Ours are as talkative as asked; below this level libraries tell of their workings, request bodies included.
OURS: Final = ("probe", "exporters")
LIBRARY_LEVEL: Final = logging.WARNING
# uvicorn brings handlers of its own for these.
_WITH_HANDLERS: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")
# C0 and C1 control characters but for the tab and the line break: they would steer the reader's terminal.
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}
_MULTILINE: Final = frozenset({"exception", "stack"})


def configure_logs(config: LogConfig, stream: TextIO | None = None) -> None:
    """Set up logging for this process; may be called again, as after a reload.

    Raises OSError where the directory for files cannot be made.
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
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            ProcessorFormatter.wrap_for_formatter,
        ],
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
    handler = Stream(stream)
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
    return _formatter([JSONRenderer(default=str, ensure_ascii=False)])


def _formatter(rendering: list[Processor]) -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=[*_COMMON, ExtraAdder()],
        processors=[format_exc_info, _arrange, *rendering, _redact_line],
        use_get_message=True,
    )


_COMMON: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    add_log_level,
    add_logger_name,
]


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
            text = value.translate(_CONTROLS)
            event[key] = text if key in _MULTILINE else text.rstrip("\n").replace("\n", "\\n")
    return event


def _redact_line(_: Any, __: str, line: Any) -> str:
    return redact(str(line))
