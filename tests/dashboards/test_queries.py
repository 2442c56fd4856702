"""Every query of every board is put to a real Prometheus that scraped a real daemon."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import pytest_asyncio

from dashboards.query import how_many
from probe.metrics import names
from tests.dashboards.grafana import Asked, Json, interpolated, opened, queries, range_seconds
from tests.dashboards.stage import staged
from tests.servers.prometheus import Prometheus
from tests.servers.victoria import Victoria, storing

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "prometheus"
BOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}

_COST, _DISCOVERY, _ENGINES, _HEALTH, _MODEL, _PROVIDER = (
    f"inference-probe-{name}" for name in ("cost", "discovery", "engines", "health", "model", "provider")
)
_NO_LISTS = "no list of the simulator tells it; tests/exporters scrapes a status that does"
_NO_GATEWAY = "nothing that is asked stands behind a gateway that tells of its tries"
_ONE_CHUNK = "the server answers in one piece, which has no speed"

# Queries that have nothing to show here, by board, panel and letter, and why. Anything else must have data.
EMPTY = {
    (_COST, "Prices in force, per 1M tokens", "D"): _NO_LISTS,
    (_COST, "Prices in force, per 1M tokens", "E"): _NO_LISTS,
    (_DISCOVERY, "Ends announced", "A"): _NO_LISTS,
    (_DISCOVERY, "Ends announced", "B"): _NO_LISTS,
    (_DISCOVERY, "Sources of prices", "A"): "asking for prices is off: no test may reach them",
    (_DISCOVERY, "Sources of prices", "B"): "asking for prices is off: no test may reach them",
    (_ENGINES, "Why an engine says nothing", "A"): "every engine that is asked says something",
    **{(uid, "Tries of gateways", ref): _NO_GATEWAY for uid in (_MODEL, _PROVIDER) for ref in "ABC"},
    (_ENGINES, "Speed: measured, and dashed as told", "A"): _ONE_CHUNK,
}
# Marks of jobs that run: the calendar starts none within the seconds of a test.
_NEVER_MARKED = "annotation Runs"
# Panels of troubles, which show nothing where all is well: without their `> 0` they have data.
TROUBLES = {
    *((_HEALTH, "Missed, late and overlapped slots", ref) for ref in "ABC"),
    *((_HEALTH, "Not sent, and why", ref) for ref in "AB"),
    (_HEALTH, "Waiting, by provider and why", "A"),
    (_HEALTH, "Stamped by the kernel", "B"),
    *((_HEALTH, "Trouble with the store", ref) for ref in "ABCDEF"),
}
# A scrape of every second finds an attempt that waits for a moment, or does not.
BY_CHANCE = {(_HEALTH, "Waiting, by provider and why", "A")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    async with staged(tmp_path_factory.mktemp("stage")) as prometheus:
        yield prometheus


@pytest.mark.parametrize("name", BOARDS)
async def test_every_query_has_data_or_a_reason(prometheus: Prometheus, name: str) -> None:
    board = BOARDS[name]
    asked = [each for each in queries(board) if each.where != _NEVER_MARKED]
    empty = await _without_data(prometheus, board, asked)
    expected = {key for key in (*EMPTY, *TROUBLES) if key[0] == board["uid"]}
    assert {each.key for each in empty} | BY_CHANCE == expected | BY_CHANCE


@pytest.mark.parametrize("name", BOARDS)
async def test_what_shows_nothing_for_want_of_trouble_has_data(prometheus: Prometheus, name: str) -> None:
    board = BOARDS[name]
    troubles = [each for each in queries(board) if each.key in TROUBLES]
    assert all(each.expression.endswith(" > 0") for each in troubles)
    whole = [replace(each, expression=each.expression.removesuffix(" > 0")) for each in troubles]
    assert not await _without_data(prometheus, board, whole)


async def test_marks_of_runs_are_understood(prometheus: Prometheus) -> None:
    for board in BOARDS.values():
        (runs,) = (each for each in queries(board) if each.where == _NEVER_MARKED)
        whole = replace(runs, expression=runs.expression.removesuffix(" > 0"))
        assert not await _without_data(prometheus, board, [whole])


async def test_a_suite_leaves_the_targets_of_its_jobs(prometheus: Prometheus) -> None:
    board = BOARDS["overview"]
    (target,) = (each for each in queries(board) if each.where == "variable target")

    async def left(suite: str) -> set[str]:
        chosen = opened(board) | {"suite": suite}
        found = await prometheus.query(interpolated(target, chosen, range_seconds(board)))
        return {value for labels in found for name, value in labels if name == "target"}

    everything = {"gpu/llama", "north/broken", "north/steady", "router/steady", "sim/steady"}
    assert await left(".*") == everything
    assert await left("quick") == everything - {"north/broken"}
    assert await left("(quick|mystery-shopper)") == everything
    assert await left("mystery-shopper") == {"north/broken"}


async def test_a_target_that_fails_over_both_connections_is_one(prometheus: Prometheus) -> None:
    board = BOARDS["overview"]
    (failing,) = (each for each in queries(board) if each.where == "Failing")
    found = await prometheus.query(interpolated(failing, opened(board), range_seconds(board)))
    assert list(found.values()) == [1]
    series = await prometheus.query(f"{names.LAST_ATTEMPT_SUCCESS} == 0")
    assert {dict(labels)["connection"] for labels in series} == {"cold", "warm"}


async def test_none_of_many_is_0_and_none_of_nothing_is_unknown(prometheus: Prometheus) -> None:
    some, nothing = "vector(1)", "vector(1) > 1"
    assert list((await prometheus.query(how_many(some, some))).values()) == [1]
    assert list((await prometheus.query(how_many(nothing, some))).values()) == [0]
    assert await prometheus.query(how_many(nothing, nothing)) == {}


async def test_the_detour_is_the_difference_of_both_ways(prometheus: Prometheus) -> None:
    board = BOARDS["detour"]
    asked = {each.ref: each for each in queries(board) if each.where == "Each pair in the time shown"}

    async def answer(expression: str) -> dict[str, float]:
        text = interpolated(replace(asked["A"], expression=expression), opened(board), range_seconds(board))
        return {dict(labels)["connection"]: value for labels, value in (await prometheus.query(text)).items()}

    def median(kind: str) -> str:
        grown = f'increase({names.TTFT_SECONDS}_bucket{{kind="{kind}",model=~".*steady.*"}}[1d])'
        return f"histogram_quantile(0.5, sum by (connection, le) ({grown}))"

    direct, proxied = await answer(median("direct")), await answer(median("proxy"))
    added = await answer(asked["B"].expression)
    # Asked at other moments, of counters that grow on: no more alike than that.
    assert added == {"cold": pytest.approx(proxied["cold"] - direct["cold"], abs=0.01)}
    assert added["cold"] > 0.1


async def _without_data(prometheus: Prometheus, board: Json, asked: Sequence[Asked]) -> list[Asked]:
    """Those whose answer has no number; a query that is not understood fails.

    One that looks ahead by a step, as bars do, is put a step ago: it is then about the step until now.
    """
    answers = await asyncio.gather(
        *(
            prometheus.query(
                interpolated(each, opened(board), range_seconds(board)),
                seconds_ago=each.step_seconds if " offset -" in each.expression else 0,
            )
            for each in asked
        )
    )
    return [
        each
        for each, answer in zip(asked, answers, strict=True)
        if not any(math.isfinite(value) for value in answer.values())
    ]


async def test_victoria_metrics_answers_the_same_queries(prometheus: Prometheus, tmp_path: Path) -> None:
    async with storing(tmp_path) as victoria:
        await asyncio.to_thread(_copy, prometheus, victoria)
        there = Prometheus(victoria.url)
        for board in BOARDS.values():
            known = {key for key in (*EMPTY, *TROUBLES) if key[0] == board["uid"]}
            asked = [each for each in queries(board) if "changes(" not in each.expression]
            empty = await _without_data(there, board, asked)
            assert {each.key for each in empty} <= known


def _copy(prometheus: Prometheus, victoria: Victoria) -> None:
    """The latest value of every series as that of a minute ago, and 0 before it, as counters grow."""
    query = urlencode({"match[]": '{__name__=~".+"}'})
    with urlopen(f"{prometheus.url}/federate?{query}", timeout=30) as page:
        lines = page.read().decode()
    for value, milliseconds in (("0", 120_000), (r"\1", 60_000)):
        moved = partial(_moved, value, milliseconds)
        text = re.sub(r" (\S+) (\d+)$", moved, lines, flags=re.MULTILINE)
        urlopen(f"{victoria.url}/api/v1/import/prometheus", data=text.encode(), timeout=30).close()
    urlopen(f"{victoria.url}/internal/force_flush", timeout=10).close()


def _moved(value: str, milliseconds: int, line: re.Match[str]) -> str:
    """The end of a line, with that value, so much earlier."""
    return f" {line.expand(value)} {int(line[2]) - milliseconds}"
