"""The APIs that are simulated, one a file, and how a request finds its own."""

import re

from probe.simulator.apis.anthropic import MESSAGES, VERTEX_CLAUDE
from probe.simulator.apis.bedrock import CONVERSE, INVOKE_CLAUDE
from probe.simulator.apis.cohere import COHERE_CHAT
from probe.simulator.apis.gemini import GEMINI
from probe.simulator.apis.ollama import OLLAMA_CHAT, OLLAMA_GENERATE
from probe.simulator.apis.openai_chat import CHAT_COMPLETIONS
from probe.simulator.apis.openai_responses import RESPONSES
from probe.simulator.apis.tgi import TGI
from probe.simulator.speech import SimulatedApi

# The first whose path matches: TGI's also matches the end of Ollama's.
_APIS = (
    CHAT_COMPLETIONS,
    RESPONSES,
    MESSAGES,
    CONVERSE,
    INVOKE_CLAUDE,
    GEMINI,
    VERTEX_CLAUDE,
    COHERE_CHAT,
    OLLAMA_CHAT,
    OLLAMA_GENERATE,
    TGI,
)


def api_of(path: str) -> tuple[SimulatedApi, re.Match[str]] | None:
    """The API whose prompts go to the end of that path, and the match; any base path will do."""
    for api in _APIS:
        found = api.path.search(path)
        if found is not None:
            return api, found
    return None
