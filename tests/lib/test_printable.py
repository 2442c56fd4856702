"""A detail is one line, short, and holds no secret."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lib.printable import LONGEST_DETAIL, escaped_json, printable_line, terminal_text
from probe.lib.secrets import MASK

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n b\t c", "a b c"),
        ("a\x00b\x1b[31mc\x7f", "a b [31mc"),
        ("a\u2028b", "a b"),
        ("half \ud83d a pair", "half a pair"),
        ("  ", ""),
    ],
)
def test_printable_line(text: str, shown: str) -> None:
    assert printable_line(text) == shown


def test_a_long_text_is_cut() -> None:
    cut = printable_line("word " * 1000)
    assert len(cut) <= LONGEST_DETAIL
    assert cut.endswith("…")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Incorrect API key provided: sk-abc***xyz. You can find your API key at https://…", "sk-abc***xyz"),
        ("Incorrect API key provided: sk-proj-****************************************Xy9A.", "Xy9A"),
        ("Incorrect API key provided: sk-abcd.", "sk-abcd"),
        ("invalid api_key=abcd1234", "abcd1234"),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("key gsk_0123456789abcdefghij was refused", "gsk_0123456789abcdefghij"),
        ("key sk-or-v1-0123456789abcdef was refused", "0123456789abcdef"),
        (f"Invalid API key: {HEX}", HEX),
        ("Invalid access token: 'abcd1234efgh'", "abcd1234efgh"),
        ("proxy http://user:hush@127.0.0.1:1 failed", "hush"),
        ("the key is ab*****yz", "ab*****yz"),
    ],
)
def test_secrets_are_masked(text: str, secret: str) -> None:
    shown = printable_line(text)
    assert secret not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to https://user:hush@host.example/v1; if", f"to https://user:{MASK}@host.example/v1; if"),
        ("to https://host.example/v1?key=abcd1234; if", f"to https://host.example/v1?key={MASK}; if"),
        ("to https://hooks.slack.com/services/T0/B0/x.", f"to https://hooks.slack.com/services/{MASK}."),
        ("to https://host.example/ab*****yz/v1, if", f"to https://host.example/{MASK}/v1, if"),
        ("to https://ab*****yz:hush@host.example/", f"to https://{MASK}:{MASK}@host.example/"),
    ],
)
def test_a_mask_leaves_the_host_and_what_follows(text: str, shown: str) -> None:
    assert printable_line(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-9` does not exist or you do not have access to it.",
        "You can find your API key at https://platform.openai.com/account/api-keys.",
        "max tokens: 4096, context: 8192",
        "Rate limit reached for model `llama-3.1-8b-instant` in organization `org_01hq` on tokens per minute",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert printable_line(text) == text


@given(st.text())
def test_any_text_becomes_a_storable_line(text: str) -> None:
    line = printable_line(text)
    assert len(line) <= LONGEST_DETAIL
    assert line.splitlines() in ([], [line])
    assert "\x00" not in line
    line.encode("utf-8")


# What a terminal shows --------------------------------------------------------------------------------------

# Everything that Unicode calls a control character or an explicit direction, and marks of direction.
STEERING = [
    chr(code)
    for code in range(0x10000)
    if unicodedata.category(chr(code)) == "Cc"
    or unicodedata.bidirectional(chr(code)) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    or code in {0x061C, 0x200E, 0x200F, 0x2028, 0x2029}
]
PLAIN = "ÄÖ ñ 漢字 \u05d0\u05d1 \u0627 न\u200dम 👩\u200d💻 \u00a0 €"


def test_nothing_steers_a_terminal() -> None:
    assert len(STEERING) > 75
    text = "a".join(STEERING)
    assert not {*STEERING} - {"\t", "\n"} & {*terminal_text(text)}
    assert terminal_text(PLAIN) == PLAIN
    assert terminal_text("a\tb\n") == "a\tb\n"
    assert not {*STEERING} & {*printable_line(text)} - {" "}


def test_json_escapes_it_and_says_the_same() -> None:
    document = {"text": "".join(STEERING) + PLAIN + '\\"\\u202e'}
    written = json.dumps(document, ensure_ascii=False).encode()
    shown = escaped_json(written)
    assert json.loads(shown) == document
    assert not {*STEERING} & {*shown.decode()}
    assert PLAIN in shown.decode()
