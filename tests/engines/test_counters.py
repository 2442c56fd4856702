"""One request out of the totals before and after it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from probe.engines.counters import Counters, anything_finished, reported_between
from probe.engines.llamacpp import LlamaCpp
from probe.engines.metrics_page import PageTable, read_counters, read_metrics
from probe.engines.tgi import Tgi
from probe.engines.vllm import Vllm
from probe.facts.sample import Reported, Unreported, Usage
from tests.engines.pages import Request, TgiMetrics, VllmMetrics, llamacpp_page

REQUEST = Request()
USAGE = Usage(input_tokens=40, output_tokens=11)
EARLIER = Request(prompt_tokens=900, cached_tokens=0, generation_tokens=300, queue=9, prefill=9, decode=90)


def same(found: Reported | Unreported, expected: Reported) -> bool:
    """As close as sums of fractions come."""
    return isinstance(found, Reported) and asdict(found) == pytest.approx(asdict(expected))


def counters(text: str, table: PageTable) -> Counters:
    return read_counters(read_metrics(text.encode(), table.prefix), table)


# vLLM -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deprecated", [False, True], ids=["current names", "deprecated names"])
@pytest.mark.parametrize("earlier", [0, 3])
def test_vllm_tells_every_part_of_one_request(deprecated: bool, earlier: int) -> None:
    vllm = VllmMetrics(deprecated=deprecated, ranks=2)
    for _ in range(earlier):
        vllm.finish(EARLIER, rank=1)
    before = counters(vllm.page(), Vllm.table)
    vllm.finish(REQUEST)
    found = reported_between(before, counters(vllm.page(), Vllm.table), USAGE)
    assert same(
        found,
        Reported(
            source="metrics",
            queue_seconds=0.25,
            prompt_seconds=0.5,
            prompt_tokens=32,
            completion_seconds=2.0,
            completion_tokens=10,
            ttft_seconds=0.75,
            itl_seconds=0.2,
            total_seconds=2.75,
        ),
    )
    assert isinstance(found, Reported)
    assert found.completion_tokens_per_second == pytest.approx(5)


def test_two_requests_cannot_be_told_apart() -> None:
    vllm = VllmMetrics()
    before = counters(vllm.page(), Vllm.table)
    vllm.finish(REQUEST)
    vllm.finish(REQUEST)
    assert reported_between(before, counters(vllm.page(), Vllm.table), USAGE) == "others"


def test_an_aborted_request_of_somebody_else_counts() -> None:
    vllm = VllmMetrics()
    before = counters(vllm.page(), Vllm.table)
    vllm.finish(REQUEST)
    vllm.finish(REQUEST, reason="abort")
    assert reported_between(before, counters(vllm.page(), Vllm.table), USAGE) == "others"


def test_nothing_was_counted_yet() -> None:
    vllm = VllmMetrics()
    before = counters(vllm.page(), Vllm.table)
    vllm.first_token(REQUEST)
    after = counters(vllm.page(), Vllm.table)
    assert not anything_finished(before, after)
    assert reported_between(before, after, USAGE) == "others"
    vllm.finish(REQUEST)
    assert anything_finished(before, counters(vllm.page(), Vllm.table))


def test_a_request_that_only_began_beside_it_leaves_out_what_it_touched() -> None:
    vllm = VllmMetrics(deprecated=True)
    before = counters(vllm.page(), Vllm.table)
    vllm.finish(REQUEST)
    vllm.first_token(EARLIER)
    vllm.load(running=1, waiting=0, cache=0.1)
    found = reported_between(before, counters(vllm.page(), Vllm.table), USAGE)
    assert isinstance(found, Reported)
    assert found.queue_seconds == pytest.approx(0.25)
    assert found.total_seconds == pytest.approx(2.75)
    assert (found.ttft_seconds, found.prompt_tokens) == (None, None)


def test_a_server_that_began_anew_tells_nothing() -> None:
    vllm = VllmMetrics()
    vllm.finish(EARLIER)
    before = counters(vllm.page(), Vllm.table)
    again = VllmMetrics()
    again.finish(REQUEST)
    again.finish(REQUEST)
    assert reported_between(before, counters(again.page(), Vllm.table), USAGE) == "restarted"


def test_an_empty_server_tells_nothing() -> None:
    assert reported_between(Counters(), Counters(), USAGE) == "others"
    assert reported_between(Counters(finished=1), Counters(finished=2), USAGE) == "others"


# TGI ---------------------------------------------------------------------------------------------------


def test_tgi_tells_its_first_request() -> None:
    tgi = TgiMetrics()
    before = counters(tgi.page(), Tgi.table)
    tgi.set("tgi_queue_size", 0)
    tgi.set("tgi_batch_current_size", 0)
    tgi.finish(REQUEST)
    found = reported_between(before, counters(tgi.page(), Tgi.table), USAGE)
    assert isinstance(found, Reported)
    assert found.queue_seconds == pytest.approx(0.25)
    assert found.total_seconds == pytest.approx(2.75)
    assert found.itl_seconds == pytest.approx(2.5 / 11)
    # Whether the server was idle before is not known: a whole batch may be somebody else's.
    assert (found.prompt_seconds, found.completion_seconds) == (None, None)


@pytest.mark.parametrize("running", [0, 1])
def test_a_batch_is_the_requests_own_where_it_was_alone(running: int) -> None:
    tgi = TgiMetrics()
    tgi.set("tgi_queue_size", 0)
    tgi.set("tgi_batch_current_size", running)
    tgi.finish(EARLIER)
    before = counters(tgi.page(), Tgi.table)
    tgi.finish(REQUEST)
    found = reported_between(before, counters(tgi.page(), Tgi.table), USAGE)
    assert isinstance(found, Reported)
    assert found.prompt_tokens == 40
    assert found.completion_tokens == 10
    assert found.prompt_seconds == (None if running else pytest.approx(0.5))
    assert found.completion_seconds == (None if running else pytest.approx(2.0))


# llama.cpp --------------------------------------------------------------------------------------------------

BEFORE = llamacpp_page(
    prompt_tokens=60, prompt_seconds="0.039439", predicted_tokens=28, predicted_seconds="0.139873"
)
AFTER = llamacpp_page(
    prompt_tokens=92,
    cached_tokens=8,
    prompt_seconds="0.060172",
    predicted_tokens=39,
    predicted_seconds="0.179418",
)


def test_llamacpp_counts_no_requests_but_tokens() -> None:
    found = reported_between(counters(BEFORE, LlamaCpp.table), counters(AFTER, LlamaCpp.table), USAGE)
    assert same(
        found,
        Reported(
            source="metrics",
            prompt_seconds=0.020733,
            prompt_tokens=32,
            completion_seconds=0.039545,
            completion_tokens=10,
        ),
    )


@pytest.mark.parametrize(
    "usage",
    [
        replace(USAGE, output_tokens=10),
        replace(USAGE, input_tokens=39),
        replace(USAGE, source="estimate"),
        replace(USAGE, output_tokens=None),
        Usage(),
    ],
    ids=["fewer made", "fewer read", "estimated", "unknown", "nothing known"],
)
def test_tokens_that_are_not_those_of_the_answer_are_not_only_its_own(usage: Usage) -> None:
    assert (
        reported_between(counters(BEFORE, LlamaCpp.table), counters(AFTER, LlamaCpp.table), usage) == "others"
    )


def test_what_is_printed_too_coarsely_tells_nothing_of_one_request() -> None:
    """With six digits a total of 1,000 s moves in steps of 10 ms, and a million tokens in tens."""
    before = llamacpp_page(prompt_tokens=60, prompt_seconds="1000.01", predicted_seconds="0.1")
    after = llamacpp_page(
        prompt_tokens=100, prompt_seconds="1000.04", predicted_tokens=11, predicted_seconds="0.2"
    )
    found = reported_between(counters(before, LlamaCpp.table), counters(after, LlamaCpp.table), USAGE)
    assert isinstance(found, Reported)
    assert found.prompt_seconds is None
    assert found.completion_seconds == pytest.approx(0.1)
    vast = llamacpp_page(prompt_tokens=100, predicted_tokens=1.23457e6, predicted_seconds="0.2")
    assert counters(vast, LlamaCpp.table).generation_tokens is None
