"""Why an answer ended, in every provider's word for it: one closed table, as gateways pass on others'.

Words are compared in lower case, with `_` for `-` and blanks, and without Google's `FINISH_REASON_` before
them. A word that is not here says nothing that could be trusted: no success and nobody's known failure.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from probe.facts.sample import Ok, Outcome
from probe.providers.answer import Answer
from probe.providers.failures import failed

# What a finish reason means.
#   done        the model was done, or wants a tool
#   limit       the limit on tokens, or the model's window, was reached
#   filtered    the provider's filter ended the answer, or would not have it given at all
#   failed      the provider says that it failed, or broke the answer off
#   unfinished  the provider would go on with another request
#   unstated    no reason yet, or none told
Ending = Literal["done", "limit", "filtered", "failed", "unfinished", "unstated"]


class FinishReason(NamedTuple):
    """One word: what it means, who says it, and where that is written."""

    word: str
    ending: Ending
    said_by: str
    source: str


_OPENAI = "https://platform.openai.com/docs/api-reference/chat/object"
_RESPONSES = "https://platform.openai.com/docs/api-reference/responses/object"
_ANTHROPIC = "https://docs.claude.com/en/api/handling-stop-reasons"
_GEMINI = "https://ai.google.dev/api/generate-content#FinishReason"
_VERTEX = "https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse"
_MISTRAL = "https://docs.mistral.ai/api/endpoint/chat"
_COHERE = "https://docs.cohere.com/v2/reference/chat"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
_TITAN = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html"
_TOGETHER = "https://docs.together.ai/reference/chat-completions-1"
_DEEPSEEK = "https://api-docs.deepseek.com/api/create-chat-completion"
_ZAI = "https://docs.z.ai/api-reference/llm/chat-completion"
_DASHSCOPE = "https://help.aliyun.com/zh/model-studio/qwen-api-reference"
_QIANFAN = "https://cloud.baidu.com/doc/WENXINWORKSHOP/s/clntwmv7t"
_MINIMAX = "https://platform.minimaxi.com/document/ChatCompletion%20v2"
_VLLM = "https://github.com/vllm-project/vllm/blob/main/vllm/v1/engine/__init__.py"
_SGLANG = "https://github.com/sgl-project/sglang/blob/main/python/sglang/srt/managers/schedule_batch.py"
_TGI = "https://huggingface.co/docs/text-generation-inference/reference/api_reference"
_TRTLLM = "https://github.com/NVIDIA/TensorRT-LLM/blob/main/tensorrt_llm/executor/result.py"
_OLLAMA = "https://github.com/ollama/ollama/blob/main/llm/server.go"
_LLAMACPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
_LMSTUDIO = "https://lmstudio.ai/docs/typescript/llm-prediction/chat-completion"
_OPENROUTER = "https://openrouter.ai/docs/api-reference/overview"
_WATSONX = "https://cloud.ibm.com/apidocs/watsonx-ai#text-generation"
_ALEPH_ALPHA = "https://docs.aleph-alpha.com/api/complete/"
_HF_LEGACY = "https://huggingface.co/docs/huggingface_hub/package_reference/inference_types"
_REKA = "https://docs.reka.ai/api-reference/chat/create"
_GIGACHAT = "https://developers.sber.ru/docs/ru/gigachat/api/reference/rest/post-chat"
_XAI = "https://github.com/xai-org/xai-proto/blob/main/proto/xai/api/v1/sample.proto"
_OPENAI_CODES = "https://platform.openai.com/docs/guides/error-codes/api-errors"


def _rows(ending: Ending, said_by: str, source: str, words: str) -> tuple[FinishReason, ...]:
    return tuple(FinishReason(word, ending, said_by, source) for word in words.split())


FINISH_REASONS: tuple[FinishReason, ...] = (
    *_rows("done", "OpenAI", _OPENAI, "stop tool_calls function_call"),
    *_rows("done", "Anthropic", _ANTHROPIC, "end_turn stop_sequence tool_use"),
    *_rows("done", "Cohere", _COHERE, "complete tool_call"),
    *_rows("done", "Text Generation Inference", _TGI, "eos_token"),
    *_rows("done", "OpenAI Responses", _RESPONSES, "completed"),
    *_rows("done", "Together AI", _TOGETHER, "eos"),
    *_rows("done", "Amazon Titan", _TITAN, "finish finished stop_criteria_met"),
    *_rows("done", "TensorRT-LLM", _TRTLLM, "end_id stop_words"),
    *_rows("done", "LM Studio", _LMSTUDIO, "eosfound stopstringfound toolcalls"),
    *_rows("done", "Qianfan", _QIANFAN, "normal"),
    *_rows("done", "watsonx", _WATSONX, "eos_token_found"),
    *_rows("done", "Aleph Alpha", _ALEPH_ALPHA, "end_of_text stop_sequence_reached"),
    *_rows("done", "Hugging Face", _HF_LEGACY, "end_of_sequence"),
    *_rows("done", "llama.cpp", _LLAMACPP, "word"),
    *_rows("done", "xAI", _XAI, "reason_stop reason_tool_calls"),
    *_rows("limit", "OpenAI", _OPENAI, "length"),
    *_rows("limit", "xAI", _XAI, "reason_max_len reason_max_context"),
    *_rows("limit", "OpenAI, as an error", _OPENAI_CODES, "context_length_exceeded"),
    *_rows("limit", "Anthropic", _ANTHROPIC, "max_tokens model_context_window_exceeded"),
    *_rows("limit", "Mistral AI", _MISTRAL, "model_length"),
    *_rows("limit", "Cohere", _COHERE, "error_limit"),
    *_rows("limit", "Together AI", _TOGETHER, "max_length"),
    *_rows("limit", "LM Studio", _LMSTUDIO, "maxpredictedtokensreached contextlengthreached"),
    *_rows("limit", "llama.cpp", _LLAMACPP, "limit"),
    *_rows("limit", "watsonx", _WATSONX, "token_limit"),
    *_rows("limit", "Aleph Alpha", _ALEPH_ALPHA, "maximum_tokens"),
    *_rows("limit", "Reka", _REKA, "context"),
    *_rows("limit", "MiniMax", _MINIMAX, "max_output"),
    *_rows("limit", "OpenAI Responses", _RESPONSES, "max_output_tokens"),
    *_rows("limit", "vLLM", _VLLM, "repetition"),
    *_rows("filtered", "OpenAI", _OPENAI, "content_filter"),
    *_rows("filtered", "Anthropic", _ANTHROPIC, "refusal"),
    *_rows("filtered", "Cohere", _COHERE, "error_toxic"),
    *_rows("filtered", "Amazon Bedrock", _BEDROCK, "guardrail_intervened content_filtered"),
    *_rows("filtered", "Z.AI", _ZAI, "sensitive"),
    *_rows("filtered", "GigaChat", _GIGACHAT, "blacklist"),
    *_rows("filtered", "Gemini", _GEMINI, "safety recitation language blocklist prohibited_content spii"),
    *_rows("filtered", "Gemini", _GEMINI, "image_safety image_prohibited_content image_recitation"),
    *_rows("filtered", "Gemini", _GEMINI, "escalation model_armor pup_limited_disabled"),
    *_rows("filtered", "Vertex AI", _VERTEX, "jailbreak"),
    *_rows("failed", "OpenRouter", _OPENROUTER, "error"),
    *_rows("failed", "vLLM", _VLLM, "abort aborted"),
    *_rows("failed", "TensorRT-LLM", _TRTLLM, "cancelled canceled timeout timed_out not_finished"),
    *_rows("failed", "LM Studio", _LMSTUDIO, "userstopped modelunloaded failed"),
    *_rows("failed", "Cohere", _COHERE, "user_cancel"),
    *_rows("failed", "Amazon Bedrock", _BEDROCK, "malformed_model_output malformed_tool_use"),
    *_rows("failed", "Z.AI", _ZAI, "network_error"),
    *_rows("failed", "xAI", _XAI, "reason_time_limit"),
    *_rows("failed", "OpenAI, as an error", _OPENAI_CODES, "server_error"),
    *_rows("failed", "DeepSeek", _DEEPSEEK, "insufficient_system_resource"),
    *_rows("failed", "watsonx", _WATSONX, "time_limit"),
    *_rows("failed", "Gemini", _GEMINI, "other malformed_function_call malformed_response no_image"),
    *_rows("failed", "Gemini", _GEMINI, "unexpected_tool_call too_many_tool_calls image_other"),
    *_rows("failed", "Gemini", _GEMINI, "missing_thought_signature"),
    *_rows("unfinished", "Anthropic", _ANTHROPIC, "pause_turn compaction"),
    *_rows(
        "unfinished", "OpenAI Responses", _RESPONSES, "incomplete in_progress queued max_messages steered"
    ),
    *_rows("unfinished", "Gemini", _GEMINI, "continuation"),
    *_rows("unstated", "Ollama", _OLLAMA, "load unload"),
    *_rows("unstated", "DashScope", _DASHSCOPE, "null"),
    *_rows("unstated", "Ollama before 0.1.38", _OLLAMA, "unstated"),
    *_rows("unstated", "SGLang", _SGLANG, "none"),
    *_rows("unstated", "Gemini", _GEMINI, "unspecified"),
)
_ENDINGS: Mapping[str, Ending] = MappingProxyType({row.word: row.ending for row in FINISH_REASONS})


def ending_of(reason: str) -> Ending | None:
    """What the word means; None for one that is not in the table."""
    return _ENDINGS.get(
        reason.strip().lower().replace("-", "_").replace(" ", "_").removeprefix("finish_reason_")
    )


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
