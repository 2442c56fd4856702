"""What an answer that came to its end amounts to."""

from probe.facts.sample import Ok, Outcome
from probe.providers.answer import Answer
from probe.providers.failures import failed
from probe.providers.finish import ending_of


def outcome_of(answer: Answer) -> Outcome:
    """Ok if there is an answer, cut at the limit or not, or a refusal in the model's own words.

    A refusal is an answer: whether it is a good one is for an evaluator. An answer that the provider's
    filter cut off is none. If only reasoning came, or nothing, the finish reason tells whether the
    limit was spent on it. A reason that nobody knows is neither a success nor a known failure.
    """
    reason = answer.finish_reason
    ending = "unstated" if reason is None else ending_of(reason)
    if ending is None:
        return failed(
            "unknown_finish",
            f"the provider ended the answer with a finish_reason that is not known here: {reason}",
        )
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
    what = "reasoning but no answer" if answer.pieces else "no answer"
    return failed("empty", f"{what}, finish_reason {reason}" if reason else what)


def _spent(answer: Answer) -> str:
    if answer.usage is not None and answer.usage.reasoning_tokens:
        return f", on {answer.usage.reasoning_tokens} reasoning tokens"
    return ", on reasoning" if answer.pieces else ""
