"""The question of every panel, and what is true of it on the stage."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from math import ceil

import pytest

from dashboards.palette import BLUE, GREEN, MUTED, RED, YELLOW
from tests.dashboards.recorded import daemon
from tests.dashboards.recorded.attempts import CAST, DEARER, TOKENS, UP, Act, at
from tests.dashboards.recorded.scrapes import SCRAPE, next_scrape
from tests.dashboards.recorded.truth import Truth, told_at
from tests.dashboards.viewer.display import shown
from tests.dashboards.viewer.view import View

# Asserts that a panel of this title says what is so.
Question = Callable[[View, str, Truth], None]
Number = Callable[[Truth], float | None]
_LLAMA = "acme/llama"


def tile(value: Number, colour: Callable[[float], str] = lambda _: BLUE, *, about: float = 0) -> Question:
    """A number and its colour; where it is unknown a short word in grey. `about` is how far off it may be."""

    def asked(view: View, title: str, truth: Truth) -> None:
        found, expected = view.number(title), value(truth)
        if expected is None:
            assert (found.value, found.colour) == (None, MUTED), title
            assert 0 < len(found.text or "") <= 12, title
            return
        assert found.value == pytest.approx(expected, rel=about, abs=2 * about + 1e-9), title
        assert found.colour == colour(expected), title

    return asked


def _bad(value: float) -> str:
    return RED if value else GREEN


def _odd(value: float) -> str:
    return YELLOW if value else GREEN


def _up(value: Number) -> Number:
    """Known while a probe is scraped."""
    return lambda truth: value(truth) if truth.up else None


def _here(value: Number) -> Number:
    """Known while the probe `here` is scraped."""
    return lambda truth: value(truth) if truth.scraped("here") else None


def _since(at: datetime, value: float) -> Number:
    return lambda truth: value if truth.end >= at.timestamp() else 0


def bars(name: Callable[[Act], str | None], amount: Callable[[Act], float] = lambda _: 1) -> Question:
    """A bar for each step in which something happened, standing where it happened, as high as it was."""

    def asked(view: View, title: str, truth: Truth) -> None:
        step = view.step(title)
        whole = truth.over_steps(step)
        # Of a step in which a process began anew, what the one before counted last is not known.
        unknown = UP.timestamp() // step * step if step > SCRAPE.total_seconds() * 4 else None
        expected: Counter[tuple[str, float]] = Counter()
        for act in whole.made:
            if (of := name(act)) is not None:
                expected[of, (ceil(told_at(act) / step) - 1) * step] += amount(act)  # type: ignore[assignment]
        found = {
            (line.name, at): value
            for line in view.lines(title)
            for at, value in line.points
            if abs(value) > 1e-9
        }
        for bars_ in (found, expected):
            for key in [key for key in bars_ if key[1] == unknown]:
                del bars_[key]
        assert found == pytest.approx({key: each for key, each in expected.items() if each}, rel=0.1), title
        assert view.panel(title)["fieldConfig"]["defaults"]["custom"]["barAlignment"] == 1

    return asked


def lines(is_there: Callable[[Truth], bool]) -> Question:
    """A graph has lines if and only if there is something to draw."""

    def asked(view: View, title: str, truth: Truth) -> None:
        found = [line for line in view.lines(title) if any(value == value for _, value in line.points)]
        assert bool(found) == is_there(truth), title
        _steady(view, title)

    return asked


def _steady(view: View, title: str) -> None:
    """Series keep their colour when others come and go."""
    if view.panel(title)["type"] == "timeseries":
        assert view.panel(title)["fieldConfig"]["defaults"]["color"]["mode"] == "palette-classic-by-name"


def each(figure: str, kind: str = "") -> Question:
    """A line for each series that had a success in sight, with the figures of its attempts alone."""

    def asked(view: View, title: str, truth: Truth) -> None:
        expected: dict[str, set[float]] = {}
        step = view.step(title)
        for act in Truth(start=0, end=truth.end).succeeded:
            target = act.sample.target
            if kind in ("", target.kind):
                legend = f"{target.name} · {act.sample.connection} · {target.location}"
                expected.setdefault(legend, set()).add(round(getattr(act.sample.timing, figure), 6))
        found = {line.name: {round(value, 6) for _, value in line.points} for line in view.lines(title)[:12]}
        for name, values in found.items():
            if name in expected:
                assert values <= expected[name], (title, name)
        inside = {
            f"{act.sample.target.name} · {act.sample.connection} · {act.sample.target.location}"
            for act in truth.succeeded
            if kind in ("", act.sample.target.kind)
            # A step is the sight of one instant.
            and told_at(act) <= truth.end - step
            and step <= 60
        }
        assert inside <= found.keys(), title
        _steady(view, title)

    return asked


def rows(count: Callable[[Truth], int]) -> Question:
    """A table of so many rows; without any its words say why."""

    def asked(view: View, title: str, truth: Truth) -> None:
        assert len(view.table(title)) == count(truth), title
        assert view.panel(title)["fieldConfig"]["defaults"]["noValue"]

    return asked


def since_when(view: View, title: str, truth: Truth) -> None:
    """Each series red from its first failure to its next success; grey where nothing is known."""
    bands, step = view.bands(title), view.step(title)
    told = truth.over_steps(step)
    for (target, connection, location), well in told.latest.items():
        _, last = bands[f"{target} · {connection} · {location}"][-1]
        assert (last.text, last.colour) == (("ok", GREEN) if well else ("failed", RED)), target
    at, last = max((points[-1] for points in bands.values()), key=lambda point: point[0])
    assert truth.end - at < step
    if not told.up:
        assert (last.text, last.colour) == ("not scraped", MUTED)
    # What was measured stays measured, also of what is gone.
    for act in truth.made:
        assert f"{act.sample.target.name} · {act.sample.connection} · {act.sample.target.location}" in bands
    # A raw text of Grafana stands where no band has a point.
    assert bands


def bands(states: Callable[[Truth], dict[str, tuple[str, str]]]) -> Question:
    """The last state of each band that goes on at the end."""

    def asked(view: View, title: str, truth: Truth) -> None:
        found = {
            name: (points[-1][1].text, points[-1][1].colour)
            for name, points in view.bands(title).items()
            if truth.end - points[-1][0] < view.step(title)
        }
        assert found == states(truth.over_steps(view.step(title))), title

    return asked


def failures(view: View, title: str, truth: Truth) -> None:
    expected = Counter(
        (act.sample.target.name, act.sample.connection, act.sample.failure.kind, act.sample.failure.fault)
        for act in truth.failed
        if act.sample.failure is not None
    )
    found = {
        (row["Target"], row["Conn."], row["Failure"], row["Fault"]): row["n"] for row in view.table(title)
    }
    assert found == pytest.approx(expected, abs=1), title


def leaderboard(view: View, title: str, truth: Truth) -> None:
    """Medians, not means: one burst moves nothing; what is unknown is a dash."""
    table = view.table(title)
    for row in table:
        for column, figure in (("TTFT", "ttft_seconds"), ("Total", "total_latency_seconds"), ("TPS", "tps")):
            expected = truth.median_of(figure, row["Target"], row["Conn."], row["Location"])
            value = row.get(column)
            if expected is not None and value == value and len(truth.made) > 60:
                assert value == pytest.approx(expected, rel=0.25), (title, row["Target"], column)
    cell = shown(view.panel(title), "Jitter", None)
    assert (cell.text, cell.colour) == ("–", "transparent")
    assert {act.sample.target.name for act in truth.made} <= {row["Target"] for row in table}


def winner(best: Callable[[Truth], str | None]) -> Question:
    """The name of whoever is best, and answers."""

    def asked(view: View, title: str, truth: Truth) -> None:
        found, expected = view.number(title), best(truth)
        if expected is None:
            assert (found.text, found.colour) == ("unknown", MUTED), title
        else:
            assert found.name.startswith(expected), title
            assert not any(found.name.startswith(name) for name, _ in truth.failing), title

    return asked


def burning(view: View, title: str, truth: Truth) -> None:
    """A row for each matter: no warning beside the critical alert of the same, and a way to its board."""
    found = {(row["About"], row["Alert"]): row for row in view.table(title)}
    assert {key: row["Severity"] for key, row in found.items()} == matters(truth)
    down = found.get(("acme/mini-8b", "TargetDown"))
    if down is not None:
        assert (down["board"], down["target"]) == ("inference-probe-model", "acme/mini-8b")
        assert down["Since"] == pytest.approx(1000 * (at("20:02:30").timestamp()))
    assert all(row["model"] and row["provider"] for row in found.values())


def matters(truth: Truth) -> dict[tuple[str, str], str]:
    """What fires, by what it is about and its name, with its severity."""
    began = {
        ("borealis/flaky-large", "HighErrorRate", "critical"): "19:45:30",
        ("borealis · old-13b", "ModelVanished", "warning"): "19:50:00",
        ("acme · llama-3.3-70b-instruct", "PriceChanged", "warning"): "19:51:38",
        ("every-minute", "RunsMissed", "warning"): "19:56:30",
        ("every-minute", "BudgetExhausted", "warning"): "19:57:25",
        ("acme/mini-8b", "TargetDown", "critical"): "20:02:30",
        ("sim/steady", "HighErrorRate", "warning"): "20:05:08",
    }
    return {
        (about, name): severity
        for (about, name, severity), clock in began.items()
        if at(clock).timestamp() <= truth.end
    }


def detour(view: View, title: str, truth: Truth) -> None:
    """One baseline a row, named: the direct way that answers first; what is faster is not the slowest."""
    for row in view.table(title):
        assert (row["Through"], row["Against"]) == ("waypoint", "acme")
        direct, proxied = (truth.median_of("tps", name) for name in (_LLAMA, "waypoint/llama"))
        if direct and proxied and len(truth.made) > 60:
            assert row["TPS more"] == pytest.approx(proxied - direct, abs=25)
            assert row["TPS more"] < 0 < row["TTFT +"]


def _paired(truth: Truth) -> bool:
    return all(truth.median_of("tps", name) is not None for name in (_LLAMA, "waypoint/llama"))


def _pair(column: str) -> Question:
    """The figure of the only pair."""

    def asked(view: View, title: str, truth: Truth) -> None:
        found = view.number(title)
        if not _paired(truth):
            assert (found.value, found.colour) == (None, MUTED), title
            return
        (row,) = view.table("Each pair in the time shown")
        assert found.value == pytest.approx(row[column]), title

    return asked


def both_ways(view: View, title: str, truth: Truth) -> None:
    """Neither way failed: what fails is probed one way alone."""
    found = {line.name: line.last for line in view.lines(title) if not line.name.startswith("n ")}
    assert found == ({"direct": 1, "proxy": 1} if truth.made else {}), title


def waiting(view: View, title: str, truth: Truth) -> None:
    """Which provider waits, why, and how many attempts."""
    found = {line.name for line in view.lines(title)}
    sight = truth.start < daemon.SILENT_UNTIL.timestamp() and truth.end > daemon.SILENT_FROM.timestamp()
    assert found == ({"acme: silence"} if sight else set()), title


def cold_and_warm(view: View, title: str, truth: Truth) -> None:
    """Only of the target that is probed over both."""
    assert {(row["Target"], row["Conn."]) for row in view.table(title)} <= {
        (_LLAMA, "cold"),
        (_LLAMA, "warm"),
    }
    if truth.median_of("ttft_seconds", _LLAMA, "warm"):
        by = {row["Conn."]: row["TTFT p50"] for row in view.table(title)}
        assert by["cold"] > by["warm"]


def not_asked(view: View, title: str, _: Truth) -> None:
    """Grafana knows its own alerts; no query reaches them."""
    assert "targets" not in view.panel(title)


def known_while_up(view: View, title: str, truth: Truth) -> None:
    """A number while any probe is scraped, else a word in grey."""
    found = view.number(title)
    assert (found.colour == MUTED) is (not truth.up), title


def frontier(view: View, title: str, truth: Truth) -> None:
    """Every name of the legend is a point."""
    table = view.table(title)
    assert all(value == value for row in table for value in row.values())
    assert all(len(row) == 3 for row in table)


def something(view: View, title: str, truth: Truth) -> None:
    """Bars and tables of figures that other panels hold to account: there wherever anything was measured."""
    found = view.lines(title) if view.panel(title)["type"] == "bargauge" else view.table(title)
    assert bool(found) == bool(truth.made), title


def budgets_table(view: View, title: str, truth: Truth) -> None:
    for row in view.table(title):
        cell = view.cell(title, row, "Share")
        assert cell.colour == (RED if truth.end >= daemon.EXHAUSTED.timestamp() else GREEN), title


def _kind(act: Act) -> str | None:
    return act.sample.failure.kind if act.sample.failure else None


def _fault(act: Act) -> str | None:
    return act.sample.failure.fault if act.sample.failure else None


def _limited(truth: Truth) -> float:
    return truth.failures("kind")["rate_limited"]


def _success(truth: Truth) -> float | None:
    return len(truth.succeeded) / len(truth.made) if truth.made else None


def _share_colour(value: float) -> str:
    return RED if value < 0.95 else YELLOW if value < 0.99 else GREEN


def _providers(truth: Truth) -> float | None:
    known = {name.partition("/")[0] for name, _, _ in truth.last_known}
    return len({name.partition("/")[0] for name, _ in truth.failing}) / len(known) if known else None


def _unpriced(truth: Truth) -> float:
    return sum(1 for act in truth.succeeded if act.sample.cost is None)


def _down(truth: Truth) -> float:
    return sum(not truth.scraped(location) for location in ("here", "there"))


def _store(truth: Truth) -> dict[str, tuple[str, str]]:
    found = {}
    for place in ("here", "there"):
        if truth.scraped(place):
            found[f"store probe-{place}:9797"] = ("well", GREEN)
            found[f"configuration probe-{place}:9797"] = ("well", GREEN)
    return found or {"store no probe is scraped": ("not scraped", MUTED)}


def _listed(truth: Truth) -> dict[str, tuple[str, str]]:
    if not truth.scraped("here"):
        return {"no list is known": ("not scraped", MUTED)}
    models = {
        (cast.series.target.provider, cast.series.target.model)
        for cast in CAST
        if cast.series.target.kind in ("direct", "proxy")
    }
    gone = truth.end >= next_scrape(daemon.VANISHED).timestamp()
    return {
        f"{provider} · {model}": ("gone", RED) if model == "old-13b" and gone else ("listed", GREEN)
        for provider, model in models
    }


def _server(truth: Truth) -> dict[str, tuple[str, str]]:
    if not truth.scraped("here"):
        return {"no server is known": ("not scraped", MUTED)}
    return {"gpu · vllm": ("up", GREEN)}


def _latest(view: View, title: str, truth: Truth) -> None:
    """Seconds since any success and any attempt; where nothing is told, a word in grey."""
    found = view.number(title)
    if truth.up:
        assert isinstance(found.value, float)
        assert 0 <= found.value < 90
    else:
        assert (found.value, found.text, found.colour) == (None, "unknown", MUTED)


def _events(view: View, title: str, truth: Truth) -> None:
    """What happened to models, at its step; first lists are no news, and a restart is none."""
    step = view.step(title)
    told = truth.over_steps(step)
    expected = Counter(
        (kind, (ceil(next_scrape(at).timestamp() / step) - 1) * step)
        for at, kind, _ in daemon.EVENTS
        if "model" in kind and told.start < next_scrape(at).timestamp() <= told.end
    )
    found = {(line.name, at): value for line in view.lines(title) for at, value in line.points}
    assert found == expected


def _models(view: View, title: str, truth: Truth) -> None:
    found = {each.name: each.value for each in view.numbers(title)}
    assert found == ({"listed": 60, "probed": 6} if truth.scraped("here") else {"No data": None}), title


def _new(truth: Truth) -> float:
    return sum(
        kind == "model_appeared" and truth.start < next_scrape(at).timestamp() <= truth.end
        for at, kind, _ in daemon.EVENTS
    )


def _overlapped(truth: Truth) -> float:
    begin = daemon.OVERLAPPED_FROM.timestamp()
    before = min(daemon.OVERLAPPED, max(0, (truth.start - begin) // 20))
    return min(daemon.OVERLAPPED, max(0, (truth.end // 15 * 15 - begin) // 20)) - before


_MEASURED = lines(lambda truth: bool(truth.made))
_OF_ENGINE = lines(lambda truth: any(act.sample.target.kind == "engine" for act in truth.made))
_TOLD = lines(lambda truth: any(act.sample.reported for act in truth.made))
_NEVER = lines(lambda _: False)
_EVER = lines(lambda truth: truth.known)
_NO_ROWS = rows(lambda _: 0)
_FAILING = tile(lambda t: (len(t.failing) or None if _down(t) else len(t.failing)) if t.known else None, _bad)
_SIMULATED = tile(lambda t: 1 if t.known else None, _odd)
_BUDGETS = tile(
    _here(lambda t: 1 if t.end >= daemon.EXHAUSTED.timestamp() else 0.1), lambda v: RED if v >= 1 else GREEN
)

_NOW: dict[str, Question] = {
    "Success": tile(_success, _share_colour, about=0.02),
    "Attempts": tile(lambda t: len(t.made), about=0.04),
    "Failing": _FAILING,
    "Latest": _latest,
    "429s": tile(_limited, _bad, about=0.1),
    "Simulated": _SIMULATED,
    "Since when: latest attempt of each target": since_when,
    "Whose fault: failed attempts": bars(_fault),
    "Failed attempts by kind": bars(_kind),
    "Failures in the time shown": failures,
    "Success over time": _MEASURED,
    "Departures from the protocol": _NO_ROWS,
    "Tries of gateways": _NO_ROWS,
    "Phases of the mean attempt": _MEASURED,
    "Phases in the time shown": something,
    "Phases of the latest attempt": rows(lambda t: sum(t.latest.values())),
    "TTFT, all that is chosen": _EVER,
    "TTFT: p50, p90, p99": _MEASURED,
    "Percentiles in the time shown": something,
    "TTFT of each attempt": each("ttft_seconds"),
    "Steps to the answer of each attempt": _MEASURED,
    "Total latency: p50, p90, p99": _MEASURED,
    "Total latency of each attempt": each("total_latency_seconds"),
    "Tokens per second: p50, p90, p99": _MEASURED,
    "Speed of each attempt": each("tps"),
    "Gaps between chunks": _EVER,
    "Gap: p50, p90, p99": _MEASURED,
    "Stream jitter": _MEASURED,
    "Inter-token latency": _MEASURED,
    "TTFT by connection": lines(lambda t: t.median_of("ttft_seconds", _LLAMA, "warm") is not None),
    "Cold against warm in the time shown": cold_and_warm,
    "Total: measured, and dashed as reported": _MEASURED,
    "Parts reported": _TOLD,
    "Elsewhere": _TOLD,
    "Speed: measured, and dashed as reported": _MEASURED,
    "Mean time elsewhere": something,
    "Tokens": bars(lambda act: "output" if act.sample.success else None, lambda _: TOKENS),
    "Output tokens of each attempt": _MEASURED,
    "Tokens in the time shown": something,
}
_TOKENS = {
    "Tokens": lines(lambda truth: bool(truth.made)),
}
QUESTIONS: dict[str, dict[str, Question]] = {
    "overview": {
        "Alerts": tile(lambda t: len(matters(t)), _bad),
        "Failing": _FAILING,
        "Providers": tile(_providers, lambda v: GREEN if v < 0.01 else YELLOW if v < 0.99 else RED),
        "Latest": _latest,
        "Probe": tile(lambda t: -1 if _down(t) else 1, lambda v: RED if v < 0 else GREEN),
        "Simulated": _SIMULATED,
        "What is burning": burning,
        "Whose fault: failed attempts": bars(_fault),
        "Grafana's own alerts": not_asked,
        "Since when: latest attempt of each target": since_when,
        "Fastest": winner(lambda t: "gpu/mistral" if t.made else None),
        "Most stable": winner(lambda t: "" if t.made else None),
        "Cheapest for 1,000 requests": winner(lambda t: "" if t.made else None),
        "Best value": winner(lambda t: "" if t.made else None),
        "Leaderboard": leaderboard,
        "TTFT": each("ttft_seconds"),
        "Total latency": each("total_latency_seconds"),
        "Speed": each("tps"),
    },
    "provider": _NOW | _TOKENS | {"Left of the limit": _NEVER, "Until all of it is left again": _NEVER},
    "model": _NOW | _TOKENS,
    "detour": {
        "TTFT +": _pair("TTFT +"),
        "Worst": _pair("TTFT +"),
        "Total +": _pair("Total +"),
        "Cost +": _pair("Cost + / 1k"),
        "Pairs": tile(lambda t: 1 if _paired(t) else None),
        "Simulated": _SIMULATED,
        "Each pair in the time shown": detour,
        "TTFT added by the detour": lines(_paired),
        "TTFT both ways": lines(lambda t: bool(t.made)),
        "Success both ways": both_ways,
        "Prices both ways, per 1M tokens": rows(lambda t: 3 if t.scraped("here") else 0),
        "Charged by the proxy against its price list": lines(_paired),
    },
    "cost": {
        "Spent": tile(lambda t: t.cost_usd, about=0.04),
        "Today": tile(_here(lambda _: float(daemon.SPENT))),
        "30 days": tile(_here(lambda _: 20)),
        "Unpriced": tile(_unpriced, _odd, about=0.05),
        "Held": tile(_up(lambda _: 0), _odd),
        "Simulated": _SIMULATED,
        "Budgets": _BUDGETS,
        "Budgets in USD": budgets_table,
        "Spend by provider": bars(
            lambda act: act.sample.target.provider if act.sample.cost else None,
            lambda act: float(act.sample.cost.total_usd) if act.sample.cost else 0,
        ),
        "Spend by model": lines(lambda t: bool(t.made)),
        "Cost of each answer": _MEASURED,
        "Cost of 1,000 requests": something,
        "Price history, per 1M tokens": _EVER,
        "Price changes in the time shown, per 1M tokens": rows(
            lambda t: 2 if t.start < DEARER.timestamp() <= t.end // 15 * 15 else 0
        ),
        "Prices in force, per 1M tokens": rows(
            lambda t: 5 if t.scraped("here") else 2 if t.scraped("there") else 0
        ),
        "Speed against price": frontier,
        "Value score": something,
        "Charged against counted": _TOLD,
        "Attempts without a price": something,
        "Charged and counted": something,
    },
    "discovery": {
        "Gone": tile(_here(_since(daemon.VANISHED, 1)), _bad),
        "Retiring": tile(_here(lambda _: 0), _odd),
        "Failing": tile(_here(lambda _: 0), _bad),
        "Models": _models,
        "New": tile(_new),
        "Ends announced": _NO_ROWS,
        "Probed models in their provider's list": bands(_listed),
        "Events": _events,
        "Models listed by provider": _EVER,
        "Model lists": rows(lambda t: 3 if t.scraped("here") else 0),
        "Sources of prices": _NO_ROWS,
    },
    "engines": {
        "Servers down": tile(_here(lambda _: 0), _bad),
        "Waiting now": tile(_here(lambda _: 0), _bad),
        "Fullest cache": tile(_here(lambda _: 0.5), lambda _: GREEN),
        "Success": tile(
            lambda t: 1 if any(act.sample.target.kind == "engine" for act in t.made) else None, _share_colour
        ),
        "Since when: does the server answer?": bands(_server),
        "Load now": rows(lambda t: 1 if t.scraped("here") else 0),
        "Waiting": _EVER,
        "Running": _EVER,
        "Key-value cache": _EVER,
        "TTFT against the queue": _OF_ENGINE,
        "Parts by the server's word": _OF_ENGINE,
        "Speed: measured, and dashed as told": _OF_ENGINE,
        "Speed of reading the prompt": _OF_ENGINE,
        "Why an engine says nothing": _NO_ROWS,
    },
    "health": {
        "Down": tile(_down, _bad),
        "Up for": lambda view, title, truth: None if truth.up else tile(lambda _: None)(view, title, truth),
        "Stalest": lambda view, title, truth: None if truth.up else tile(lambda _: None)(view, title, truth),
        "Not run": tile(_overlapped, _bad, about=0.2),
        "Lost": tile(lambda _: 0, _bad),
        "Steps": tile(lambda _: 0, _bad),
        "Withheld": tile(lambda _: 0, _bad),
        "Since when: store and configuration": bands(_store),
        "Jobs": rows(lambda t: 2 if t.known else 0),
        "Missed, late and overlapped slots": lines(lambda t: bool(_overlapped(t))),
        "Waiting, by provider and why": waiting,
        "Not sent, and why": lines(lambda t: t.start < daemon.EXHAUSTED.timestamp() <= t.end),
        "Attempts start late by": _MEASURED,
        "The stopwatch is late by": _MEASURED,
        "The daemon is late by": _EVER,
        "Stamped by the kernel": _MEASURED,
        "Exporters": rows(lambda t: 2 if t.known else 0),
        "Backlog": _EVER,
        "Size and results": _EVER,
        "Trouble with the store": _NEVER,
        "Budgets": _BUDGETS,
        "What jobs cost": rows(lambda t: 1 if t.known else 0),
        "Versions": rows(lambda t: 2 - int(_down(t))),
    },
}
