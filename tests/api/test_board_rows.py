"""The rows of the board, figure by figure."""

from __future__ import annotations

import pytest

from probe.api.board.view import BoardView
from tests.api.entries import an_entry, nothing_yet, only_failures
from tests.api.shown import figures, plain, view


def light(shown: BoardView) -> str | None:
    return next(cell.light for cell in shown.rows[0].cells if cell.key == "jitter")


class TestRows:
    def test_figures(self) -> None:
        shown = view(an_entry())
        row = figures(shown)
        assert plain(row["ttft"].text) == "300 ms"
        assert [plain(note) for note in row["ttft"].notes] == ["n 3"]
        assert plain(row["latency"].text) == "1,200 ms"
        assert row["tps"].text == "100"
        assert plain(row["jitter"].text) == "163 ms"
        assert (light(shown), row["jitter"].notes) == ("green", ("steady",))
        assert plain(row["success"].text) == "75 %"
        assert row["success"].notes == ("3 of 4", "server error ×1")
        assert row["cost"].text == "$0.20"
        assert plain(row["cost"].notes[0]) == "$0.0004 in 24 h"
        assert row["value"].text == "500"
        assert plain(row["last"].text) == "5 min ago"

    @pytest.mark.parametrize(
        ("n", "notes"),
        [
            (10, ["n 10"]),
            (11, ["p90 ≈ 200 ms", "n 11"]),
            (63, ["p90 ≈ 200 ms", "n 63"]),
            (64, ["p90 200 ms", "n 64"]),
        ],
    )
    def test_a_percentile_of_too_few_is_called_a_guess(self, n: int, notes: list[str]) -> None:
        figure = figures(view(an_entry(ttft_seconds=(0.2,) * n)))["ttft"]
        assert [plain(note) for note in figure.notes] == notes
        assert ("guess" in figure.hint) == (n < 64)

    @pytest.mark.parametrize(
        ("latencies", "colour", "word"),
        [
            ((1.0, 1.398), "green", "steady"),
            ((1.0, 1.4), "yellow", "uneven"),
            ((1.0, 2.0), "yellow", "uneven"),
            ((1.0, 2.002), "red", "erratic"),
        ],
    )
    def test_the_traffic_light(self, latencies: tuple[float, ...], colour: str, word: str) -> None:
        shown = view(an_entry(total_latency_seconds=latencies))
        assert (light(shown), figures(shown)["jitter"].notes) == (colour, (word,))

    def test_one_latency_has_no_light(self) -> None:
        shown = view(an_entry(total_latency_seconds=(1.0,)))
        assert light(shown) is None
        assert figures(shown)["jitter"].text == "–"
        assert figures(shown)["jitter"].notes == ()
        assert "two successes" in figures(shown)["jitter"].hint

    def test_unknown_is_an_en_dash_with_a_reason(self) -> None:
        shown = view(nothing_yet())
        for figure in figures(shown).values():
            assert figure.text == "–"
            assert figure.hint not in {"", "–"}
            assert figure.notes == ()
        assert shown.rows[0].spark_words == "No result in the last 24 hours"

    def test_only_failures(self) -> None:
        shown = view(only_failures(failure="timeout_first_token"))
        row = figures(shown)
        assert plain(row["success"].text) == "0 %"
        assert row["success"].notes == ("0 of 12", "timeout first token ×12")
        assert (row["cost"].text, row["cost"].hint) == ("–", "No success to price")
        assert shown.rows[0].spark_words == "No success in the last 24 hours; 12 failed"

    def test_our_own_failures_are_not_theirs(self) -> None:
        row = figures(view(an_entry(own_failures=1, failure_kinds={"probe": 1})))
        assert plain(row["success"].text) == "100 %"
        assert row["success"].notes == ("3 of 3", "probe ×1")

    def test_cells_stand_below_their_headings(self) -> None:
        shown = view(an_entry())
        assert [cell.key for cell in shown.rows[0].cells] == [head.key for head in shown.headings[1:]]

    def test_a_name_that_says_it_all_is_not_said_twice(self) -> None:
        assert view(an_entry("acme/echo")).rows[0].full_name == ""
        assert view(an_entry("acme/echo (warm)", model="echo", connection="warm")).rows[0].full_name == ""
        assert view(an_entry("fast lane", provider="acme", model="echo")).rows[0].full_name == "acme · echo"
