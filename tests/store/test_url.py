from __future__ import annotations

from pathlib import Path

import pytest

from probe.errors import StoreError
from probe.store.url import parse_url


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:///data/probe.db", "data/probe.db"),
        ("sqlite:////var/lib/probe.db", "/var/lib/probe.db"),
        ("SQLite:///with%20space.db", "with space.db"),
    ],
)
def test_sqlite_is_a_file(text: str, path: str) -> None:
    url = parse_url(text)
    assert (url.dialect, url.path, url.shown) == ("sqlite", Path(path), path)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "POSTGRES"])
def test_postgresql_is_shown_without_user_and_password(scheme: str) -> None:
    url = parse_url(f"{scheme}://ann:s3cret@db.test:6432/probe?sslmode=require")
    assert (url.dialect, url.path, url.shown) == ("postgresql", None, "db.test:6432/probe")
    assert url.text == "postgresql://ann:s3cret@db.test:6432/probe?sslmode=require"
    assert "s3cret" not in repr(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "probe.db",
        "mysql://ann:s3cret@host/probe",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file.db?mode=ro",
        "postgresql://ann:s3cret@host:port/probe",
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(StoreError, match="use sqlite:///relative") as caught:
        parse_url(text)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
