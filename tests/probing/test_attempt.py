"""One attempt: what is asked, and what the sample says of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from probe.errors import ProviderError, StopwatchError
from probe.facts.sample import Failed, Ok, Sample, Timing, Usage
from probe.facts.timeline import OutputChunk, Timeline, standard_deviation
from probe.facts.timing import is_bundled
from probe.lib.clock import ClockPair, FakeClock
from probe.lib.ids import new_id
from probe.lib.secrets import MASK, learn
from probe.probing.attempt import AttemptPlan, attempt, own_failure
from probe.providers.protocol import Reading
from probe.suites.case import Case
from probe.wire.capture import Capture
from probe.wire.request import Deadlines
from tests.lib.clocks import START, VirtualClock
from tests.probing.asking import RUN_ID, Answer, FixedPrices, NoWire, ScriptedProvider, case, target_plan

ID = UUID(int=98_765_432_109_876)
MS = 1_000_000


def plan(asked: Case | None = None) -> AttemptPlan:
    return AttemptPlan(
        id=ID,
        run_id=RUN_ID,
        target_plan=target_plan("a"),
        suite="tried",
        case=asked or case(),
        planned_at=START - timedelta(seconds=0.5),
        planned_monotonic_ns=-500 * MS,
    )


async def carry_out(
    provider: ScriptedProvider,
    clock: VirtualClock,
    asked: AttemptPlan | None = None,
    prices: FixedPrices | None = None,
) -> Sample:
    return await clock.drive(attempt(asked or plan(), provider, NoWire(), prices or FixedPrices(), clock))


def failure(sample: Sample) -> Failed:
    assert isinstance(sample.outcome, Failed)
    return sample.outcome


# What is asked ----------------------------------------------------------------------------------------------


async def test_the_prompt_carries_the_whole_plan() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    way = replace(target_plan("a"), connection="warm", streaming=False, deadlines=Deadlines(total=9))
    await carry_out(provider, clock, replace(plan(), target_plan=way))
    prompt = provider.calls[0].prompt
    assert (prompt.request_id, prompt.model, prompt.messages) == (ID, "a", case().messages)
    assert (prompt.max_tokens, prompt.temperature, prompt.seed) == (32, 0.0, 7)
    assert (prompt.stream, prompt.connection, prompt.deadlines) == (False, "warm", Deadlines(total=9))
    assert prompt.planned_monotonic_ns == -500 * MS


async def test_the_nonce_is_put_in_when_the_request_is_made() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    asked = case(nonce=True)
    sample = await carry_out(provider, clock, plan(asked))
    (message,) = provider.calls[0].prompt.messages
    assert message.content.startswith("765432109876 ")
    assert message.content.endswith("Say one.")
    assert sample.prompt_hash == asked.prompt_hash == case().prompt_hash


# What the sample says ---------------------------------------------------------------------------------------


async def test_a_sample_names_what_was_asked_and_when() -> None:
    clock = VirtualClock()
    sample = await carry_out(ScriptedProvider(clock, lambda _: Answer(seconds=2)), clock)
    assert (sample.id, sample.run_id, sample.target) == (ID, RUN_ID, target_plan("a").target)
    assert (sample.suite, sample.case_id, sample.streaming, sample.connection) == (
        "tried",
        "one",
        True,
        "cold",
    )
    assert (sample.planned_at, sample.started_at) == (START - timedelta(seconds=0.5), START)
    assert sample.lag_seconds == 0.5
    assert sample.success
    assert sample.timing.ttft_seconds == sample.timing.duration_seconds == 2


async def test_the_price_is_that_of_the_instant_of_the_call() -> None:
    clock = VirtualClock()
    prices = FixedPrices("a")
    sample = await carry_out(ScriptedProvider(clock, lambda _: Answer(seconds=60)), clock, prices=prices)
    assert prices.asked == [("acme", "a", "http://acme.test/v1", START)]
    assert sample.cost is not None
    assert sample.cost.total_usd == Decimal(1)


async def test_an_unknown_price_is_no_cost() -> None:
    clock = VirtualClock()
    assert (await carry_out(ScriptedProvider(clock), clock)).cost is None


def canned(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, reading: Reading, **changes: object
) -> None:
    """Have the provider read `reading`, out of a capture with these changes."""
    send = provider.send

    async def changed(*arguments: object) -> Capture:
        capture: Capture = await send(*arguments)  # type: ignore[arg-type]
        return replace(capture, **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(provider, "send", changed)
    monkeypatch.setattr(provider, "read", lambda _: reading)


LINE = Timeline(
    started_ns=0,
    dns_ns=1 * MS,
    connected_ns=3 * MS,
    tls_ns=7 * MS,
    send_ns=7 * MS,
    sent_ns=8 * MS,
    first_byte_ns=100 * MS,
    output=tuple(OutputChunk(at * MS, 4, answer=True) for at in (200, 205, 215, 230)),
    end_ns=240 * MS,
)


async def test_every_duration_of_a_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    reading = Reading(
        timeline=LINE,
        outcome=Ok(),
        status_code=200,
        usage=Usage(input_tokens=9, output_tokens=31),
        text="hello",
        reasoning_text="hm",
        finish_reason="stop",
        served_model="a-1",
        provider_request_id="req-1",
        system_fingerprint="fp",
        rate_limit={"x": "1"},
    )
    canned(
        monkeypatch,
        provider,
        reading,
        loop_lag_ns=2 * MS,
        reused=True,
        stamps="kernel",
        peer_address="127.0.0.1:1",
        tls_version="TLSv1.3",
        http_version="1.1",
    )
    sample = await carry_out(provider, clock)
    assert sample.timing == Timing(
        dns_seconds=0.001,
        connect_seconds=0.002,
        tls_seconds=0.004,
        send_seconds=0.001,
        ttfb_seconds=0.1,
        ttft_seconds=0.2,
        ttft_server_seconds=0.192,
        ttfa_seconds=0.2,
        total_latency_seconds=0.23,
        drain_seconds=0.01,
        duration_seconds=0.24,
        itl_seconds=0.001,
        stream_jitter_seconds=standard_deviation((0.005, 0.01, 0.015)),
        chunk_gaps_seconds=(0.005, 0.01, 0.015),
        tps=1000,
        tps_steady=31 * (1 - 4 / 16) / 0.03,
    )
    assert sample.probe_lag_seconds == 0.002
    assert (sample.reused, sample.stamps, sample.trusted) == (True, "kernel", True)
    assert (sample.peer_address, sample.tls_version, sample.http_version) == ("127.0.0.1:1", "TLSv1.3", "1.1")
    assert (sample.status_code, sample.text, sample.reasoning_text) == (200, "hello", "hm")
    assert (sample.finish_reason, sample.served_model) == ("stop", "a-1")
    assert (sample.provider_request_id, sample.system_fingerprint) == ("req-1", "fp")
    assert sample.rate_limit == {"x": "1"}
    assert sample.usage == reading.usage


async def test_a_broken_answer_keeps_its_phases_and_none_of_a_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    outcome = Failed(kind="stream_broken", fault="provider", detail="reset")
    canned(monkeypatch, provider, Reading(timeline=LINE, outcome=outcome, usage=Usage(output_tokens=31)))
    timing = (await carry_out(provider, clock)).timing
    assert (timing.ttft_seconds, timing.duration_seconds, len(timing.chunk_gaps_seconds)) == (0.2, 0.24, 3)
    assert timing.total_latency_seconds is timing.drain_seconds is None
    assert timing.itl_seconds is timing.tps is timing.tps_steady is None


async def test_across_a_step_of_the_clock_only_the_length_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    start_ns = round(START.timestamp() * 1e9)
    canned(
        monkeypatch,
        provider,
        Reading(timeline=LINE, outcome=Ok(), usage=Usage(output_tokens=31)),
        stamps="kernel",
        clock_start=ClockPair(monotonic_ns=0, wall_ns=start_ns),
        clock_end=ClockPair(monotonic_ns=250 * MS, wall_ns=start_ns + 3_600_000 * MS),
    )
    sample = await carry_out(provider, clock)
    assert not sample.trusted
    assert sample.timing == Timing(duration_seconds=0.25)
    assert sample.success


@pytest.mark.parametrize(
    ("answers", "usage", "tokens"),
    [
        ((True, True, True, True), Usage(output_tokens=None), None),
        ((True, True, True, True), Usage(output_tokens=31), 31),
        # Reasoning that is shown takes its part of the stream; reasoning that is not does not.
        ((False, True, True, True), Usage(output_tokens=131, reasoning_tokens=100), 131),
        ((True, True, True, True), Usage(output_tokens=131, reasoning_tokens=100), 31),
    ],
)
async def test_speed_counts_the_tokens_that_came_in_the_stream(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[bool, ...], usage: Usage, tokens: int | None
) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    output = tuple(
        OutputChunk(chunk.at_ns, chunk.characters, answer)
        for chunk, answer in zip(LINE.output, answers, strict=True)
    )
    canned(monkeypatch, provider, Reading(timeline=replace(LINE, output=output), outcome=Ok(), usage=usage))
    sample = await carry_out(provider, clock)
    expected = None if tokens is None else pytest.approx((tokens - 1) / 0.03)
    assert sample.timing.tps == expected
    assert sample.usage == usage


@pytest.mark.parametrize(
    ("instants", "bundled"),
    [
        ((200, 210, 220, 230), False),
        # In one piece, two, three; each piece may be many events.
        ((200,), True),
        ((200, 200, 200, 200, 200), True),
        ((200, 240), True),
        ((200, 200, 300, 300), True),
        ((200, 250, 300), True),
        # Many, as fast as the network carries them.
        ((200, 201, 202, 203, 204), True),
        ((200, 205, 210, 215, 219), True),
        ((200, 205, 210, 215, 220), False),
    ],
)
async def test_a_bundled_answer_has_no_speed(
    monkeypatch: pytest.MonkeyPatch, instants: tuple[int, ...], bundled: bool
) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    output = tuple(OutputChunk(at * MS, 4, answer=True) for at in instants)
    line = replace(LINE, output=output, end_ns=400 * MS)
    canned(monkeypatch, provider, Reading(timeline=line, outcome=Ok(), usage=Usage(output_tokens=500)))
    sample = await carry_out(provider, clock)
    timing = sample.timing
    assert is_bundled(line) is bundled
    assert sample.remarks == (("bundled",) if bundled else ())
    assert (timing.tps is None, timing.tps_steady is None, timing.itl_seconds is None) == (bundled,) * 3
    assert timing.ttft_seconds == 0.2
    assert timing.total_latency_seconds is not None


# What goes wrong on our side --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [StopwatchError("the stopwatch process died"), ProviderError("no request could be made")]
)
async def test_our_own_trouble_is_never_the_providers(error: Exception) -> None:
    clock = VirtualClock()
    sample = await carry_out(ScriptedProvider(clock, lambda _: Answer(seconds=3, error=error)), clock)
    assert failure(sample) == Failed(kind="probe", fault="probe", detail=str(error))
    assert (sample.id, sample.started_at, sample.lag_seconds) == (ID, START, 0.5)
    assert sample.timing == Timing(duration_seconds=3)
    assert sample.status_code is None
    assert sample.trusted


async def test_a_defect_is_named_in_the_sample_and_told_in_the_log() -> None:
    clock = VirtualClock()
    error = KeyError("sk-very-secret-key-0123456789")
    with capture_logs() as logs:
        sample = await carry_out(ScriptedProvider(clock, lambda _: Answer(error=error)), clock)
    assert failure(sample) == Failed(kind="probe", fault="probe", detail="unexpected KeyError, see the log")
    assert [(entry["log_level"], entry["attempt"]) for entry in logs] == [("error", str(ID))]


async def test_a_stopwatch_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)

    async def silent(*_: object) -> Capture:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(provider, "send", silent)
    way = replace(target_plan("a"), deadlines=Deadlines(connect=0.01, total=0.01))
    sample = await attempt(
        replace(plan(), target_plan=way), provider, NoWire(), FixedPrices(), clock, grace_seconds=0
    )
    assert failure(sample).kind == "probe"
    assert failure(sample).detail == "the stopwatch gave no answer within 0.02 s"


async def test_a_cancelled_attempt_is_cancelled() -> None:
    clock = VirtualClock()
    task = asyncio.ensure_future(attempt(plan(), ScriptedProvider(clock), NoWire(), FixedPrices(), clock))
    await clock.pass_until(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    sample = own_failure(plan(), "cancelled", "the probe was told to stop", 0, clock)
    assert failure(sample) == Failed(kind="cancelled", fault="probe", detail="the probe was told to stop")
    assert (sample.started_at, sample.timing) == (START, Timing(duration_seconds=0.5))


@pytest.mark.parametrize(
    ("asked", "kept", "expected"),
    [(64, None, 4096), (1000, None, 16_000), (64, 10, 10), (64, 100_000, None)],
)
async def test_a_text_is_kept_to_a_few_times_what_was_asked_for(
    asked: int, kept: int | None, expected: int | None
) -> None:
    text = "täxt" * 10_000
    clock = VirtualClock()
    provider = ScriptedProvider(clock, lambda _: Answer(text=text))
    whole = plan(replace(case(), max_tokens=asked))
    way = replace(whole.target_plan, kept_characters=kept)
    sample = await carry_out(provider, clock, replace(whole, target_plan=way))
    shown = text
    if expected is not None:
        shown = f"{text[:expected]}\n[… the first {expected:,} of 40,000 characters are kept]"
    assert sample.text == sample.reasoning_text == shown


async def test_no_secret_gets_into_a_sample() -> None:
    key = "a-key-of-no-known-shape"
    learn([key])
    clock = VirtualClock()
    refused = Failed(kind="auth", fault="account", detail=f"bad key {key}", retry_after_seconds=3)
    sample = await carry_out(ScriptedProvider(clock, lambda _: Answer(outcome=refused)), clock)
    assert failure(sample) == replace(refused, detail=f"bad key {MASK}")
    ours = own_failure(plan(), "probe", f"died with {key}", 0, clock)
    assert key not in failure(ours).detail
    # Pieces of a stream, put together: nothing that arrived held it whole.
    told = Answer(text=f"It is {key}.")
    sample = await carry_out(ScriptedProvider(clock, lambda _: told), clock)
    assert sample.text == f"It is {MASK}."


# Identifiers ------------------------------------------------------------------------------------------------


def test_identifiers_are_uuids_of_version_7_in_the_order_of_time() -> None:
    clock = FakeClock(START)
    made = []
    for _ in range(200):
        made.append(new_id(clock.now()))
        clock.advance(0.001)
    assert {(each.version, each.variant) for each in made} == {(7, uuid4().variant)}
    assert made == sorted(made)
    assert [f"{each}" for each in made] == sorted(f"{each}" for each in made)
    assert made[0].int >> 80 == START.timestamp() * 1000
    assert len({new_id(START) for _ in range(1000)}) == 1000
