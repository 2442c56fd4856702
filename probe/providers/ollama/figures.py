"""What Ollama counts and clocks: token counts and durations of the last line of an answer, or of a body.

A server that clocked the evaluation leaves out what is 0: what is absent there is 0. One that passes on the
answer of another (ollama.com) clocks the whole at most: what is absent there is unknown.

`prompt_eval_count` left out as 0 means that nothing of the prompt had to be evaluated: all of it was in the
cache. How long the prompt is has then not been said: `Usage` holds an estimate, marked as one, and `Reported`
the evaluated 0. Servers that run on llama-server count the cached tokens in, while `prompt_eval_duration` is
that of the others only; nothing in the answer tells them apart.

`load_duration` begins with the request, so it holds the wait for a free slot as well as the loading
(https://github.com/ollama/ollama/blob/main/server/routes.go, `checkpointLoaded`).
"""

from __future__ import annotations

from probe.facts.sample import Reported
from probe.lib.clock import NS_PER_SECOND
from probe.providers.ollama.line import Line
from probe.providers.usage import TokenCounts, sound
from probe.providers.values import whole_text

# Durations are Go's: 64 bits.
_LONGEST_NS = 2**63 - 1


def counted(line: Line) -> TokenCounts | None:
    """The token counts of a line; None where it has none."""
    counts = _told(line, line.prompt_eval_count), _told(line, line.eval_count)
    if counts == (None, None):
        return None
    return TokenCounts(input_tokens=counts[0], output_tokens=counts[1])


def reported(line: Line) -> Reported | None:
    """What the server says of the request; None where it says nothing."""
    spans = line.total_duration, line.load_duration, line.prompt_eval_duration, line.eval_duration
    if not line.remote_host and all(span is None for span in spans):
        return None
    return Reported(
        source="response",
        load_seconds=_seconds(_told(line, line.load_duration)),
        prompt_seconds=_seconds(_told(line, line.prompt_eval_duration)),
        prompt_tokens=sound(_told(line, line.prompt_eval_count)),
        completion_seconds=_seconds(_told(line, line.eval_duration)),
        completion_tokens=sound(_told(line, line.eval_count)),
        total_seconds=_seconds(line.total_duration),
        upstream=whole_text(line.remote_host[:200]) if line.remote_host else None,
    )


def _told(line: Line, value: int | None) -> int | None:
    """The value as it is meant."""
    return 0 if value is None and (line.eval_duration or line.prompt_eval_duration) else value


def _seconds(ns: int | None) -> float | None:
    return ns / NS_PER_SECOND if ns is not None and 0 <= ns <= _LONGEST_NS else None
