"""A real LiteLLM before upstreams that misbehave: what its answers are taken for."""

from __future__ import annotations

from probe.facts.sample import Failed
from probe.wire.local import LocalWire
from tests.real_engines.asking import asking
from tests.real_engines.record import Record
from tests.servers.simulator import RunningSimulator


async def test_a_later_try_is_counted_and_its_first_token_kept_apart(
    litellm: str, wire: LocalWire, record: Record
) -> None:
    async with asking("litellm", wire, base_url=f"{litellm}/v1", api_key="none") as gateway:
        samples = [await gateway.sample("flaky") for _ in range(20)]
    answered = [sample for sample in samples if sample.success]
    assert {sample.gateway for sample in answered} == {"LiteLLM"}
    later = [sample for sample in answered if (sample.gateway_tries or 0) > 1]
    first = [sample for sample in answered if sample.gateway_tries == 1]
    assert later
    assert len(later) + len(first) == len(answered)
    for sample in later:
        assert "retried_by_gateway" in sample.remarks
        assert sample.timing.ttft_seconds is None
        assert sample.timing.later_try_ttft_seconds is not None
    for sample in first:
        assert sample.timing.ttft_seconds is not None
        assert sample.timing.later_try_ttft_seconds is None
    record.add("LiteLLM: answers at a later try, all with their tries", str(len(later)), "told", len(samples))


async def test_a_cool_down_is_the_providers_trouble(litellm: str, wire: LocalWire) -> None:
    async with asking("litellm", wire, base_url=f"{litellm}/v1", api_key="none") as gateway:
        outcomes = [(await gateway.sample("down")).outcome for _ in range(10)]
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert len(failures) == len(outcomes)
    assert {failure.fault for failure in failures} == {"provider"}
    assert failures[-1].kind == "overloaded", failures[-1]


async def test_what_it_hides(litellm: str, simulator: RunningSimulator, wire: LocalWire) -> None:
    async with asking("litellm", wire, base_url=f"{litellm}/v1", api_key="none") as gateway:
        cut = await gateway.ok("cut")
        uncounted = await gateway.ok("uncounted")
    async with asking("sim", wire, base_url=simulator.base_url, kind="simulated") as direct:
        broken = await direct.sample("sim?fault=truncated")
    assert isinstance(broken.outcome, Failed)
    assert broken.outcome.kind == "incomplete"
    # What ended behind it without a finish reason comes whole.
    assert cut.finish_reason is not None
    assert "counted_by_gateway" in uncounted.remarks
    assert uncounted.usage.source == "provider"
