"""Pages of metrics as the servers write them.

vLLM's are made by the client library that vLLM uses, under the names of
https://docs.vllm.ai/en/stable/usage/metrics/. TGI's follow its exporter
(https://huggingface.co/docs/text-generation-inference/reference/metrics), where a metric is on the page only
once it has happened. llama.cpp's are as its server wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MODEL = "meta-llama/Llama-3.1-8B-Instruct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as a server counts it. Durations are seconds; decoding makes all tokens but the first."""

    prompt_tokens: int = 40
    cached_tokens: int = 8
    generation_tokens: int = 11
    queue: float = 0.25
    prefill: float = 0.5
    decode: float = 2.0

    @property
    def ttft(self) -> float:
        return self.queue + self.prefill

    @property
    def total(self) -> float:
        return self.ttft + self.decode


class VllmMetrics:
    """`deprecated`: under the names that versions before 0.9 had, and without the newest."""

    def __init__(self, *, deprecated: bool = False, ranks: int = 1) -> None:
        self._registry = CollectorRegistry()
        self._deprecated = deprecated
        self._ranks = ranks
        labels = ["model_name", "engine"]

        def gauge(name: str) -> Gauge:
            return Gauge(name, "-", labels, registry=self._registry)

        def counter(name: str, *more: str) -> Counter:
            return Counter(name, "-", [*labels, *more], registry=self._registry)

        def histogram(name: str) -> Histogram:
            return Histogram(name, "-", labels, registry=self._registry)

        self.running = gauge("vllm:num_requests_running")
        self.waiting = gauge("vllm:num_requests_waiting")
        self.cache = gauge("vllm:gpu_cache_usage_perc" if deprecated else "vllm:kv_cache_usage_perc")
        self._finished = counter("vllm:request_success", "finished_reason")
        self._cached = counter("vllm:gpu_prefix_cache_hits" if deprecated else "vllm:prompt_tokens_cached")
        self._prompt = histogram("vllm:request_prompt_tokens")
        self._generation = histogram("vllm:request_generation_tokens")
        self._queue = histogram(
            "vllm:time_in_queue_requests" if deprecated else "vllm:request_queue_time_seconds"
        )
        self._prefill = histogram("vllm:request_prefill_time_seconds")
        self._decode = histogram("vllm:request_decode_time_seconds")
        self._ttft = histogram("vllm:time_to_first_token_seconds")
        self._itl = histogram(
            "vllm:time_per_output_token_seconds" if deprecated else "vllm:inter_token_latency_seconds"
        )
        self._total = histogram("vllm:e2e_request_latency_seconds")
        self._computed = None if deprecated else histogram("vllm:request_prefill_kv_computed_tokens")
        for rank in range(ranks):
            self.load(rank=rank, running=0, waiting=0, cache=0)
            for metric in (self._prompt, self._generation, self._queue, self._prefill, self._decode):
                metric.labels(MODEL, str(rank))
            for metric in (self._ttft, self._itl, self._total):
                metric.labels(MODEL, str(rank))
            self._cached.labels(MODEL, str(rank))
            for reason in ("stop", "length", "abort"):
                self._finished.labels(MODEL, str(rank), reason)

    def load(
        self, *, running: float, waiting: float, cache: float, rank: int = 0, model: str = MODEL
    ) -> None:
        self.running.labels(model, str(rank)).set(running)
        self.waiting.labels(model, str(rank)).set(waiting)
        self.cache.labels(model, str(rank)).set(cache)

    def first_token(self, request: Request, *, rank: int = 0) -> None:
        """What is counted before a request is finished."""
        labels = (MODEL, str(rank))
        self._cached.labels(*labels).inc(request.cached_tokens)
        self._ttft.labels(*labels).observe(request.ttft)

    def finish(self, request: Request, *, rank: int = 0, reason: str = "length") -> None:
        labels = (MODEL, str(rank))
        self.first_token(request, rank=rank)
        self._finished.labels(*labels, reason).inc()
        self._prompt.labels(*labels).observe(request.prompt_tokens)
        self._generation.labels(*labels).observe(request.generation_tokens)
        self._queue.labels(*labels).observe(request.queue)
        self._prefill.labels(*labels).observe(request.prefill)
        self._decode.labels(*labels).observe(request.decode)
        self._total.labels(*labels).observe(request.total)
        if self._computed is not None:
            self._computed.labels(*labels).observe(request.prompt_tokens - request.cached_tokens)
        for _ in range(request.generation_tokens - 1):
            self._itl.labels(*labels).observe(request.decode / (request.generation_tokens - 1))

    def page(self) -> str:
        return generate_latest(self._registry).decode()


