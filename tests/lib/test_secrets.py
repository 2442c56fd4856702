"""What is masked, and what is left alone."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probe.lib.secrets import MASK, MIN_SECRET_CHARACTERS, Redactor, display, looks_random, redact_typed

SHAPES = {
    "OpenAI": "sk-proj-abcDEF123_456-789xyz",
    "Groq": "gsk_abcdefghijklmnop",
    "OpenRouter": "sk-or-v1-0123456789abcdef",
    "xAI": "xai-0123456789abcdef",
    "Hugging Face": "hf_abcdefghijklmnop",
    "Google": "AIzaSyA-0123456789abcdefghijklmnopqrs",
    "Anthropic": "sk-ant-api03-abCD1234efGH5678ijKL-xyz_AA",
    "AWS": "AKIAZ7Q3M5N8P2R4T6VX",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w",
    "GitHub": "ghp_0123456789abcdefABCDEF0123456789abcd",
    "GitLab": "glpat-abc123DEF456ghi789JK",
    "Slack": "xoxb-123456789012-abcDEF456ghi",
    "Cerebras": "csk-0123456789abcdefghij",
    "half masked by a provider": "sk-abcd********************wxyz",
}


@pytest.mark.parametrize("key", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(
    "text", ["Incorrect API key provided: {}.", "{}", "key={}&x=1", "('{}',)", "a\n{}\nb"]
)
def test_a_key_that_nobody_configured_is_known_by_its_shape(key: str, text: str) -> None:
    assert Redactor()(text.format(key)) == text.format(MASK)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abcdefgh.ijk", f"Authorization: Bearer {MASK}"),
        ("{'authorization': 'Bearer abcdefgh'}", f"{{'authorization': 'Bearer {MASK}'}}"),
        ("authorization: Basic dXNlcjpwYXNz", f"authorization: Basic {MASK}"),
        ("x-api-key: abcd1234", f"x-api-key: {MASK}"),
        ('{"api_key": "abcd1234", "model": "m"}', f'{{"api_key": "{MASK}", "model": "m"}}'),
        ("password=hunter2 host=db", f"password={MASK} host=db"),
        ("GET /v1?api_key=abc&x=1", f"GET /v1?api_key={MASK}&x=1"),
        ("GET /v1?a=1&access_token=abc", f"GET /v1?a=1&access_token={MASK}"),
        ("postgresql://probe:pw@db/probe", f"postgresql://probe:{MASK}@db/probe"),
        ("postgresql://probe:p/w@x@db/probe", f"postgresql://probe:{MASK}@db/probe"),
        ("https://hooks.slack.com/services/T0/B0/xyz", f"https://hooks.slack.com/services/{MASK}"),
        ("https://discord.com/api/webhooks/1/x-y!", f"https://discord.com/api/webhooks/{MASK}"),
        ("password: letmein", f"password: {MASK}"),
        ("see http://u:p@h:1/x and http://v:q@h", f"see http://u:{MASK}@h:1/x and http://v:{MASK}@h"),
    ],
)
def test_a_credential_is_known_by_its_place(text: str, redacted: str) -> None:
    assert Redactor()(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "risk-assessment-of-the-provider",
        "a task-specific-instruction",
        "http://127.0.0.1:9797/metrics?target=a@b",
        "sqlite:///data/probe.db",
        "max_tokens: 256 and token: count",
        "the API key is missing",
        "Bearer token",
        "sk-learn-pipeline-stage",
        "key-value-store-of-2026",
        "hf-inference-endpoint-2",
        "no such key: providers.openai.base_ur",
        "keyboard-interrupt-handler-x",
        "providers.openai.api_key: must be visible ASCII characters without spaces",
        "exporters.other.password: unknown key; did you mean token?",
        "Authorization: failed for this user",
        "Bearer authentication is required",
        "http://h:8080/a/b?c=d@e",
    ],
)
def test_an_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor()(text) == text


@pytest.mark.parametrize(
    ("text", "random"),
    [
        ("4f9e8d7c6b5a49382716051423324150", True),
        ("Xq7Rt2Lm9Zv4Kp8Wn3Bs6Yd1Hf5Jg0Tc", True),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYZ3X9Q2KEYS", True),
        ("a-4QbN9x_Zr7LtW2pKs8VmEy3HcJd6TfGu5Ro", True),
        ("MetaLlama3InstructTurboChat", False),
        ("gpt-4o-mini-2024-07-18-Turbo-Instruct-FP8", False),
        ("production-inference-eu-west-1", False),
        ("mixtral-8x7b-instruct-v0-1-q4_k_m", False),
        ("/var/lib/probe/configuration/Main/probe1", False),
        ("inference_probe_ttft_seconds_bucket_2", False),
    ],
)
def test_a_key_without_a_shape_is_told_from_a_name(text: str, *, random: bool) -> None:
    assert looks_random(text) == random
    assert redact_typed(f"unknown provider '{text}'; see it") == (
        f"unknown provider '{MASK if random else text}'; see it"
    )


def test_configured_secrets_are_masked_wherever_they_stand() -> None:
    redact = Redactor(["no-known-shape-1", "longer-no-known-shape-1"])
    assert redact("<no-known-shape-1>") == f"<{MASK}>"
    assert redact("longer-no-known-shape-1") == MASK
    redact.learn(["learnt-later"])
    assert redact("learnt-later and no-known-shape-1") == f"{MASK} and {MASK}"


def test_of_a_url_only_the_password_is_secret() -> None:
    redact = Redactor(["postgresql://probe:p%40ss/word@db/probe", "sqlite:///data/probe.db"])
    assert redact("password authentication failed with p@ss/word at db") == (
        f"password authentication failed with {MASK} at db"
    )
    assert redact("postgresql://probe:p%40ss/word@db/probe") == f"postgresql://probe:{MASK}@db/probe"
    assert redact("sqlite:///data/probe.db on db") == "sqlite:///data/probe.db on db"


def test_a_short_secret_is_not_looked_for() -> None:
    assert Redactor(["none", "ollama", ""])("none of ollama") == "none of ollama"


def test_a_password_that_is_a_word_is_masked_as_a_word() -> None:
    redact = Redactor(["postgresql://probe:postgres@db/probe"])
    assert redact("postgresql: user postgres, password 'postgres'") == (
        f"postgresql: user {MASK}, password '{MASK}'"
    )


SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=MIN_SECRET_CHARACTERS).filter(
    lambda text: "://" not in text and not text.isalpha()
)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_spelling_of_a_secret_gets_through(secret: str, before: str, after: str) -> None:
    redact = Redactor([secret])
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        assert spelling not in redact(f"{before}{spelling}{after}").replace(MASK, "")


@given(
    st.dictionaries(
        st.sampled_from(["api_key", "url", "password", "event"]) | st.text(max_size=5),
        st.text(st.sampled_from("""abc01"'\\/:@?&= \n*-_é""") | st.characters(codec="utf-8"), max_size=40),
    ),
    st.lists(SECRETS, max_size=2),
)
@example({"event": 'api_key=abcd" rest'}, [])
@example({"url": 'https://h/?key=abc"'}, [])
def test_a_line_of_json_stays_one(event: dict[str, str], secrets: list[str]) -> None:
    assert isinstance(json.loads(Redactor(secrets)(json.dumps(event))), dict)


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    redact = Redactor(["a-known-secret"])
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("sk-1234567890", MASK),
        ("postgresql://probe:pw@db/probe", f"postgresql://probe:{MASK}@db/probe"),
        ("postgresql://db/probe", "postgresql://db/probe"),
        ("postgresql://probe@db/probe", "postgresql://probe@db/probe"),
        ("postgresql://u:db@db/probe?password=abcdef", f"postgresql://u:{MASK}@db/probe?password={MASK}"),
        ("sqlite:///data/probe.db", "sqlite:///data/probe.db"),
    ],
)
def test_what_people_see_of_a_secret(secret: str, shown: str) -> None:
    assert display(secret) == shown
