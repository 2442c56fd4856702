"""llama.cpp's server: `/health`, `/props`, `/slots`, `/v1/models`, and `/metrics` if it has `--metrics`.

https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from probe.engines.client import NOT_SERVED
from probe.engines.common import MetricsEngine
from probe.engines.metrics_page import PageTable, aliases
from probe.engines.protocol import EngineInfo, Gauges, Snapshot
from probe.errors import EngineError
from probe.facts.sample import EngineName
from probe.providers.usage import sound
from probe.providers.values import clean_text, items, mapping, whole_number

_TABLE = PageTable(
    prefix="llamacpp:",
    # Numbers are written by a C++ stream as it comes: six digits.
    digits=6,
    running=aliases("llamacpp:requests_processing"),
    waiting=aliases("llamacpp:requests_deferred"),
    kv_cache_ratio=aliases("llamacpp:kv_cache_usage_ratio"),
    # The mean since the server began, as it tells no other.
    batch_size=aliases("llamacpp:n_busy_slots_per_decode"),
    cached_tokens=aliases("llamacpp:prompt_tokens_cached_total"),
    computed_tokens=aliases("llamacpp:prompt_tokens_total"),
    generation_tokens=aliases("llamacpp:tokens_predicted_total"),
    prefill_seconds=aliases("llamacpp:prompt_seconds_total"),
    decode_seconds=aliases("llamacpp:tokens_predicted_seconds_total"),
)

_ENDPOINTS = {"endpoint_metrics": "metrics", "endpoint_slots": "slots"}
_MODALITIES = {"vision": "vision", "video": "video", "audio": "audio"}
_TEMPLATE = {"supports_tools": "tools"}


class LlamaCpp(MetricsEngine):
    """An `Engine`."""

    name: EngineName = "llamacpp"
    table = _TABLE

    async def info(self) -> EngineInfo:
        props = mapping(await self._client.json("/props"))
        settings = mapping(props.get("default_generation_settings"))
        return EngineInfo(
            version=clean_text(props.get("build_info")),
            models=tuple(model.id for model in await self.models()),
            context_window=sound(whole_number(settings.get("n_ctx"))) or None,
            concurrency=sound(whole_number(props.get("total_slots"))) or None,
            capabilities=(
                "chat",
                "completion",
                *_set_flags(mapping(props.get("chat_template_caps")), _TEMPLATE),
                *_set_flags(mapping(props.get("modalities")), _MODALITIES),
                *_set_flags(props, _ENDPOINTS),
            ),
        )

    async def snapshot(self) -> Snapshot:
        """From `/metrics` and `/slots`, as far as the server was started with them."""
        told = await self._metrics()
        slots = items(await self._client.optional("/slots"))
        if told is None and not slots:
            health = await self.health()
            if not health.healthy:
                raise EngineError(health.detail or "not healthy")
        gauges = told.gauges[0] if told is not None and told.gauges else Gauges()
        return Snapshot(
            gauges=(_with_slots(gauges, slots),), counters=None if told is None else told.counters
        )

    async def _metrics(self) -> Snapshot | None:
        try:
            return await super().snapshot()
        except EngineError as exc:
            if exc.status in NOT_SERVED:
                return None
            raise


def _set_flags(flags: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    """The words of the flags that are set."""
    return tuple(word for flag, word in names.items() if flags.get(flag) is True)


def _with_slots(gauges: Gauges, slots: Sequence[Mapping[str, Any]]) -> Gauges:
    """What `/metrics` does not tell, out of `/slots`: the share of their contexts that holds tokens."""
    if not slots:
        return gauges
    if gauges.running is None:
        busy = sum(slot.get("is_processing") is True for slot in slots)
        gauges = replace(gauges, running=float(busy))
    if gauges.kv_cache_ratio is None:
        gauges = replace(gauges, kv_cache_ratio=_filled(slots))
    return gauges


def _filled(slots: Sequence[Mapping[str, Any]]) -> float | None:
    """A slot that was never used does not say how many tokens it holds: none."""
    room = sum(sound(whole_number(slot.get("n_ctx"))) or 0 for slot in slots)
    held = sum(sound(whole_number(slot.get("n_prompt_tokens"))) or 0 for slot in slots)
    return min(1.0, held / room) if room else None
