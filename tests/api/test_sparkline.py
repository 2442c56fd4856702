"""The geometry of a sparkline."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.api.board.rows import HEIGHT, WIDTH, sparkline


def coordinates(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, _, y in (pair.partition(",") for pair in path.split())]


def test_nothing_known_is_nothing_drawn() -> None:
    line = sparkline([None] * 24, [0] * 24)
    assert (line.lines, line.areas, line.dots, line.last, line.ticks) == ((), (), (), None, ())


def test_an_hour_without_results_is_a_gap() -> None:
    line = sparkline([0.2, 0.4, None, 0.3, None, 0.1, 0.1], [0] * 7)
    assert [len(coordinates(path)) for path in line.lines] == [2, 2]
    assert len(line.dots) == 1
    assert line.last is not None
    assert (float(line.last[0]), float(line.last[1])) == coordinates(line.lines[1])[-1]


def test_the_scale_begins_at_zero_and_ends_at_the_highest() -> None:
    [path] = sparkline([0.5, 1.0, 0.0], [0] * 3).lines
    low, high, zero = (y for _, y in coordinates(path))
    assert high < low < zero
    assert abs((zero - low) - (zero - high) / 2) < 0.1


def test_hours_with_failures_have_a_tick_where_the_line_has_its_point() -> None:
    line = sparkline([0.2] * 24, [0] * 23 + [3])
    assert line.ticks == (f"{WIDTH - 4:.1f}",)


@given(
    st.lists(
        st.tuples(st.none() | st.floats(min_value=0, max_value=1e9, allow_nan=False), st.integers(0, 5)),
        min_size=1,
        max_size=48,
    )
)
def test_everything_lies_in_the_box(hours: list[tuple[float | None, int]]) -> None:
    line = sparkline([median for median, _ in hours], [failures for _, failures in hours])
    points = [point for path in (*line.lines, *line.areas) for point in coordinates(path)]
    points += [(float(x), float(y)) for x, y in line.dots]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    known = sum(len(coordinates(path)) for path in line.lines) + len(line.dots)
    assert known == sum(median is not None for median, _ in hours)
