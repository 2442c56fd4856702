"""Each kind of server, answering in the shapes of its documentation over real sockets.

The real llama.cpp is in `tests/engine`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from probe.engines.factory import open_engine
from probe.engines.protocol import Engine, EngineInfo, Gauges
from probe.errors import EngineError
from probe.facts.sample import EngineName
from probe.providers.preset import Endpoint
from tests.engines.pages import MODEL, Request, TgiMetrics, VllmMetrics, llamacpp_page
from tests.engines.serving import FakeServer, Reply, Route, endpoint, page, serving

HEALTH: Mapping[EngineName, str] = {
    "vllm": "/health",
    "tgi": "/health",
    "llamacpp": "/health",
    "ollama": "/api/version",
}


def of_json(value: Any, status: int = 200) -> Reply:
    return Reply(body=json.dumps(value).encode(), status=status)


@asynccontextmanager
async def opened(name: EngineName, routes: Mapping[str, Route]) -> AsyncIterator[tuple[Engine, FakeServer]]:
    with serving(routes) as fake:
        engine = open_engine(endpoint(f"{fake.url}/v1", name))
        assert engine is not None
        try:
            yield engine, fake
        finally:
            await engine.aclose()


def test_a_provider_that_is_no_server_has_none() -> None:
    hosted = Endpoint(name="openai", display_name="OpenAI", base_url="https://x/v1", kind="direct")
    assert open_engine(hosted) is None


@pytest.mark.parametrize("name", HEALTH)
async def test_every_kind_says_what_it_is(name: EngineName) -> None:
    async with opened(name, {}) as (engine, _):
        assert engine.name == name


LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


@pytest.mark.parametrize("name", HEALTH)
async def test_a_healthy_server(name: EngineName) -> None:
    async with opened(name, {HEALTH[name]: of_json({"version": "0.5.1"})}) as (engine, _):
        health = await engine.health()
    assert health.healthy
    assert health.detail is None
    assert health.seconds is not None
    assert health.seconds > 0


@pytest.mark.parametrize("name", HEALTH)
async def test_a_server_that_says_it_is_not_well(name: EngineName) -> None:
    async with opened(name, {HEALTH[name]: of_json(LOADING, status=503)}) as (engine, _):
        health = await engine.health()
    assert not health.healthy
    assert health.detail == f"mine: {HEALTH[name]}: status 503: Loading model"


@pytest.mark.parametrize("name", HEALTH)
async def test_a_server_that_is_not_there_is_not_healthy_and_tells_nothing(name: EngineName) -> None:
    engine = open_engine(endpoint("http://127.0.0.1:9/v1", name))
    assert engine is not None
    health = await engine.health()
    assert (health.healthy, health.seconds) == (False, None)
    for ask in (engine.info, engine.models, engine.snapshot, engine.counters):
        with pytest.raises(EngineError):
            await ask()
    await engine.aclose()


GARBAGE = {
    "html": Reply(body=b"<html>\n<title>hello</title>\n</html>", content_type="text/html"),
    "binary": Reply(body=b"\x80\x81\x82"),
    "list": of_json([1, 2, 3]),
    "text": of_json("hello"),
    "null": of_json(None),
    "cut short": Reply(body=b'vllm:num_requests_running{model_name="x'),
    "10 MB": Reply(body=b"vllm:x 1\n" * 1_200_000),
}


@pytest.mark.parametrize("name", HEALTH)
@pytest.mark.parametrize("reply", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_an_error_and_nothing_else(name: EngineName, reply: Reply) -> None:
    paths = ("/metrics", "/slots", "/info", "/props", "/version", "/v1/models", "/api/tags", "/api/ps")
    async with opened(name, dict.fromkeys(paths, reply)) as (engine, _):
        asked = (engine.info(), engine.models(), engine.snapshot(), engine.counters())
        _, models, *_ = answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(models, EngineError)
    errors = [str(answer) for answer in answers if isinstance(answer, BaseException)]
    assert all(isinstance(answer, EngineError) for answer in answers if isinstance(answer, BaseException))
    assert all("\n" not in error and len(error) < 700 for error in errors)


# vLLM -------------------------------------------------------------------------------------------------------

VLLM_MODELS = {
    "object": "list",
    "data": [
        {
            "id": MODEL,
            "object": "model",
            "created": 1_795_256_569,
            "owned_by": "vllm",
            "root": MODEL,
            "parent": None,
            "max_model_len": 131_072,
            "permission": [],
        }
    ],
}
VLLM_PATHS: Any = {"paths": {"/health": {}, "/v1/chat/completions": {}, "/v1/messages": {}, "/tokenize": {}}}


async def test_vllm_tells_version_models_and_what_it_can_do() -> None:
    routes = {
        "/version": of_json({"version": "0.32.0"}),
        "/v1/models": of_json(VLLM_MODELS),
        "/openapi.json": of_json(VLLM_PATHS),
    }
    async with opened("vllm", routes) as (engine, _):
        assert await engine.info() == EngineInfo(
            version="0.32.0",
            models=(MODEL,),
            context_window=131_072,
            capabilities=("chat", "messages", "tokenize", "metrics"),
        )
        (model,) = await engine.models()
    assert (model.id, model.context_window) == (MODEL, 131_072)


async def test_vllm_may_keep_version_and_document_to_itself() -> None:
    async with opened("vllm", {"/v1/models": of_json(VLLM_MODELS)}) as (engine, _):
        info = await engine.info()
    assert (info.version, info.capabilities) == (None, ("metrics",))


@pytest.mark.parametrize("deprecated", [False, True], ids=["current names", "deprecated names"])
async def test_the_load_of_vllm_is_summed_over_its_copies_of_a_model(deprecated: bool) -> None:
    vllm = VllmMetrics(deprecated=deprecated)
    vllm.load(rank=0, running=3, waiting=2, cache=0.25)
    vllm.load(rank=1, running=4, waiting=0, cache=0.75)
    vllm.load(model="adapter", running=1, waiting=0, cache=0)
    vllm.finish(Request())
    async with opened("vllm", {"/metrics": page(vllm.page())}) as (engine, fake):
        snapshot = await engine.snapshot()
        assert fake.paths == ["/metrics"]
    assert snapshot.gauges == (
        Gauges(model="adapter", running=1, waiting=0, kv_cache_ratio=0, batch_size=1),
        Gauges(model=MODEL, running=7, waiting=2, kv_cache_ratio=0.75, batch_size=7),
    )
    assert snapshot.counters is not None
    assert (snapshot.counters.finished, snapshot.counters.unfinished) == (1, 10)
    assert snapshot.counters.decode_seconds == (2.0, 1)


async def test_no_more_than_ten_models_are_shown() -> None:
    vllm = VllmMetrics()
    for number in range(30):
        vllm.load(model=f"m{number:02}", running=1, waiting=0, cache=0)
    async with opened("vllm", {"/metrics": page(vllm.page())}) as (engine, _):
        gauges = (await engine.snapshot()).gauges
    assert len(gauges) == 10


async def test_a_number_that_is_none_is_unknown() -> None:
    text = 'vllm:num_requests_running{model_name="a"} NaN\nvllm:num_requests_waiting{model_name="a"} 2\n'
    async with opened("vllm", {"/metrics": page(text)}) as (engine, _):
        assert (await engine.snapshot()).gauges == (Gauges(model="a", waiting=2),)


async def test_a_page_of_a_megabyte_is_read() -> None:
    vllm = VllmMetrics()
    vllm.load(running=3, waiting=2, cache=0.25)
    buckets = 'vllm:e2e_request_latency_seconds_bucket{le="0.3",model_name="a"} 1\n' * 15_000
    async with opened("vllm", {"/metrics": page(vllm.page() + buckets)}) as (engine, _):
        (gauges,) = (await engine.snapshot()).gauges
    assert gauges.running == 3


# TGI --------------------------------------------------------------------------------------------------------

TGI_INFO = {
    "model_id": "bigscience/bloom-560m",
    "model_sha": "e985a63cdc139290c5f700ff1929f0b5942cced2",
    "model_pipeline_tag": "text-generation",
    "max_concurrent_requests": 128,
    "max_best_of": 2,
    "max_stop_sequences": 4,
    "max_input_tokens": 1024,
    "max_total_tokens": 2048,
    "validation_workers": 2,
    "max_client_batch_size": 32,
    "router": "text-generation-router",
    "version": "3.3.6",
    "sha": None,
    "docker_label": None,
}


async def test_tgi_tells_version_model_and_limits() -> None:
    document: Any = {"paths": {"/generate_stream": {}, "/v1/chat/completions": {}, "/info": {}}}
    routes = {"/info": of_json(TGI_INFO), "/api-doc/openapi.json": of_json(document)}
    async with opened("tgi", routes) as (engine, _):
        assert await engine.info() == EngineInfo(
            version="3.3.6",
            models=("bigscience/bloom-560m",),
            context_window=2048,
            concurrency=128,
            capabilities=("chat", "generate", "metrics"),
        )
        (model,) = await engine.models()
    assert (model.id, model.context_window) == ("bigscience/bloom-560m", 2048)


async def test_tgi_shows_what_has_happened() -> None:
    tgi = TgiMetrics()
    async with opened("tgi", {"/metrics": lambda _: page(tgi.page())}) as (engine, _):
        fresh = await engine.snapshot()
        tgi.set("tgi_batch_current_size", 4)
        tgi.set("tgi_queue_size", 1)
        tgi.finish(Request())
        (gauges,) = (await engine.snapshot()).gauges
        counters = await engine.counters()
    assert fresh.gauges == ()
    assert gauges == Gauges(running=4, waiting=1, batch_size=4)
    assert (counters.started, counters.finished, counters.unfinished) == (1, 1, 5)
    assert counters.prefill_seconds == (0.5, None)


# llama.cpp --------------------------------------------------------------------------------------------------

PROPS = {
    "default_generation_settings": {"n_ctx": 4096},
    "total_slots": 2,
    "model_path": "/models/tiny.gguf",
    "modalities": {"vision": True, "audio": False},
    "endpoint_slots": True,
    "endpoint_metrics": True,
    "chat_template_caps": {"supports_tools": True},
    "build_info": "b6900-1a2b3c4d",
}
LLAMACPP_MODELS = {
    "object": "list",
    "data": [{"id": "tiny", "object": "model", "meta": {"n_ctx": 4096, "n_ctx_train": 8192}}],
}
SLOTS = [
    {"id": 0, "n_ctx": 4096, "is_processing": True, "id_task": 33, "n_prompt_tokens": 1024},
    {"id": 1, "n_ctx": 4096, "is_processing": False},
]
UNSERVED = {
    "error": {
        "code": 501,
        "message": "This server does not support metrics endpoint. Start it with `--metrics`",
        "type": "not_supported_error",
    }
}


async def test_llamacpp_tells_version_model_and_slots() -> None:
    routes = {"/props": of_json(PROPS), "/v1/models": of_json(LLAMACPP_MODELS)}
    async with opened("llamacpp", routes) as (engine, _):
        assert await engine.info() == EngineInfo(
            version="b6900-1a2b3c4d",
            models=("tiny",),
            context_window=4096,
            concurrency=2,
            capabilities=("chat", "completion", "tools", "vision", "metrics", "slots"),
        )


async def test_the_load_of_llamacpp_is_in_its_metrics_and_its_slots() -> None:
    metrics = llamacpp_page(processing=1, deferred=3, busy="1.5")
    async with opened("llamacpp", {"/metrics": page(metrics), "/slots": of_json(SLOTS)}) as (engine, _):
        snapshot = await engine.snapshot()
    assert snapshot.gauges == (Gauges(running=1, waiting=3, kv_cache_ratio=0.125, batch_size=1.5),)
    assert snapshot.counters is not None


async def test_an_older_llamacpp_tells_its_cache_itself() -> None:
    metrics = llamacpp_page() + "llamacpp:kv_cache_usage_ratio 0.5\n"
    async with opened("llamacpp", {"/metrics": page(metrics), "/slots": of_json(SLOTS)}) as (engine, _):
        (gauges,) = (await engine.snapshot()).gauges
    assert gauges.kv_cache_ratio == 0.5


async def test_llamacpp_without_metrics_has_slots() -> None:
    routes = {"/metrics": of_json(UNSERVED, 501), "/slots": of_json(SLOTS)}
    async with opened("llamacpp", routes) as (engine, _):
        snapshot = await engine.snapshot()
        with pytest.raises(EngineError, match="Start it with `--metrics`") as caught:
            await engine.counters()
    assert snapshot.gauges == (Gauges(running=1, kv_cache_ratio=0.125),)
    assert snapshot.counters is None
    assert caught.value.status == 501


@pytest.mark.parametrize("healthy", [True, False])
async def test_llamacpp_with_neither_is_up_where_it_is_healthy(healthy: bool) -> None:
    routes = {
        "/metrics": of_json(UNSERVED, 501),
        "/slots": of_json(UNSERVED, 501),
        "/health": of_json({"status": "ok"}) if healthy else of_json(LOADING, 503),
    }
    async with opened("llamacpp", routes) as (engine, _):
        if healthy:
            assert (await engine.snapshot()).gauges == (Gauges(),)
        else:
            with pytest.raises(EngineError, match="Loading model"):
                await engine.snapshot()


# Ollama -----------------------------------------------------------------------------------------------------

DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "7.2B",
    "quantization_level": "Q4_0",
}
LOADED = {
    "models": [
        {
            "name": "mistral:latest",
            "model": "mistral:latest",
            "size": 5_137_025_024,
            "digest": "2ae6f6dd",
            "details": DETAILS,
            "expires_at": "2024-06-04T14:38:31.83753-07:00",
            "size_vram": 5_137_025_024,
            "context_length": 4096,
        }
    ]
}
TAGS = {
    "models": [
        {
            "name": "mistral:latest",
            "model": "mistral:latest",
            "details": DETAILS,
            "capabilities": ["completion"],
        },
        {"name": "llava:latest", "model": "llava:latest", "capabilities": ["completion", "vision"]},
    ]
}


async def test_ollama_tells_version_and_what_is_in_memory() -> None:
    routes = {
        "/api/version": of_json({"version": "0.5.1"}),
        "/api/ps": of_json(LOADED),
        "/api/tags": of_json(TAGS),
    }
    async with opened("ollama", routes) as (engine, _):
        assert await engine.info() == EngineInfo(
            version="0.5.1",
            models=("mistral:latest",),
            context_window=4096,
            capabilities=("completion", "vision"),
        )
        assert [model.id for model in await engine.models()] == ["mistral:latest", "llava:latest"]
        snapshot = await engine.snapshot()
    assert snapshot.gauges == (Gauges(model="mistral:latest"),)
    assert snapshot.counters is None
    assert not engine.counts


@pytest.mark.parametrize("models", [[], None])
async def test_an_ollama_with_nothing_in_memory(models: object) -> None:
    async with opened("ollama", {"/api/ps": of_json({"models": models})}) as (engine, _):
        assert (await engine.snapshot()).gauges == ()
