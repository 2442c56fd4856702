"""What an answer that came to its end amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from probe.facts.sample import Ok, Outcome
from probe.providers.answer import Answer
from probe.providers.failures import failed

# What a finish reason means, if it is not that the model was done.
#   limit       the limit on tokens was reached
#   filtered    the provider's filter ended the answer, or would not have it given at all
#   failed      the provider says that it failed
#   unfinished  the provider would go on with another request
Ending = Literal["limit", "filtered", "failed", "unfinished"]
Endings = Mapping[str, Ending]


def outcome_of(answer: Answer, endings: Endings) -> Outcome:
    """Ok if there is an answer, cut at the limit or not, or a refusal in the model's own words.

    A refusal is an answer: whether it is a good one is for an evaluator. An answer that the provider's
    filter cut off is none. If only reasoning came, or nothing, the finish reason tells whether the
    limit was spent on it. A reason that `endings` does not name says that the model was done.
    """
    reason = answer.finish_reason
    ending = None if reason is None else endings.get(reason)
    if ending == "filtered":
        return failed(
            "content_filter", f"the provider's content filter ended the answer, finish_reason {reason}"
        )
    if ending == "failed":
        return failed("stream_error", f"the provider ended the answer with finish_reason {reason}")
    if ending == "unfinished":
        return failed("incomplete", f"the provider paused the answer with finish_reason {reason}")
    if answer.has_answer:
        return Ok()
    if ending == "limit":
        return failed(
            "budget_exhausted", f"the limit on output tokens was spent before any answer{_spent(answer)}"
        )
    what = "reasoning but no answer" if answer.reasoning else "no answer"
    return failed("empty", f"{what}, finish_reason {reason}" if reason else what)


def _spent(answer: Answer) -> str:
    if answer.usage is not None and answer.usage.reasoning_tokens:
        return f", on {answer.usage.reasoning_tokens} reasoning tokens"
    return ", on reasoning" if answer.reasoning else ""
