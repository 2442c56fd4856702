"""A provider's rate limits as figures, out of whichever headers tell them: pure.

The families that are understood; `read_rate_limits` has an example of each in its tests:

- `x-ratelimit-limit-requests`, `-remaining-`, `-reset-`, and the same of tokens. OpenAI
  (https://platform.openai.com/docs/guides/rate-limits), Groq (https://console.groq.com/docs/rate-limits),
  xAI, Azure (https://learn.microsoft.com/azure/ai-services/openai/how-to/quota), Fireworks
  (https://docs.fireworks.ai/guides/quotas_usage/rate-limits: `tokens-prompt`, `tokens-generated`).
- The same with a window at the end: Cerebras (https://inference-docs.cerebras.ai/support/rate-limits),
  SambaNova (https://docs.sambanova.ai/docs/en/models/rate-limits), Mistral (`req-minute`, `tokens-minute`).
- `x-ratelimit-limit` alone: OpenRouter (https://openrouter.ai/docs/api/reference/limits); together with
  `x-tokenlimit-limit`: Together (https://docs.together.ai/docs/rate-limits).
- `anthropic-ratelimit-input-tokens-remaining`: Anthropic (https://docs.anthropic.com/en/api/rate-limits).
- `ratelimitbysize-remaining`: Mistral before.
- `RateLimit` and `RateLimit-Policy`, and `RateLimit-Limit` with its likes before:
  https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (Hugging Face:
  https://huggingface.co/docs/hub/rate-limits).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from probe.limits.times import parse_number, reset_seconds

Resource = Literal["requests", "tokens", "input_tokens", "output_tokens"]
Window = Literal["second", "minute", "hour", "day", "month"]

LONGEST_RESET_SECONDS = 31 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What may be used of one resource; None if the provider does not say.

    `reset_seconds` counts from the date of the answer until all of `limit` is free again. `window` is the
    time that `limit` is for, if its name or policy says.
    """

    resource: Resource
    window: Window | None = None
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None


class _Place(NamedTuple):
    """What one header is about."""

    resource: Resource
    window: Window | None
    figure: str


_FIGURES = "limit|remaining|reset"
_X = re.compile(rf"x-(ratelimit|tokenlimit|ratelimitbysize)-({_FIGURES})(?:-(.+))?")
_ANTHROPIC = re.compile(rf"anthropic-ratelimit-(.+)-({_FIGURES})")
_PLAIN = re.compile(rf"(ratelimit|ratelimitbysize)-({_FIGURES})")

# The families of which each header has its own name.
_OF_TOKENS = frozenset({"tokenlimit", "ratelimitbysize"})

_RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {
        "requests": "requests",
        "req": "requests",
        "tokens": "tokens",
        "input-tokens": "input_tokens",
        "tokens-prompt": "input_tokens",
        "output-tokens": "output_tokens",
        "tokens-generated": "output_tokens",
    }
)
_WINDOWS: Mapping[str, Window] = MappingProxyType(
    {"second": "second", "minute": "minute", "hour": "hour", "day": "day", "month": "month"}
)
_WINDOW_SECONDS: Mapping[int, Window] = MappingProxyType(
    {1: "second", 60: "minute", 3600: "hour", 86_400: "day", 30 * 86_400: "month"}
)
_UNITS: Mapping[str, Resource] = MappingProxyType({"requests": "requests", "tokens": "tokens"})

# An item of a list, a name in it, a parameter of it (RFC 9651, as far as these fields need it).
_ITEM = re.compile(r'(?:[^",]|"[^"]*")+')
_NAME = re.compile(r'(?<!=)"([^"]*)"|^\s*([^\s";,=]+)')
_PARAMETER = re.compile(r';\s*([A-Za-z]+)=(?:"([^"]*)"|([^;,"]*))')
_PAIR = re.compile(r"\b(limit|remaining|reset)\s*=\s*([0-9.]+)")
_FIRST_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)")


