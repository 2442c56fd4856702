"""How a simulated model behaves: its parameters, their limits, and how they are read."""

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from probe.errors import ConfigError
from probe.simulator.faults import FAULT_EFFECTS, is_fault

Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
_Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of one simulated model. Instants count from the arrival of the whole request.

    `reasoning_field`, `first`, `charged_usd`, `system_fingerprint` and the kinds of `usage` but `absent` and
    `zero` are of chat completions; the other APIs have one way each.

    Timing
    head_ms           request -> response head
    ttft_ms           request -> first output, never before the head; `ttft_spread_ms` more or less, evenly
    gap_ms            between two writes of output; `gap_spread_ms` likewise
    end_ms            last output -> finish reason, usage and [DONE]
    slow_share        share of requests that are `slow_factor` times as slow
    stall_ms          how long the stalling faults keep silent

    Answer
    tokens            of the answer; the request's max_tokens cuts it
    text              what to answer instead of the stock words; its words are its tokens
    reasoning_tokens  before the answer, in the delta's `reasoning_field`
    finish_reason     instead of `stop`, or `length` where max_tokens cut
    served_model      what the answer calls its model, where that is not what was asked for
    system_fingerprint   as in the answer
    cached_tokens, cache_write_tokens   the part of the prompt's that was read from and written to a cache
    charged_usd       what the usage says the answer cost, as OpenRouter does

    Framing
    tokens_per_chunk  words in one event
    merge             events in one write
    split             writes for one event, `split_gap_ms` apart, the last of them at the planned instant; one
                      cut lies inside a multi-byte character where there is one
    first             the opening event, with the head: role only, content null, content empty, or none
    usage             asked: a last chunk where stream_options ask for it; final: such a chunk always;
                      last_chunk: on the last output event, with the finish reason; x_groq: Groq's envelope;
                      zero: a last chunk with all counts 0; absent: nowhere
    comments          SSE comments, or the API's own signs of life, between head and first output;
                      `comment_every` that many writes one more; none where the API has none
    newline, data_space, last_blank_line   of the event stream
    done              false leaves the mark of the stream's end out
    framing           chunked, or until the connection closes
    keep_alive        false closes after the answer
    ratelimit_headers x-ratelimit-* headers also where `rpm` sets no limit
    refuse            request fields, separated by commas, that are answered with 400

    Trouble
    fault             see `probe.simulator.faults`
    fault_share       share of requests that it strikes
    fault_after       tokens sent before it strikes; half of the answer if absent
    error_status      what an error inside an answer is about, as the status before it would say
    error_body        of an HTTP fault: the API's own shape, an HTML page, plain text, or nothing
    retry_after_seconds  of a 429
    rpm               requests a minute; the others get 429
    """

    head_ms: Milliseconds = 0
    ttft_ms: Milliseconds = 200
    ttft_spread_ms: Milliseconds = 0
    gap_ms: Milliseconds = 10
    gap_spread_ms: Milliseconds = 0
    end_ms: Milliseconds = 0
    slow_share: Share = 0
    slow_factor: Annotated[float, Meta(ge=0, le=1000)] = 4
    stall_ms: Milliseconds = 600_000

    tokens: _Count = 100
    text: str | None = None
    reasoning_tokens: _Count = 0
    reasoning_field: Literal["reasoning", "reasoning_content"] = "reasoning"
    finish_reason: str | None = None
    served_model: str | None = None
    system_fingerprint: str | None = "fp_simulated"
    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    charged_usd: Annotated[float, Meta(ge=0)] | None = None

    tokens_per_chunk: Positive = 1
    merge: Positive = 1
    split: Annotated[int, Meta(ge=1, le=16)] = 1
    split_gap_ms: Milliseconds = 1
    first: Literal["role", "null_content", "empty", "none"] = "empty"
    usage: Literal["asked", "final", "last_chunk", "x_groq", "zero", "absent"] = "asked"
    comments: Annotated[int, Meta(ge=0, le=1000)] = 0
    comment_every: _Count = 0
    newline: Literal["lf", "crlf", "cr"] = "lf"
    data_space: bool = True
    last_blank_line: bool = True
    done: bool = True
    framing: Literal["chunked", "close"] = "chunked"
    keep_alive: bool = True
    ratelimit_headers: bool = False
    refuse: str = ""

    fault: str | None = None
    fault_share: Share = 1
    fault_after: _Count | None = None
    error_status: Annotated[int, Meta(ge=400, le=599)] = 500
    error_body: Literal["api", "html", "text", "none"] = "api"
    retry_after_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 20
    rpm: Positive | None = None

    def __post_init__(self) -> None:
        if self.fault is not None and not is_fault(self.fault):
            raise ValueError(f"unknown fault {self.fault!r}{meant(self.fault, FAULT_EFFECTS)}")


FIELDS = frozenset(Behaviour.__struct_fields__)


def overridden(
    base: Behaviour, parameters: Mapping[str, object], place: str, *, text: bool = False
) -> Behaviour:
    """`base` with these parameters. `text`: the values are strings, as in a model name.

    Raises ConfigError naming the place, the parameter and what it may be.
    """
    for name in parameters:
        if name not in FIELDS:
            raise ConfigError(f"{place}: unknown parameter {name!r}{meant(name, FIELDS)}")
    try:
        return msgspec.convert({**msgspec.structs.asdict(base), **parameters}, Behaviour, strict=not text)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{place}: {_readable(str(exc))}") from exc


@lru_cache(maxsize=1024)
def from_query(base: Behaviour, query: str) -> Behaviour:
    """`base` with the parameters after the `?` of a model name; an empty one is unset. Raises ConfigError."""
    parameters: dict[str, object] = {}
    for part in query.split("&"):
        pair = parse_qsl(part, keep_blank_values=True)
        if len(pair) != 1 or "=" not in part:
            raise ConfigError(f"model parameters ?{query}: {part!r} is not name=value")
        parameters[pair[0][0]] = pair[0][1] or None
    return overridden(base, parameters, f"model parameters ?{query}", text=True)


def meant(word: str, known: frozenset[str] | Mapping[str, str]) -> str:
    """`; did you mean 'x'?`, or nothing where no known word is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _readable(message: str) -> str:
    """msgspec's "Expected `int` >= 0 - at `$.tokens`" with the parameter first."""
    found = re.fullmatch(r"(.*) - at `\$\.?(.*)`", message)
    return f"{found[2]}: {found[1]}" if found and found[2] else message.removesuffix(" - at `$`")
