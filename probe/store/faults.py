"""Database errors, translated once: what happened, whether waiting can help, and what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from probe.errors import StoreError, StoreUnavailable

REPAIR = "restore a backup with `probe db restore`, with the daemon stopped"

# SQLite's primary result codes; the name of an extended one (SQLITE_IOERR_WRITE) starts with its primary.
# https://www.sqlite.org/rescode.html
_SQLITE_PASSING = {
    "SQLITE_BUSY": "is locked by another program; it goes on once that one lets go",
    "SQLITE_LOCKED": "is locked by another program; it goes on once that one lets go",
    "SQLITE_PROTOCOL": "is locked by another program; it goes on once that one lets go",
    "SQLITE_FULL": "cannot grow: the disk is full; free some space on it",
    "SQLITE_READONLY": "is read-only; allow this user to write the file and its folder",
    "SQLITE_IOERR": "cannot be read or written: the disk failed or is full, or a size limit struck; check it",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and that this user may write there",
    "SQLITE_NOMEM": "cannot be used: out of memory",
    # A backup makes them well: nothing that waits may be refused for good.
    "SQLITE_CORRUPT": f"is damaged; {REPAIR}",
    "SQLITE_NOTADB": f"is no SQLite database; check the path, or {REPAIR}",
}
_SQLITE_LACKS = ("no such table", "no such column", "has no column named")
_SQLITE_LASTING = {"SQLITE_CONSTRAINT": "refused a row", "SQLITE_TOOBIG": "refused a row: too big"}

# SQLSTATE codes and classes (two characters). https://www.postgresql.org/docs/15/errcodes-appendix.html
_POSTGRES_PASSING = {
    "08": "cannot be reached: the connection failed; check that the server runs",
    "25006": "is read-only: a standby, or set so; connect to the primary",
    "28": "refused the login; check user and password in the URL",
    "3D000": "does not exist; create it with createdb",
    "40": "rolled the transaction back in favour of another",
    "42501": "refused: the user lacks a privilege",
    "53100": "cannot grow: the server's disk is full; free some space on it",
    "53200": "cannot be used: the server is out of memory",
    "53300": "cannot be reached: too many connections; raise max_connections or stop other clients",
    "55P03": "is locked by another program; it goes on once that one lets go",
    "57014": "took too long and was told to stop",
    "57P": "is shutting down or starting; it goes on once the server is back",
    "58": "cannot be read or written: the server's disk failed",
    "XX001": "is damaged; restore a backup with `probe db restore`",
    "XX002": "has a damaged index; rebuild it with REINDEX DATABASE",
}


@contextmanager
def database_errors(who: str) -> Iterator[None]:
    """Database errors inside come out as StoreError or StoreUnavailable, one line, `from` the original.

    `who` is what the line begins with: "the database data/probe.db".
    """
    try:
        yield
    except StoreError:
        raise
    except (StatementError, PoolTimeout, sqlite3.Error, OSError, TimeoutError) as error:
        raise translate(who, error) from error
    except Exception as error:
        if not type(error).__module__.startswith("asyncpg"):
            raise
        raise translate(who, error) from error


def tells_damage(error: BaseException | None) -> bool:
    """Whether SQLite says that the file is not whole, or no database."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def translate(who: str, error: BaseException) -> StoreError:
    """The StoreError that says the same; `error` is SQLAlchemy's, a driver's or the system's."""
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    # SQLAlchemy's adapter of asyncpg wraps the driver's own error once more.
    driver = cause.__cause__ or cause
    if isinstance(cause, sqlite3.Error):
        return _sqlite(who, cause)
    if isinstance(driver, (ValueError, TypeError, OverflowError)):
        return StoreError(f"{who} refused a value: {_line(driver)}")
    if isinstance(cause, PoolTimeout):
        return StoreUnavailable(f"{who} is busy: every connection is in use; try again")
    if isinstance(cause, TimeoutError):
        return StoreUnavailable(f"{who} did not answer in time; check that it is up and not overloaded")
    if isinstance(cause, OSError):
        reason = cause.strerror or str(cause)
        return StoreUnavailable(f"{who} cannot be reached: {_line(reason)}; check that it runs, and the URL")
    return _postgres(who, driver)


def _sqlite(who: str, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorname", "")
    for name, words in _SQLITE_PASSING.items():
        if code.startswith(name):
            return StoreUnavailable(f"{who} {words} ({code})")
    for name, words in _SQLITE_LASTING.items():
        if code.startswith(name):
            return StoreError(f"{who} {words} ({code}: {_line(error)})")
    if any(words in str(error) for words in _SQLITE_LACKS):
        return StoreUnavailable(f"{who} lacks a table or a column ({_line(error)}); {REPAIR}")
    return StoreError(f"{who} refused: {_line(error)}")


def _postgres(who: str, error: BaseException) -> StoreError:
    """An error without SQLSTATE is one of the driver, mostly of a connection that is gone."""
    state = getattr(error, "sqlstate", None) or ""
    if "statement pooling" in str(error):  # PgBouncer's words
        return StoreUnavailable(
            f"{who} is behind a pooler of statements; let it pool transactions or sessions"
        )
    for code, words in _POSTGRES_PASSING.items():
        if state.startswith(code):
            return StoreUnavailable(f"{who} {words} ({state}: {_line(error)})")
    if state:
        return StoreError(f"{who} refused: {_line(error)} ({state})")
    return StoreUnavailable(f"{who} cannot be reached: {_line(error)}")


def _line(message: object) -> str:
    """The first line, short: the rest may repeat stored values."""
    first, _, _ = str(message).strip().partition("\n")
    return first[:300]
