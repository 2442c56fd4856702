"""What is made of the words of servers: pure."""

from __future__ import annotations

import pytest
import urllib3

from exporters.responses import (
    excerpt,
    reason_in_json,
    retry_after_seconds,
    unreachable_error,
    urllib3_reason,
)
from probe.lib.secrets import MASK
from tests.exporters.samples import NOW


def test_what_is_shown_is_one_short_line_without_secrets() -> None:
    assert excerpt("  two\r\n lines\t") == "two lines"
    assert excerpt("Authorization: Bearer qrstuvwx12345678") == f"Authorization: Bearer {MASK}"
    assert excerpt("x" * 200) == "x" * 200
    assert excerpt("x" * 201) == "x" * 200 + "…"


def test_a_secret_at_the_cut_is_not_shown_in_part() -> None:
    assert "qrstuvwx" not in excerpt("x" * 185 + " Bearer qrstuvwx12345678")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"message": "not\\nfound"}', "not found"),
        ('{"message": "", "error": "partial write"}', "partial write"),
        ('{"message": {"en": "no"}}', None),
        ('{"message": " "}', None),
        ('["message"]', None),
        ("<html>", None),
        ("", None),
    ],
)
def test_the_reason_in_json(body: str, reason: str | None) -> None:
    assert reason_in_json(body) == reason


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", None),
        ("soon", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_how_long_to_wait(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def test_no_reason_names_an_object_of_this_process() -> None:
    """As older versions of urllib3 say it, and as all wrap what went wrong on the way."""
    text = "<urllib3.connection.HTTPConnection object at 0x7f00>: Failed to establish a new connection"
    assert urllib3_reason(OSError(text)) == "Failed to establish a new connection"
    assert urllib3_reason(OSError("an object at rest")) == "an object at rest"
    wrapped = urllib3.exceptions.MaxRetryError(urllib3.HTTPConnectionPool("x"), "/", OSError("no route"))
    assert urllib3_reason(wrapped) == "no route"


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("Connection refused", "is it running?"),
        ("Read timed out.", "is it overloaded, or exporters.x.timeout_seconds too short?"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed",
            "name who signed its certificate in exporters.x.ca_file, and the host as the certificate does",
        ),
    ],
)
def test_what_to_look_at_where_there_is_no_answer(reason: str, hint: str) -> None:
    error = unreachable_error("it", "exporters.x", reason, otherwise="is it running?")
    assert str(error) == f"it cannot be reached: {reason}; {hint}"
    assert not error.permanent
