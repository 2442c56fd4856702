"""A runner over scripted providers, on a clock that the test drives."""

from __future__ import annotations

from collections.abc import Mapping

from probe.limits.gate import Gates, ProviderLimits
from probe.probing.runner import Runner
from tests.lib.clocks import VirtualClock
from tests.probing.asking import (
    FixedPrices,
    NoWire,
    ScriptedProvider,
)

WIDE = {"acme": ProviderLimits(concurrency=1000), "other": ProviderLimits(concurrency=1000)}


def runner(
    clock: VirtualClock, limits: Mapping[str, ProviderLimits] = WIDE, **providers: ScriptedProvider
) -> Runner:
    return Runner(
        providers=providers,
        wire=NoWire(),
        prices=FixedPrices(),
        gates=Gates(clock, limits),
        clock=clock,
    )


def starts(provider: ScriptedProvider) -> list[tuple[str, float]]:
    return [(call.model, call.at_seconds) for call in provider.calls]
