"""Database URLs, as people write them: `sqlite:///data/probe.db`, `postgresql://user@host/name`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from probe.errors import StoreError

SqlDialect = Literal["sqlite", "postgresql"]

FORMS = (
    "use sqlite:///relative/path.db, sqlite:////absolute/path.db or postgresql://user:password@host:port/name"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrl:
    """One database. `shown` names it in messages and holds no password; `text` may hold one.

    `path` is the file of an SQLite database, None for PostgreSQL.
    """

    dialect: SqlDialect
    text: str
    shown: str
    path: Path | None

    @property
    def who(self) -> str:
        """How an error message begins."""
        return f"the database {self.shown}"

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown})"


def parse_url(text: str) -> DatabaseUrl:
    """Raises StoreError, without repeating the URL, where it is none of ours."""
    scheme = text.partition(":")[0].lower()
    if scheme == "sqlite":
        return _sqlite(text)
    if scheme in ("postgresql", "postgres"):
        return _postgresql(text)
    raise StoreError(f"not a database URL this program knows; {FORMS}")


def _sqlite(text: str) -> DatabaseUrl:
    prefix = "sqlite:///"
    name = unquote(text[len(prefix) :]) if text.lower().startswith(prefix) else ""
    if not name or name == ":memory:" or "?" in name:
        raise StoreError(f"an SQLite database needs the path of a file; {FORMS}")
    path = Path(name).expanduser()
    return DatabaseUrl(dialect="sqlite", text=text, shown=str(path), path=path)


def _postgresql(text: str) -> DatabaseUrl:
    try:
        parts = urlsplit(text)
        user, host, port = parts.username, parts.hostname, parts.port
    except ValueError as error:
        raise StoreError(f"the PostgreSQL URL cannot be read; {FORMS}") from error
    name = parts.path.lstrip("/")
    shown = f"{host or 'local socket'}{f':{port}' if port else ''}/{name or user or ''}"
    normal = urlunsplit(parts._replace(scheme="postgresql"))
    return DatabaseUrl(dialect="postgresql", text=normal, shown=shown, path=None)
