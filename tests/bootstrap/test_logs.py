"""How lines look, where they go, and that no secret is in any of them."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import pty
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from probe.bootstrap.logs import DailyFile, configure_logs
from probe.config.results import LogConfig
from probe.lib.secrets import MASK, learn

SECRET = "log-test-secret-value-1"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Handlers and levels are the process's: leave them as other tests expect them."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []
    learn([SECRET])
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    for name in ("probe", "exporters"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_a_line_is_json() -> None:
    stream = io.StringIO()
    configure_logs(LogConfig(), stream)
    structlog.get_logger("probe.probing.runner").info("run finished", job="nightly", failed=0)
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "logger", "event", "job", "failed"]
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is UTC
    assert line == {
        "level": "info",
        "logger": "probe.probing.runner",
        "event": "run finished",
        "job": "nightly",
        "failed": 0,
    }


def test_on_a_terminal_a_line_is_text_with_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    configure_logs(LogConfig(), stream)
    structlog.get_logger("probe.probing.runner").info("run finished", job="nightly")
    assert "\x1b[1mrun finished" in stream.getvalue()
    assert "nightly" in stream.getvalue()


def test_who_wants_no_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    configure_logs(LogConfig(), stream)
    structlog.get_logger("probe.probing.runner").info("run finished")
    assert "\x1b" not in stream.getvalue()


def test_text_that_was_asked_for_has_no_colours_in_a_pipe() -> None:
    stream = io.StringIO()
    configure_logs(LogConfig(format="terminal"), stream)
    structlog.get_logger("probe.probing.runner").warning("late", seconds=3)
    assert stream.getvalue().endswith("[warning  ] late [probe.probing.runner] seconds=3\n")


def test_text_from_outside_cannot_steer_a_terminal_or_forge_a_line() -> None:
    stream = io.StringIO()
    configure_logs(LogConfig(format="terminal"), stream)
    structlog.get_logger("probe.x").info("said", text="a\x1b[2Jb\r\n2026 [info] forged\x9b")
    assert stream.getvalue().count("\n") == 1
    assert not {"\x1b", "\x9b", "\r"} & set(stream.getvalue())


def test_levels_are_ours_and_libraries_only_warn() -> None:
    stream = io.StringIO()
    configure_logs(LogConfig(level="debug"), stream)
    structlog.get_logger("probe.wire").debug("ours")
    logging.getLogger("exporters.prometheus").debug("ours too")
    logging.getLogger("openai").debug("request body")
    logging.getLogger("httpx").info("GET https://…")
    logging.getLogger("apscheduler.scheduler").warning("theirs")
    assert [line["event"] for line in lines(stream)] == ["ours", "ours too", "theirs"]
    configure_logs(LogConfig(level="error"), stream)
    structlog.get_logger("probe.wire").warning("too little")
    assert len(lines(stream)) == 3


def test_uvicorn_and_warnings_take_the_same_way() -> None:
    stream = io.StringIO()
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).addHandler(logging.StreamHandler(io.StringIO()))
        logging.getLogger(name).propagate = False
    configure_logs(LogConfig(), stream)
    logging.getLogger("uvicorn.error").error("no %s", "port", extra={"port": 80})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second = lines(stream)
    assert (first["event"], first["logger"], first["port"]) == ("no port", "uvicorn.error", 80)
    assert "DeprecationWarning: old" in second["event"]


def refuse(secret: str) -> None:
    raise ConnectionError(f"refused: postgresql://u:{secret}@h/d") from KeyError(secret)


@pytest.mark.parametrize("form", ["terminal", "json"])
def test_no_secret_is_in_any_part_of_a_line(form: str, tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logs(LogConfig.model_validate({"format": form, "directory": tmp_path}), stream)
    log = structlog.get_logger("probe.x")
    try:
        refuse(SECRET)
    except ConnectionError:
        log.exception("failed", key=SECRET, nested={"a": [SECRET]}, url=f"https://h/?key={SECRET}")
        logging.getLogger("sqlalchemy").exception("bad %s", SECRET, extra={"token": SECRET})
    log.info(SECRET, data=SECRET.encode(), stack_info=True)
    (file,) = tmp_path.iterdir()
    for text in (stream.getvalue(), file.read_text()):
        assert SECRET not in text
        assert text.count(MASK) >= 8
        assert "ConnectionError: refused: postgresql://u:" in text


def test_a_traceback_shows_no_local_variables() -> None:
    stream = Terminal()
    configure_logs(LogConfig(), stream)

    def fail(local: str) -> None:
        raise ValueError(len(local))

    try:
        fail("what-a-local-holds")
    except ValueError:
        structlog.get_logger("probe.x").exception("failed")
    assert "ValueError: 18" in stream.getvalue()
    assert "what-a-local" not in stream.getvalue().replace('fail("what-a-local-holds")', "")


def test_configuring_again_replaces_what_was_configured(tmp_path: Path) -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs(LogConfig(directory=tmp_path / "a"), first)
    configure_logs(LogConfig(directory=tmp_path / "b"), second)
    structlog.get_logger("probe.x").info("once")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1
    assert list((tmp_path / "a").iterdir()) == []


def record(when: str, message: str = "event") -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "name": "probe.x"})
    made.created = datetime.fromisoformat(when).timestamp()
    return made


def test_each_day_in_utc_has_its_file_and_old_ones_go(tmp_path: Path) -> None:
    (tmp_path / "probe-2025-12-29.log").write_text("old")
    (tmp_path / "probe-2025-12-30.log").write_text("kept")
    (tmp_path / "other-2025-01-01.log").write_text("not ours")
    handler = DailyFile(tmp_path, keep_days=3)
    handler.handle(record("2025-12-31T23:59:59.9+00:00", "last year"))
    handler.handle(record("2026-01-01T00:59:59+01:00", "still last year"))
    handler.handle(record("2026-01-01T00:00:00+00:00", "new year"))
    handler.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "other-2025-01-01.log",
        "probe-2025-12-30.log",
        "probe-2025-12-31.log",
        "probe-2026-01-01.log",
    ]
    assert (tmp_path / "probe-2025-12-31.log").read_text() == "last year\nstill last year\n"
    assert (tmp_path / "probe-2026-01-01.log").read_text() == "new year\n"
    assert (tmp_path / "probe-2026-01-01.log").stat().st_mode & 0o777 == 0o600


def test_a_restart_goes_on_in_the_file_of_the_day(tmp_path: Path) -> None:
    for message in ("before", "after"):
        handler = DailyFile(tmp_path, keep_days=1)
        handler.handle(record("2026-01-01T12:00:00+00:00", message))
        handler.close()
    assert (tmp_path / "probe-2026-01-01.log").read_text() == "before\nafter\n"


def test_a_full_disk_is_said_once_and_got_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = DailyFile(tmp_path, keep_days=1)
    path = tmp_path / "probe-2026-01-01.log"
    path.symlink_to("/dev/full")
    handler.handle(record("2026-01-01T12:00:00+00:00"))
    handler.handle(record("2026-01-01T12:00:01+00:00"))
    assert capsys.readouterr().err == (
        f"the log file cannot be written: {tmp_path}: {os.strerror(errno.ENOSPC)}\n"
    )
    path.unlink()
    handler.handle(record("2026-01-01T12:00:02+00:00", "written"))
    handler.close()
    assert path.read_text() == "written\n"


def test_a_record_that_cannot_be_formatted_stops_nobody_and_is_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(LogConfig(format="json", directory=tmp_path))
    logging.getLogger("lib").warning("%d", SECRET)
    said = capsys.readouterr().err
    assert said == "a log record of lib could not be written: TypeError\n" * 2


def test_a_reader_that_went_away_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:
        configure_logs(LogConfig(), stream)
        structlog.get_logger("probe.x").info("into the void")
        for handler in logging.getLogger().handlers:
            logging.getLogger().removeHandler(handler)
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    assert capsys.readouterr().err == ""


def test_a_pseudo_terminal_counts_as_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    main, other = pty.openpty()
    with os.fdopen(other, "w") as stream, os.fdopen(main, "rb", buffering=0) as screen:
        configure_logs(LogConfig(), stream)
        structlog.get_logger("probe.x").info("seen")
        assert b"\x1b[" in screen.read(200)
        logging.getLogger().handlers = []
