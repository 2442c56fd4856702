"""What the official SDKs make of an answer, as a program reads it that asks them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from probe.facts.sample import DialectName

MODEL = "some-model"
PROMPT = "Which city? 🌍"
SYSTEM = "Be brief."
LIMIT = 64
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Said:
    """What came of an answer. `tokens` are input, output, the cached ones of the input, reasoning.

    `ends` is the reason as the provider gives it; `failed`: the client raised, or our outcome is a failure.
    """

    text: str = ""
    reasoning: str = ""
    call: str = ""
    ends: str | None = None
    tokens: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    failed: bool = False


class Listener:
    """Takes what an SDK gives out. What came before an error is kept."""

    def __init__(self) -> None:
        self.text = self.reasoning = self.call = ""
        self.ends: str | None = None
        self.tokens: tuple[int | None, int | None, int | None, int | None] = (None,) * 4

    def said(self, *, failed: bool) -> Said:
        return Said(
            text=self.text,
            reasoning=self.reasoning,
            call=self.call,
            ends=self.ends,
            tokens=self.tokens,
            failed=failed,
        )


def hear(dialect: DialectName, url: str, *, stream: bool) -> tuple[Said, str]:
    """What the SDK says of the answer played at the URL, and what it raised, empty if nothing."""
    clients: dict[str, Callable[[str, bool, Listener], None]] = {
        "openai-chat": ask_chat,
        "openai-responses": ask_responses,
        "anthropic-messages": ask_messages,
        "bedrock-invoke": ask_invoke,
        "vertex-claude": ask_vertex_claude,
        "bedrock-converse": ask_converse,
        "gemini": ask_gemini,
        "vertex-gemini": ask_vertex_gemini,
        "cohere-v2": ask_cohere,
    }
    heard = Listener()
    try:
        clients[dialect](url, stream, heard)
    except Exception as exc:  # noqa: BLE001  whatever it raises, it raised
        return heard.said(failed=True), f"{type(exc).__name__}: {exc}"
    return heard.said(failed=False), ""


def ask_chat(url: str, stream: bool, heard: Listener) -> None:
    import openai

    client: Any = openai.OpenAI(api_key="key", base_url=f"{url}/v1", max_retries=0)
    messages: Any = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}]
    asked: dict[str, Any] = {"model": MODEL, "messages": messages, "max_tokens": LIMIT, "seed": SEED}
    if stream:
        options = {"include_usage": True}
        chunks = client.chat.completions.create(**asked, temperature=0.0, stream=True, stream_options=options)
        for chunk in chunks:
            _take_choices(chunk, "delta", heard)
    else:
        _take_choices(client.chat.completions.create(**asked, temperature=0.0), "message", heard)


def _take_choices(chunk: Any, part: str, heard: Listener) -> None:
    for choice in chunk.choices or ():
        said = getattr(choice, part)
        heard.text += (said.content or "") + (said.refusal or "")
        heard.reasoning += getattr(said, "reasoning_content", None) or ""
        for call in said.tool_calls or ():
            heard.call += (call.function.name or "") + (call.function.arguments or "")
        heard.ends = choice.finish_reason or heard.ends
    if usage := chunk.usage:
        given, made = usage.prompt_tokens_details, usage.completion_tokens_details
        heard.tokens = (
            usage.prompt_tokens,
            usage.completion_tokens,
            given.cached_tokens if given else None,
            made.reasoning_tokens if made else None,
        )


def ask_responses(url: str, stream: bool, heard: Listener) -> None:
    import openai

    client: Any = openai.OpenAI(api_key="key", base_url=f"{url}/v1", max_retries=0)
    asked: dict[str, Any] = {
        "model": MODEL,
        "input": [{"role": "user", "content": PROMPT}],
        "instructions": SYSTEM,
        "max_output_tokens": LIMIT,
        "temperature": 0.0,
        "store": False,
    }
    if not stream:
        _take_response(client.responses.create(**asked), heard, whole=True)
        return
    for event in client.responses.create(**asked, stream=True):
        if event.type in ("response.output_text.delta", "response.refusal.delta"):
            heard.text += event.delta
        elif event.type in ("response.reasoning_text.delta", "response.reasoning_summary_text.delta"):
            heard.reasoning += event.delta
        elif event.type in (
            "response.function_call_arguments.delta",
            "response.custom_tool_call_input.delta",
        ):
            heard.call += event.delta
        elif event.type in ("response.completed", "response.incomplete", "response.failed"):
            _take_response(event.response, heard, whole=False)


def _take_response(response: Any, heard: Listener, *, whole: bool) -> None:
    for item in response.output if whole else ():
        if item.type == "message":
            for content in item.content:
                heard.text += content.text if content.type == "output_text" else content.refusal
        elif item.type == "reasoning":
            for content in (*item.summary, *(item.content or ())):
                heard.reasoning += content.text
        elif item.type == "function_call":
            heard.call += item.name + item.arguments
    cut = response.incomplete_details
    heard.ends = (cut.reason if cut else None) or response.status
    if usage := response.usage:
        given, made = usage.input_tokens_details, usage.output_tokens_details
        heard.tokens = (
            usage.input_tokens,
            usage.output_tokens,
            given.cached_tokens if given else None,
            made.reasoning_tokens if made else None,
        )


def ask_messages(url: str, stream: bool, heard: Listener) -> None:
    import anthropic

    _take_messages(anthropic.Anthropic(api_key="key", base_url=url, max_retries=0), stream, heard)


def ask_invoke(url: str, stream: bool, heard: Listener) -> None:
    import anthropic

    client = anthropic.AnthropicBedrock(api_key="key", aws_region="us-east-1", base_url=url, max_retries=0)
    _take_messages(client, stream, heard)


def ask_vertex_claude(url: str, stream: bool, heard: Listener) -> None:
    import anthropic

    client = anthropic.AnthropicVertex(
        access_token="key", project_id="p", region="us-east5", base_url=f"{url}/v1", max_retries=0
    )
    _take_messages(client, stream, heard)


def _take_messages(client: Any, stream: bool, heard: Listener) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": PROMPT}],
        "system": SYSTEM,
        "max_tokens": LIMIT,
    }
    if not stream:
        message = client.messages.create(**asked)
        for block in message.content:
            _take_block(block, heard)
        heard.ends = message.stop_reason
        _take_claude_tokens(message.usage, heard)
        return
    for event in client.messages.create(**asked, stream=True):
        if event.type == "message_start":
            usage = event.message.usage
            # What is counted at the start of the output is a guess.
            _take_claude_tokens(usage, heard)
            heard.tokens = (heard.tokens[0], None, *heard.tokens[2:])
        elif event.type == "content_block_start":
            _take_block(event.content_block, heard)
        elif event.type == "content_block_delta":
            delta = event.delta
            heard.text += delta.text if delta.type == "text_delta" else ""
            heard.reasoning += delta.thinking if delta.type == "thinking_delta" else ""
            heard.call += delta.partial_json if delta.type == "input_json_delta" else ""
        elif event.type == "message_delta":
            heard.ends = event.delta.stop_reason
            _take_claude_tokens(event.usage, heard)


def _take_block(block: Any, heard: Listener) -> None:
    if block.type == "text":
        heard.text += block.text
    elif block.type == "thinking":
        heard.reasoning += block.thinking
    elif block.type in ("tool_use", "server_tool_use"):
        heard.call += block.name + (json.dumps(block.input) if block.input else "")


def _take_claude_tokens(usage: Any, heard: Listener) -> None:
    """What was read from a cache or written to it is counted beside the input."""
    cached, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    given = usage.input_tokens
    details = getattr(usage, "output_tokens_details", None)
    heard.tokens = (
        heard.tokens[0] if given is None else given + (cached or 0) + (written or 0),
        usage.output_tokens,
        heard.tokens[2] if cached is None else cached,
        None if details is None else details.thinking_tokens,
    )


def ask_converse(url: str, stream: bool, heard: Listener) -> None:
    from botocore.config import Config
    from botocore.session import Session

    client = Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKID",
        aws_secret_access_key="hush",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    asked: dict[str, Any] = {
        "modelId": MODEL,
        "messages": [{"role": "user", "content": [{"text": PROMPT}]}],
        "system": [{"text": SYSTEM}],
        "inferenceConfig": {"maxTokens": LIMIT, "temperature": 0.0},
    }
    if stream:
        for event in client.converse_stream(**asked)["stream"]:
            _take_converse_event(event, heard)
        return
    answer = client.converse(**asked)
    for block in answer["output"]["message"]["content"]:
        heard.text += block.get("text", "")
        heard.reasoning += block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
        if use := block.get("toolUse"):
            heard.call += use["name"] + (json.dumps(use["input"]) if use["input"] else "")
    heard.ends = answer["stopReason"]
    _take_converse_tokens(answer.get("usage"), heard)


def _take_converse_event(event: Mapping[str, Any], heard: Listener) -> None:
    start = event.get("contentBlockStart", {}).get("start", {})
    heard.call += start.get("toolUse", {}).get("name", "")
    delta = event.get("contentBlockDelta", {}).get("delta", {})
    heard.text += delta.get("text", "")
    heard.reasoning += delta.get("reasoningContent", {}).get("text", "")
    heard.call += delta.get("toolUse", {}).get("input", "")
    heard.ends = event.get("messageStop", {}).get("stopReason", heard.ends)
    _take_converse_tokens(event.get("metadata", {}).get("usage"), heard)


def _take_converse_tokens(usage: Mapping[str, int] | None, heard: Listener) -> None:
    """What was read from a cache or written to it is counted beside the input."""
    if usage:
        cached, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
        given = usage["inputTokens"] + (cached or 0) + (written or 0)
        heard.tokens = (given, usage["outputTokens"], cached, None)


def ask_gemini(url: str, stream: bool, heard: Listener) -> None:
    import google.genai as genai

    with genai.Client(api_key="key", vertexai=False, http_options={"base_url": url}) as client:
        _take_contents(client, stream, heard)


def ask_vertex_gemini(url: str, stream: bool, heard: Listener) -> None:
    import google.genai as genai
    from google.oauth2 import credentials

    token: Any = credentials.Credentials

    with genai.Client(
        vertexai=True,
        project="p",
        location="us-east5",
        credentials=token(token="key"),
        http_options={"base_url": url},
    ) as client:
        _take_contents(client, stream, heard)


def _take_contents(client: Any, stream: bool, heard: Listener) -> None:
    config = {
        "system_instruction": SYSTEM,
        "max_output_tokens": LIMIT,
        "temperature": 0.0,
        "seed": SEED,
    }
    if stream:
        for chunk in client.models.generate_content_stream(model=MODEL, contents=PROMPT, config=config):
            _take_candidates(chunk, heard)
    else:
        _take_candidates(client.models.generate_content(model=MODEL, contents=PROMPT, config=config), heard)


def _take_candidates(chunk: Any, heard: Listener) -> None:
    for candidate in chunk.candidates or ():
        for part in (candidate.content.parts or ()) if candidate.content else ():
            if part.function_call:
                arguments = part.function_call.args
                heard.call += part.function_call.name + (json.dumps(arguments) if arguments else "")
            elif part.thought:
                heard.reasoning += part.text or ""
            else:
                heard.text += part.text or ""
        if candidate.finish_reason:
            heard.ends = str(candidate.finish_reason.value)
    if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
        heard.ends = str(chunk.prompt_feedback.block_reason.value)
    if usage := chunk.usage_metadata:
        made, thought = usage.candidates_token_count, usage.thoughts_token_count
        given, tools = usage.prompt_token_count, usage.tool_use_prompt_token_count
        heard.tokens = (
            None if given is None else given + (tools or 0),
            None if made is None and thought is None else (made or 0) + (thought or 0),
            usage.cached_content_token_count,
            thought,
        )


def ask_cohere(url: str, stream: bool, heard: Listener) -> None:
    import cohere

    client: Any = cohere.ClientV2(api_key="key", base_url=url)
    asked: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
        "max_tokens": LIMIT,
        "temperature": 0.0,
        "seed": SEED,
        "request_options": {"max_retries": 0},
    }
    if not stream:
        answer = client.chat(**asked)
        heard.reasoning += answer.message.tool_plan or ""
        for content in answer.message.content or ():
            _take_cohere_content(content, heard)
        for call in answer.message.tool_calls or ():
            heard.call += (call.function.name or "") + (call.function.arguments or "")
        heard.ends = answer.finish_reason
        _take_cohere_tokens(answer.usage, heard)
        return
    for event in client.chat_stream(**asked):
        if event.type == "content-delta":
            _take_cohere_content(event.delta.message.content, heard)
        elif event.type == "tool-plan-delta":
            heard.reasoning += event.delta.message.tool_plan or ""
        elif event.type in ("tool-call-start", "tool-call-delta"):
            function = event.delta.message.tool_calls.function
            heard.call += (getattr(function, "name", None) or "") + (function.arguments or "")
        elif event.type == "message-end":
            heard.ends = event.delta.finish_reason
            _take_cohere_tokens(event.delta.usage, heard)


def _take_cohere_content(content: Any, heard: Listener) -> None:
    heard.text += getattr(content, "text", None) or ""
    heard.reasoning += getattr(content, "thinking", None) or ""


def _take_cohere_tokens(usage: Any, heard: Listener) -> None:
    """The input as billed, the output as generated."""
    if usage is None:
        return
    billed, made = usage.billed_units or usage.tokens, usage.tokens or usage.billed_units
    heard.tokens = (
        None if billed is None or billed.input_tokens is None else int(billed.input_tokens),
        None if made is None or made.output_tokens is None else int(made.output_tokens),
        None if usage.cached_tokens is None else int(usage.cached_tokens),
        None,
    )
