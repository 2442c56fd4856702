"""A real vLLM: the probe's figures against its own."""

from __future__ import annotations

from probe.facts.sample import Reported
from probe.wire.local import LocalWire
from tests.real_engines.asking import asking
from tests.real_engines.conftest import MODEL
from tests.real_engines.record import Record

REQUESTS = 20
# The first are slower: memory is touched for the first time.
WARM_UP = 3


def _off(ours: float | None, theirs: float | None) -> tuple[float, bool]:
    """By how many milliseconds two figures differ, and whether it is more than 2 % and more than 10 ms."""
    assert ours is not None
    assert theirs is not None
    off = abs(ours - theirs)
    return 1000 * off, off > max(0.02 * theirs, 0.010)


async def test_the_probe_measures_what_vllm_counts(
    workers: tuple[str, str], wire: LocalWire, record: Record
) -> None:
    differences: dict[str, list[float]] = {"TTFT": [], "inter-token latency": [], "total": []}
    wrong = []
    async with asking("gpu", wire, preset="vllm", base_url=f"{workers[0]}/v1") as gpu:
        for number in range(WARM_UP + REQUESTS):
            sample = await gpu.ok(MODEL, max_tokens=64)
            told, timing = sample.reported, sample.timing
            assert isinstance(told, Reported), sample.unreported
            assert told.source == "metrics"
            assert sample.usage.output_tokens == 64
            assert told.completion_tokens == 63
            if number < WARM_UP:
                continue
            assert timing.total_latency_seconds is not None
            assert timing.ttft_seconds is not None
            assert timing.ttft_server_seconds is not None
            served = timing.total_latency_seconds - timing.ttft_seconds + timing.ttft_server_seconds
            for name, ours, theirs in (
                ("TTFT", timing.ttft_server_seconds, told.ttft_seconds),
                ("inter-token latency", timing.itl_seconds, told.itl_seconds),
                ("total", served, told.total_seconds),
            ):
                off, is_wrong = _off(ours, theirs)
                differences[name].append(off)
                if is_wrong:
                    wrong.append((name, ours, theirs))
    for name, found in differences.items():
        median, most = sorted(found)[len(found) // 2], max(found)
        figure = f"off by {median:.2f} ms in the median, {most:.2f} ms at most"
        record.add(f"vLLM's own {name}", figure, "2 % or 10 ms", len(found))
    # On a machine that does other things, the two processes are now and then stopped in between.
    assert len(wrong) <= REQUESTS // 10, wrong
