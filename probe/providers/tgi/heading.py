"""What TGI says of a request in the head of `/generate`: counts and durations.

https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs (`generate_internal`).
`x-compute-time` is in seconds, every other time in whole milliseconds, cut off. The head of a stream is
written before the work is done and has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.usage import TokenCounts, sound

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,30})?")


def read_head(answer: Answer, headers: Mapping[str, str]) -> None:
    """Counts and durations into the answer. Names of `headers` are in lower case.

    The time of inference is that of the prompt and the answer together, which TGI does not part: it stays
    out, so that no speed comes of it. The time of a token is that time through the tokens, as TGI means it,
    without its loss of up to a millisecond.
    """
    prompt_tokens = _count(headers.get("x-prompt-tokens"))
    tokens = _count(headers.get("x-generated-tokens"))
    total = _number(headers.get("x-compute-time"))
    inference = _milliseconds(headers.get("x-inference-time"))
    queue = _milliseconds(headers.get("x-queue-time"))
    each = inference / tokens if inference and tokens else _milliseconds(headers.get("x-time-per-token"))
    if prompt_tokens is not None or tokens is not None:
        answer.usage = TokenCounts(input_tokens=prompt_tokens, output_tokens=tokens)
    total = _milliseconds(headers.get("x-total-time")) if total is None else total
    if all(seconds is None for seconds in (total, queue, each)):
        return
    answer.reported = Reported(source="headers", queue_seconds=queue, itl_seconds=each, total_seconds=total)


def _count(value: str | None) -> int | None:
    number = _number(value)
    return sound(int(number)) if number is not None and number.is_integer() else None


def _milliseconds(value: str | None) -> float | None:
    number = _number(value)
    return None if number is None else number / 1000


def _number(value: str | None) -> float | None:
    return float(value) if value is not None and _NUMBER.fullmatch(value.strip()) else None
