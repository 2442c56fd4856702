"""Captures saved and loaded again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.errors import CaptureError
from probe.lib.clock import ClockPair
from probe.wire.archive import load_capture, save_capture
from probe.wire.capture import Arrival, Capture, WireFailure
from probe.wire.local import LocalWire
from tests.wire.asking import ask
from tests.wire.raw_server import answers, response, serving

_PAIR = ClockPair(monotonic_ns=5, wall_ns=10)
_optional_ns = st.none() | st.integers(0, 2**62)


@st.composite
def captures(draw: st.DrawFn) -> Capture:
    pieces = draw(st.lists(st.binary(max_size=30) | st.text(max_size=10).map(str.encode), max_size=6))
    return Capture(
        method="POST",
        url=draw(st.text(max_size=20)),
        request_headers=tuple(
            draw(st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=5)), max_size=3))
        ),
        request_body=draw(st.binary(max_size=30)),
        clock_start=_PAIR,
        clock_end=ClockPair(monotonic_ns=6, wall_ns=draw(st.integers(0, 2**62))),
        started_ns=draw(st.integers(0, 2**62)),
        dns_ns=draw(_optional_ns),
        connected_ns=draw(_optional_ns),
        tls_ns=draw(_optional_ns),
        end_ns=draw(st.integers(0, 2**62)),
        received=b"".join(pieces),
        arrivals=tuple(Arrival(draw(st.integers(0, 2**62)), len(piece)) for piece in pieces),
        stamps=draw(st.sampled_from(["kernel", "read"])),
        reused=draw(st.booleans()),
        proxy=draw(st.none() | st.text(max_size=5)),
        failure=draw(st.none() | st.just(WireFailure(phase="stream", reason="reset", detail="é"))),
    )


@given(capture=captures())
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, capture: Capture) -> None:
    path = tmp_path_factory.mktemp("captures") / "capture.json"
    save_capture(path, capture)
    assert load_capture(path) == capture
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_real_capture_reads_like_a_conversation(wire: LocalWire, tmp_path: Path) -> None:
    with serving(answers(response(b"hello"))) as server:
        capture = await wire.exchange(ask(server))
    path = tmp_path / "capture.json"
    save_capture(path, capture)
    assert load_capture(path) == capture
    document = json.loads(path.read_text())
    assert (document["format"], document["version"]) == ("inference-probe capture", 1)
    assert document["request_body"] == {"text": '{"stream":true}'}
    assert document["received"][-1]["text"].endswith("hello")


def _document(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "good.json"
    save_capture(
        path,
        Capture(
            method="GET",
            url="http://127.0.0.1/",
            request_headers=(),
            request_body=b"",
            clock_start=_PAIR,
            clock_end=_PAIR,
            started_ns=1,
            end_ns=2,
            received=b"\xff",
            arrivals=(Arrival(1, 1),),
        ),
    )
    document: dict[str, Any] = json.loads(path.read_text())
    return document


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": "something else"}, "Invalid enum value 'something else' - at `$.format`"),
        ({"version": 2}, "version 2 is not known here, only 1"),
        ({"started_ns": "soon"}, "Expected `int`, got `str` - at `$.started_ns`"),
        ({"colour": "red"}, "Object contains unknown field `colour`"),
        ({"received": [{"at_ns": 1, "base64": "!"}]}, "no capture: "),
        ({"request_headers": [["X", "\u20ac"]]}, "no capture: "),
    ],
)
def test_other_documents_are_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "capture.json"
    path.write_text(json.dumps(_document(tmp_path) | changes))
    with pytest.raises(CaptureError) as caught:
        load_capture(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert complaint in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b'"x"', b"{"])
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "capture.json"
    path.write_bytes(content)
    with pytest.raises(CaptureError):
        load_capture(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file or directory"):
        load_capture(tmp_path / "absent.json")


def test_bytes_without_an_instant_are_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "capture.json"
    capture = Capture(
        method="GET",
        url="",
        request_headers=(),
        request_body=b"",
        clock_start=_PAIR,
        clock_end=_PAIR,
        started_ns=1,
        end_ns=2,
        received=b"abc",
        arrivals=(Arrival(1, 2),),
    )
    with pytest.raises(CaptureError):
        save_capture(path, capture)
    assert not path.exists()
