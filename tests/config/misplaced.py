"""Secrets of every kind, and a configuration with one of them in each place where none belongs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple

from probe.config.sources.shape import Place, every_setting, is_list, is_mapping, is_section, shape_at
from probe.config.sources.variables import variable_of

# What has to be found nowhere, and the text around it.
SECRETS = {
    "OpenAI": ("sk-proj-Zk3abcDEF123_456-789xyzQ", "{}"),
    "Groq": ("gsk_a1b2c3d4e5f6g7h8i9j0klmnopqrst", "{}"),
    "Anthropic": ("sk-ant-api03-abCD1234efGH5678ijKL-xyz_AA", "{}"),
    "Google": ("AIzaSyA-0123456789abcdefghijklmnopqrs", "{}"),
    "AWS id": ("AKIAZ7Q3M5N8P2R4T6VX", "{}"),
    "AWS key": ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYZ3X9Q2KEYS", "{}"),
    "JWT": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w", "{}"),
    "bearer token": ("tok.4f9e8d7c6b5a", "Bearer {}"),
    "header": ("tok.5a6b7c8d9e0f", "Authorization: Bearer {}"),
    "password of a URL": ("hunter2/Pa55@word", "https://user:{}@db.example/v1"),
    "database": ("Pa55word9", "postgresql://probe:{}@db.example/probe"),
    "Slack": ("T0AAA1111/B0BBB2222/cccDDD333eeeFFF", "https://hooks.slack.com/services/{}"),
    "Discord": ("123456789/aBcDeF-gHiJ_kL", "https://discord.com/api/webhooks/{}"),
    "Hugging Face": ("hf_abcdefghijklmnopqrSTUVwx", "{}"),
    "GitHub": ("ghp_0123456789abcdefABCDEF0123456789abcd", "{}"),
    "hexadecimal": ("4f9e8d7c6b5a49382716051423324150", "{}"),
    "random": ("Xq7Rt2Lm9Zv4Kp8Wn3Bs6Yd1Hf5Jg0Tc", "{}"),
}
# A number without a shape may be the id of a machine or of a model.
_IDS = frozenset({"model", "location", "instance"})
_SHAPELESS = frozenset({"hexadecimal", "random", "AWS key"})


class Case(NamedTuple):
    """`secret` must not be shown of a configuration file or of variables like these."""

    id: str
    secret: str
    values: dict[str, Any]
    variables: dict[str, str]


def cases(rounds: int = 2) -> list[Case]:
    """Every place so many times, each time with another kind of secret."""
    kinds = cycle(SECRETS)
    found = []
    for _ in range(rounds):
        for where, place, as_key in _places():
            kind = next(kinds)
            if kind in _SHAPELESS and (_is_free(place) or set(place[-1:]) & _IDS):
                kind = "OpenAI"
            secret, form = SECRETS[kind]
            text = form.format(secret)
            values = _nested((*place, text), "x") if as_key else _nested(place, text)
            variables = {}
            if not as_key and where == "value" and not {0, "*"} & set(place):
                variables = {variable_of(place): text}
            found.append(Case(f"{kind} as {where} at {place}", secret, values, variables))
        next(kinds)
    return found


def _places() -> Iterator[tuple[str, Place, bool]]:
    yield "key", (), True
    for place, _ in every_setting():
        shape = shape_at(place)
        if is_section(shape) or is_mapping(shape):
            yield "key", place, True
        if is_list(shape):
            yield "entry", (*place, 0), False
        yield "value", place, False
    yield "value", ("exporters", "other", "url"), False
    yield "key", ("exporters", "other"), True
    yield "value", ("providers", "simulator", "apikey"), False


def _is_free(place: Place) -> bool:
    return place[:1] == ("exporters",)


def _nested(place: Place, value: Any) -> Any:
    for key in reversed(place):
        value = [value] if key == 0 else {"simulator" if key == "*" else key: value}
    return value
