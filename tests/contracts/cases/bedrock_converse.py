"""Bedrock's Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import FailureKind, Usage
from tests.contracts.case import DialectCase, ErrorCase, standard_errors, to_json
from tests.contracts.frames import MEDIA_TYPE, exception, frame

COUNTS = {
    "inputTokens": 9,
    "outputTokens": 9,
    "totalTokens": 30,
    "cacheReadInputTokens": 8,
    "cacheWriteInputTokens": 4,
}


def delta(index: int, **piece: Any) -> bytes:
    return frame("contentBlockDelta", {"contentBlockIndex": index, "delta": piece, "p": "abcd"})


def ending(**more: Any) -> bytes:
    return frame("metadata", {"metrics": {"latencyMs": 812}, **more})


def message(**more: Any) -> bytes:
    content = [
        {"reasoningContent": {"reasoningText": {"text": "Which city?", "signature": "EqQB"}}},
        {"text": "Paris is it."},
    ]
    output = {"message": {"role": "assistant", "content": content}}
    return to_json({"output": output, "stopReason": "end_turn", "metrics": {"latencyMs": 812}, **more})


CONTENT = (
    frame("messageStart", {"role": "assistant"}),
    delta(0, reasoningContent={"text": "Which city?"}),
    delta(0, reasoningContent={"signature": "EqQB"}),
    frame("contentBlockStop", {"contentBlockIndex": 0}),
    delta(1, text="Paris"),
    delta(1, text=" is it."),
    frame("contentBlockStop", {"contentBlockIndex": 1}),
    frame("messageStop", {"stopReason": "end_turn"}),
)


def named(status: int, name: str, text: str, kind: FailureKind) -> ErrorCase:
    """The name of the error is in the head alone."""
    head = {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    return ErrorCase(status=status, about=f"{name} {kind}", body={"message": text}, kind=kind, headers=head)


NAMED = (
    named(429, "ThrottlingException", "Too many tokens, please wait.", "rate_limited"),
    named(429, "ModelNotReadyException", "Model is not ready for inference.", "overloaded"),
    named(503, "ServiceUnavailableException", "Bedrock is unable to process it.", "overloaded"),
    named(500, "InternalServerException", "The system failed.", "server_error"),
    named(424, "ModelErrorException", "The model failed.", "server_error"),
    named(408, "ModelTimeoutException", "Model has timed out.", "server_error"),
    named(400, "ServiceQuotaExceededException", "The quota is exceeded.", "rate_limited"),
    named(400, "ValidationException", "max_tokens is too large.", "bad_request"),
    named(400, "ValidationException", "The provided model identifier is invalid.", "not_found"),
    named(
        400,
        "ValidationException",
        "Invocation of model ID m with on-demand throughput isn't supported.",
        "not_found",
    ),
    named(403, "AccessDeniedException", "You don't have access to the model.", "permission"),
    named(403, "AccessDeniedException", "Authentication failed: API Key is not valid.", "auth"),
    named(403, "UnrecognizedClientException", "The security token is invalid.", "auth"),
    named(403, "ExpiredTokenException", "The security token has expired.", "auth"),
    named(403, "InvalidSignatureException", "The signature we calculated differs.", "auth"),
    named(403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2", "probe"),
    named(403, "InvalidSignatureException", "Signature not yet current: 2 is later", "probe"),
    named(403, "MissingAuthenticationTokenException", "Missing Authentication Token", "auth"),
    named(404, "ResourceNotFoundException", "The model has reached its end of life.", "not_found"),
    named(404, "FTUFormNotFilled", "Submit the use case details.", "permission"),
)

CASE = DialectCase(
    dialect="bedrock-converse",
    base_url="http://127.0.0.1:9",
    key_header=("authorization", "Bearer contract-key"),
    stream_path="/model/some-model/converse-stream",
    body_path="/model/some-model/converse",
    stream_type=MEDIA_TYPE,
    text="Paris is it.",
    reasoning="Which city?",
    events=(*CONTENT, ending(usage=COUNTS)),
    output=(1, 4, 5),
    body=message(usage=COUNTS),
    uncounted_events=(*CONTENT, ending()),
    uncounted_body=message(),
    usage=Usage(input_tokens=21, output_tokens=9, cached_input_tokens=8, cache_write_tokens=4),
    model=None,
    answer_id=None,
    finish_reason="end_turn",
    error_event=exception("modelStreamErrorException", "The model stopped."),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(lambda _, text: {"message": text}),
        *NAMED,
    ),
    pages={
        "/foundation-models": {"modelSummaries": [{"modelId": "amazon.nova-v1:0"}]},
        "/inference-profiles?maxResults=1000": {
            "inferenceProfileSummaries": [{"inferenceProfileId": "us.some-v1:0"}],
            "nextToken": "two",
        },
        "/inference-profiles?maxResults=1000&nextToken=two": {
            "inferenceProfileSummaries": [{"inferenceProfileId": "eu.some-v1:0"}]
        },
    },
    model_ids=("amazon.nova-v1:0", "us.some-v1:0", "eu.some-v1:0"),
)
