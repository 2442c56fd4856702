"""Claude by Bedrock's InvokeModel: Anthropic's events in frames.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

import json
from dataclasses import replace

from tests.contracts.case import standard_errors
from tests.contracts.cases.anthropic import CASE as MESSAGES
from tests.contracts.frames import MEDIA_TYPE, chunk, exception


def framed(events: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(chunk(json.loads(event.split(b"data: ", 1)[1])) for event in events)


CASE = replace(
    MESSAGES,
    dialect="bedrock-invoke",
    key_header=("authorization", "Bearer contract-key"),
    stream_path="/model/some-model/invoke-with-response-stream",
    body_path="/model/some-model/invoke",
    stream_type=MEDIA_TYPE,
    events=framed(MESSAGES.events),
    uncounted_events=framed(MESSAGES.uncounted_events),
    error_event=exception("internalServerException", "The system failed."),
    error_event_kind="stream_error",
    errors=standard_errors(lambda _, text: {"message": text}),
    pages={},
    model_ids=(),
)