class TgiMetrics:
    """`started` and `finish` count requests; nothing is on the page before the first."""

    def __init__(self) -> None:
        self._numbers: dict[str, float] = {}
        self._types: dict[str, str] = {}

    def set(self, name: str, value: float) -> None:
        self._types[name] = "gauge"
        self._numbers[name] = value

    def started(self, request: Request) -> None:
        self._count("tgi_request_count")
        self._observe("tgi_request_input_length", request.prompt_tokens)

    def finish(self, request: Request) -> None:
        self.started(request)
        self._count("tgi_request_success")
        self._observe("tgi_request_generated_tokens", request.generation_tokens)
        self._observe("tgi_request_queue_duration", request.queue)
        self._observe("tgi_request_duration", request.total)
        inference = request.prefill + request.decode
        self._observe("tgi_request_mean_time_per_token_duration", inference / request.generation_tokens)
        self._observe("tgi_batch_inference_duration", request.prefill, 'method="prefill"')
        steps = request.generation_tokens - 1
        for _ in range(steps):
            self._observe("tgi_batch_inference_duration", request.decode / steps, 'method="decode"')

    def page(self) -> str:
        lines: list[str] = []
        for name, kind in self._types.items():
            lines.append(f"# TYPE {name} {kind}")
            lines += [
                f"{key} {value!r}"
                for key, value in self._numbers.items()
                if key.partition("{")[0] in (name, f"{name}_sum", f"{name}_count")
            ]
            lines.append("")
        return "\n".join(lines)

    def _count(self, name: str) -> None:
        self._types[name] = "counter"
        self._numbers[name] = self._numbers.get(name, 0) + 1

    def _observe(self, name: str, value: float, label: str = "") -> None:
        self._types[name] = "histogram"
        block = f"{{{label}}}" if label else ""
        for end, step in (("_sum", value), ("_count", 1)):
            key = f"{name}{end}{block}"
            self._numbers[key] = self._numbers.get(key, 0) + step


def llamacpp_page(
    *,
    prompt_tokens: float = 0,
    cached_tokens: float = 0,
    prompt_seconds: str = "0",
    predicted_tokens: float = 0,
    predicted_seconds: str = "0",
    processing: int = 0,
    deferred: int = 0,
    busy: str = "0",
) -> str:
    counters = {
        "prompt_tokens_total": prompt_tokens,
        "prompt_tokens_cached_total": cached_tokens,
        "prompt_seconds_total": prompt_seconds,
        "tokens_predicted_total": predicted_tokens,
        "tokens_predicted_seconds_total": predicted_seconds,
        "n_decode_total": predicted_tokens,
    }
    gauges = {
        "prompt_tokens_seconds": 1521.34,
        "requests_processing": processing,
        "requests_deferred": deferred,
        "n_busy_slots_per_decode": busy,
    }
    lines = []
    for kind, numbers in (("counter", counters), ("gauge", gauges)):
        for name, value in numbers.items():
            lines += [
                f"# HELP llamacpp:{name} What it is",
                f"# TYPE llamacpp:{name} {kind}",
                f"llamacpp:{name} {value}",
            ]
    return "\n".join(lines) + "\n"
