"""What is to be said of an answer that came to its end."""

from __future__ import annotations

from probe.providers.failures import failed
from probe.providers.openai_chat.answer import Answer
from probe.sample import Ok, Outcome

_LENGTH = frozenset({"length", "max_tokens"})


def judge(answer: Answer) -> Outcome:
    """Ok where there is an answer, cut at the limit or not, or a refusal in the model's own words.

    A refusal is an answer: whether it is a good one is for an evaluator. An answer that the provider's
    filter cut off is none. Where only reasoning came, or nothing, the finish reason tells whether the
    limit was spent on it.
    """
    reason = answer.finish_reason
    if reason == "content_filter":
        return failed("content_filter", "the provider's content filter ended the answer")
    if reason == "error":
        return failed("stream_error", "the provider ended the answer with finish_reason error")
    if answer.has_answer:
        return Ok()
    if reason in _LENGTH:
        return failed(
            "budget_exhausted", f"the limit on output tokens was spent before any answer{_spent(answer)}"
        )
    what = "reasoning but no answer" if answer.reasoning else "no answer"
    return failed("empty", f"{what}, finish_reason {reason}" if reason else what)


def _spent(answer: Answer) -> str:
    details = answer.usage.completion_tokens_details if answer.usage is not None else None
    if details is not None and details.reasoning_tokens:
        return f", on {details.reasoning_tokens} reasoning tokens"
    return ", on reasoning" if answer.reasoning else ""
