"""The models that there are, in the shape that the asked host lists them in."""

from collections.abc import Callable, Sequence
from urllib.parse import unquote

from probe.simulator.models import DEFAULT_MODEL
from probe.simulator.request import Request

CREATED_SECONDS = 1_767_225_600  # what is said of every model: 2026-01-01
_CREATED = "2026-01-01T00:00:00Z"
CONTEXT_WINDOW = 131_072
_MOST_OUTPUT = 16_384


class UnlistedError(LookupError):
    """There is no such list, or no such model in it; the message is for the client."""


def listing(request: Request, names: Sequence[str]) -> object:
    """The JSON of the list, or of one model of it. Raises UnlistedError.

    One path may be that of several hosts: Anthropic's clients name a version in the head, Cohere's ask for
    a size of the page, and Gemini's version is a beta.
    """
    path = request.path.rstrip("/")
    if path.endswith("/api/tags"):
        return {"models": [tag(name) for name in names]}
    if path.endswith("/info"):
        return _info(unquote(path.rpartition("/models/")[2].removesuffix("/info")), names)
    if path.endswith("/foundation-models"):
        return {"modelSummaries": [_summary(name) for name in names]}
    if path.endswith("/inference-profiles"):
        return {"inferenceProfileSummaries": []}
    _, found, name = path.partition("/models")
    if not found or (name and not name.startswith("/")):
        raise UnlistedError(f"Unknown request URL: {request.method} {request.path}")
    shape, page = _shape(request)
    wanted = unquote(name.removeprefix("/"))
    if not wanted:
        return page([shape(each) for each in names])
    if wanted not in names:
        raise UnlistedError(f"The model `{wanted}` does not exist.")
    return shape(wanted)


_Shape = Callable[[str], dict[str, object]]
_Page = Callable[[list[dict[str, object]]], object]


def _shape(request: Request) -> tuple[_Shape, _Page]:
    if request.header("anthropic-version") is not None:
        return _anthropic, lambda models: {
            "data": models,
            "has_more": False,
            "first_id": models[0]["id"],
            "last_id": models[-1]["id"],
        }
    if "/v1beta/" in request.path:
        return _gemini, lambda models: {"models": models}
    if "page_size=" in request.query:
        return _cohere, lambda models: {"models": models}
    return _openai, lambda models: {"object": "list", "data": models}


def _openai(name: str) -> dict[str, object]:
    entry: dict[str, object] = {"id": name, "object": "model", "created": CREATED_SECONDS}
    return {**entry, "owned_by": "simulator", "context_window": CONTEXT_WINDOW}


def _anthropic(name: str) -> dict[str, object]:
    entry: dict[str, object] = {"type": "model", "id": name, "display_name": name, "created_at": _CREATED}
    return {**entry, "max_input_tokens": CONTEXT_WINDOW, "max_tokens": _MOST_OUTPUT}


def _gemini(name: str) -> dict[str, object]:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "inputTokenLimit": CONTEXT_WINDOW,
        "outputTokenLimit": _MOST_OUTPUT,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _cohere(name: str) -> dict[str, object]:
    return {"name": name, "endpoints": ["chat"], "finetuned": False, "context_length": CONTEXT_WINDOW}


def tag(name: str) -> dict[str, object]:
    details = {"family": "simulated", "context_length": CONTEXT_WINDOW}
    capabilities = ["completion"]
    return {
        "name": name,
        "model": name,
        "modified_at": _CREATED,
        "details": details,
        "capabilities": capabilities,
    }


def _summary(name: str) -> dict[str, object]:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_FoundationModelSummary.html"""
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{name}",
        "modelId": name,
        "modelName": name,
        "providerName": "Simulator",
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "modelLifecycle": {"status": "ACTIVE"},
    }


def _info(name: str, names: Sequence[str]) -> dict[str, object]:
    """TGI's: of the one model that is served there."""
    served = name if name.partition("?")[0] in names else DEFAULT_MODEL
    tokens = {"max_total_tokens": CONTEXT_WINDOW, "max_input_tokens": CONTEXT_WINDOW - 1}
    return {"model_id": served, "model_pipeline_tag": "text-generation", "version": "3.3.6", **tokens}