def read_rate_limits(headers: Mapping[str, str], at: datetime) -> tuple[RateLimit, ...]:
    """Every limit that the head of an answer states, each resource and window once.

    `headers` have their names in lower case; `at` is the date of the answer, by which dates in them are read.
    What cannot be understood is left out.
    """
    stated: dict[tuple[Resource, Window | None], dict[str, float]] = {}
    for name, text in headers.items():
        place = _place(name)
        if place is None:
            continue
        value = reset_seconds(text, at) if place.figure == "reset" else _count(text)
        if value is not None and math.isfinite(value):
            stated.setdefault((place.resource, place.window), {}).setdefault(place.figure, value)
    limits = [_limit(resource, window, figures) for (resource, window), figures in stated.items()]
    found = {(limit.resource, limit.window) for limit in limits}
    limits += [limit for limit in _structured(headers) if (limit.resource, limit.window) not in found]
    return tuple(limits)


def _place(name: str) -> _Place | None:
    if found := _X.fullmatch(name):
        family, figure, what = found.groups()
        return _named(what or "", figure, "tokens" if family in _OF_TOKENS else "requests")
    if found := _ANTHROPIC.fullmatch(name):
        what, figure = found.groups()
        return _named(what, figure, None)
    if found := _PLAIN.fullmatch(name):
        family, figure = found.groups()
        return _Place("tokens" if family in _OF_TOKENS else "requests", None, figure)
    return None


def _named(what: str, figure: str, otherwise: Resource | None) -> _Place | None:
    """`tokens-minute`: the resource, and its window if it ends with one."""
    start, _, end = what.rpartition("-")
    window = _WINDOWS.get(end)
    rest = what if window is None else start
    resource = _RESOURCES.get(rest) if rest else otherwise
    return None if resource is None else _Place(resource, window, figure)


def _count(text: str) -> float | None:
    """The first number: a policy may follow it ("20, 20;w=60")."""
    found = _FIRST_NUMBER.match(text)
    return None if found is None else float(found[1])


def _limit(resource: Resource, window: Window | None, figures: Mapping[str, float]) -> RateLimit:
    return RateLimit(
        resource=resource,
        window=window,
        limit=_whole(figures.get("limit")),
        remaining=_whole(figures.get("remaining")),
        reset_seconds=_bounded(figures.get("reset")),
    )


def _structured(headers: Mapping[str, str]) -> Iterator[RateLimit]:
    """The `RateLimit` field: by its items since draft 8, by its pairs in draft 7."""
    field = headers.get("ratelimit")
    if field is None:
        return
    pairs = {name: parse_number(value) for name, value in _PAIR.findall(field)}
    if "remaining" in pairs:
        known = {name: value for name, value in pairs.items() if value is not None}
        yield _limit("requests", None, known)
        return
    policies = {
        name: policy for names, policy in _items(headers.get("ratelimit-policy", "")) for name in names
    }
    seen: set[tuple[Resource, Window | None]] = set()
    for names, parameters in _items(field):
        limit = _limit_of(parameters, next((policies[name] for name in names if name in policies), {}))
        if limit is not None and (limit.resource, limit.window) not in seen:
            seen.add((limit.resource, limit.window))
            yield limit


def _limit_of(parameters: Mapping[str, str], policy: Mapping[str, str]) -> RateLimit | None:
    """`r` remaining, `t` seconds until more; `q` the quota, `w` its window in seconds, `qu` its unit."""
    remaining = parse_number(parameters.get("r"))
    resource = _UNITS.get(policy.get("qu", "requests"))
    if remaining is None or resource is None:
        return None
    window = parse_number(policy.get("w"))
    return RateLimit(
        resource=resource,
        window=None if window is None else _WINDOW_SECONDS.get(round(window)),
        limit=_whole(parse_number(policy.get("q"))),
        remaining=_whole(remaining),
        reset_seconds=_bounded(parse_number(parameters.get("t"))),
    )


def _items(field: str) -> Iterator[tuple[Sequence[str], Mapping[str, str]]]:
    """The items of a list: the names in each (Hugging Face's policies have two), and its parameters."""
    for item in _ITEM.findall(field):
        names = [quoted or bare for quoted, bare in _NAME.findall(item)]
        yield names, {key: quoted or bare.strip() for key, quoted, bare in _PARAMETER.findall(item)}


def _whole(value: float | None) -> int | None:
    return None if value is None else math.floor(value)


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_RESET_SECONDS)
