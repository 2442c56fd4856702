"""A vLLM that answers chats and counts them, for programs in processes of their own.

`python -m tests.engines.inference_server` is such a process: a quick one, until it is told to stop.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.engines.pages import MODEL, Request, VllmMetrics
from tests.engines.serving import FakeServer, Reply, page, serving

REQUEST = Request()
QUICK = Request(queue=0.00025, prefill=0.0005, decode=0.002)


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, object]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _stream() -> bytes:
    chunks: list[dict[str, object]] = [_chunk({"role": "assistant", "content": ""})]
    chunks += [_chunk({"content": f"word{number} "}) for number in range(REQUEST.generation_tokens)]
    chunks.append(_chunk({}, "stop"))
    usage = {
        "prompt_tokens": REQUEST.prompt_tokens,
        "completion_tokens": REQUEST.generation_tokens,
        "total_tokens": REQUEST.prompt_tokens + REQUEST.generation_tokens,
    }
    chunks.append(_chunk({}) | {"choices": [], "usage": usage})
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


@contextmanager
def vllm(request: Request = REQUEST) -> Iterator[FakeServer]:
    """An answer takes as long as is counted."""
    metrics = VllmMetrics()
    metrics.load(running=3, waiting=2, cache=0.412)

    def chat(_: bytes) -> Reply:
        time.sleep(request.total)
        metrics.finish(request)
        return Reply(body=_stream(), content_type="text/event-stream")

    models = {"object": "list", "data": [{"id": MODEL, "object": "model", "max_model_len": 8192}]}
    with serving(
        {
            "/health": Reply(),
            "/version": Reply(body=b'{"version":"0.32.0"}'),
            "/v1/models": Reply(body=json.dumps(models).encode()),
            "/metrics": lambda _: page(metrics.page()),
            "/v1/chat/completions": chat,
        }
    ) as fake:
        yield fake


if __name__ == "__main__":
    with vllm(QUICK) as server:
        print(server.url, flush=True)
        threading.Event().wait()
