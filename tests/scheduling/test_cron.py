"""Cron text against crontab(5), and against a daemon that looks at its watch every minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probe.errors import ConfigError
from probe.scheduling.cron import (
    Cron,
    CronTimetable,
    fire_times,
    interval_seconds,
    next_fire,
    parse_cron,
    parse_timezone,
)

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(text: str, zone: str, after: str, until: str) -> list[str]:
    """Fire times as local wall-clock text with offset."""
    tz = parse_timezone(zone)
    found = fire_times(parse_cron(text), tz, utc(after), utc(until))
    return [instant.astimezone(tz).strftime("%d %H:%M%z") for instant in found]


# Meaning ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/15 * * * *", ["01 00:15", "01 00:30", "01 00:45", "01 01:00"]),
        ("1-5/2 0 * * *", ["01 00:01", "01 00:03", "01 00:05", "02 00:01"]),
        ("5,10-11 3 * * *", ["01 03:05", "01 03:10", "01 03:11", "02 03:05"]),
        ("@hourly", ["01 01:00", "01 02:00", "01 03:00", "01 04:00"]),
        ("@daily", ["02 00:00", "03 00:00", "04 00:00", "05 00:00"]),
        ("@weekly", ["04 00:00", "11 00:00", "18 00:00", "25 00:00"]),
        ("0 2 * * 0", ["04 02:00", "11 02:00", "18 02:00", "25 02:00"]),
        ("0 2 * * 7", ["04 02:00", "11 02:00", "18 02:00", "25 02:00"]),
        ("0 2 * * SUN", ["04 02:00", "11 02:00", "18 02:00", "25 02:00"]),
        ("0 2 * * mon-wed", ["05 02:00", "06 02:00", "07 02:00", "12 02:00"]),
        ("0 2 * * 5-7", ["02 02:00", "03 02:00", "04 02:00", "09 02:00"]),
        # Both day fields restricted: either is enough.
        ("0 0 13 * fri", ["02 00:00", "09 00:00", "13 00:00", "16 00:00"]),
        # A day field that starts with a star is not restricted: both must match.
        ("0 0 */2 * mon", ["05 00:00", "19 00:00"]),
        ("0 0 1-7 * */7", ["04 00:00"]),
    ],
)
def test_fields_mean_what_crontab_says(text: str, expected: list[str]) -> None:
    # 1 January 2026 is a Thursday.
    found = fire_times(parse_cron(text), UTC, utc("2026-01-01"), utc("2026-01-31"))
    assert [instant.strftime("%d %H:%M") for _, instant in zip(range(4), found, strict=False)] == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 0 1 jan *", "2027-01-01"),
        ("@monthly", "2026-02-01"),
        ("@yearly", "2027-01-01"),
        ("@annually", "2027-01-01"),
        ("@midnight", "2026-01-02"),
        ("0 0 29 2 *", "2028-02-29"),
        ("0 0 29 2 */6", "2032-02-29"),
    ],
)
def test_rare_expressions(text: str, first: str) -> None:
    assert next_fire(parse_cron(text), UTC, utc("2026-01-01T00:30")) == utc(first)


def test_the_start_is_excluded_and_the_end_included() -> None:
    every_hour = parse_cron("0 * * * *")
    found = list(fire_times(every_hour, UTC, utc("2026-01-01T01:00"), utc("2026-01-01T03:00")))
    assert found == [utc("2026-01-01T02:00"), utc("2026-01-01T03:00")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("60 * * * *", "minute: 60 is not between 0 and 59"),
        ("* 24 * * *", "hour: 24 is not between 0 and 23"),
        ("* * 0 * *", "day of month: 0 is not between 1 and 31"),
        ("* * * 13 *", "month: 13 is not between 1 and 12"),
        ("* * * * 8", "day of week: 8 is not between 0 and 7"),
        ("* * * * someday", 'day of week: "someday" is no number (names are sun, mon'),
        ("x * * * *", 'minute: "x" is no number'),
        ("*/0 * * * *", 'minute: "*/0": a step is 1 to 59'),
        ("*/90 * * * *", 'minute: "*/90": a step is 1 to 59'),
        ("5/15 * * * *", 'minute: "5/15": a step needs a range, as in 5-59/15'),
        ("30-10 * * * *", 'minute: "30-10" runs backwards'),
        ("1, * * * *", 'minute: "" is neither'),
        ("? * * * *", 'minute: "?" is neither'),
        ("-1 * * * *", 'minute: "-1" is neither'),
        ("٣ * * * *", 'minute: "٣" is neither'),
        ("* * * *", "4 fields instead of 5 (minute, hour, day of month, month, day of week)"),
        ("0 * * * * *", "6 fields instead of 5"),
        ("", "0 fields instead of 5"),
        ("@reboot", "unknown alias; known are @hourly"),
        ("0 0 31 2,4 *", "day of month: no chosen month has such a day"),
    ],
)
def test_an_error_names_the_field_and_what_was_meant(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_cron(text)
    assert str(caught.value).startswith(f'cron "{text}": {reason}')


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "/etc/localtime", "Europe"])
def test_an_unknown_time_zone(name: str) -> None:
    with pytest.raises(ConfigError, match="not in the time zone database"):
        parse_timezone(name)


def test_a_restricted_weekday_saves_an_impossible_date() -> None:
    assert next_fire(parse_cron("0 0 31 2 mon"), UTC, utc("2026-02-01")) == utc("2026-02-02")


# Daylight saving --------------------------------------------------------------------------------------------
# Berlin 2026: 29 March 02:00 -> 03:00, 25 October 03:00 -> 02:00.


def test_a_skipped_time_runs_at_the_change() -> None:
    assert fires("30 2 * * *", "Europe/Berlin", "2026-03-28", "2026-03-30T12:00") == [
        "28 02:30+0100",
        "29 03:00+0200",
        "30 02:30+0200",
    ]


def test_a_repeated_time_runs_the_first_time_only() -> None:
    assert fires("30 2 * * *", "Europe/Berlin", "2026-10-24", "2026-10-26T12:00") == [
        "24 02:30+0200",
        "25 02:30+0200",
        "26 02:30+0100",
    ]


def test_skipped_times_that_meet_run_once() -> None:
    assert fires("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28T20:00", "2026-03-29T12:00") == [
        "29 03:00+0200",
        "29 03:30+0200",
    ]


@pytest.mark.parametrize("day", ["2026-03-28T12:00", "2026-10-24T12:00"])
def test_every_15_minutes_goes_by_elapsed_time(day: str) -> None:
    start = utc(day)
    found = list(fire_times(parse_cron("*/15 * * * *"), BERLIN, start, start + timedelta(days=1)))
    assert len(found) == 96
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}


def test_minutes_of_one_hour_follow_the_clock_on_the_wall() -> None:
    assert fires("*/30 2 * * *", "Europe/Berlin", "2026-03-29", "2026-03-29T12:00") == []
    assert fires("*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T12:00") == [
        "25 02:00+0200",
        "25 02:30+0200",
        "25 02:00+0100",
        "25 02:30+0100",
    ]


def test_a_change_across_midnight_keeps_the_order() -> None:
    """St John's fell back from 00:01 to 23:01 of the day before."""
    found = fires("*/30 * * * *", "America/St_Johns", "2009-11-01T01:45", "2009-11-01T04:15")
    assert found == [
        "31 23:30-0230",
        "01 00:00-0230",
        "31 23:30-0330",
        "01 00:00-0330",
        "01 00:30-0330",
    ]


# The oracle -------------------------------------------------------------------------------------------------


def watch(cron: Cron, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """A daemon that wakes every minute, looks at the clock on the wall and runs what is due.

    It remembers the latest wall-clock minute it has dealt with: a jump ahead makes it deal with every minute
    in between, at once; a jump back makes fixed times wait until the clock has caught up.
    """

    times = set(cron.times)

    def due(local: datetime) -> bool:
        return cron.matches(local.date()) and local.time() in times

    instant = after - timedelta(hours=6)
    dealt_with = instant.astimezone(zone).replace(tzinfo=None)
    while instant < until:
        instant += MINUTE
        local = instant.astimezone(zone).replace(tzinfo=None)
        if cron.fixed_time:
            run = False
            while dealt_with < local:
                dealt_with += MINUTE
                run = due(dealt_with) or run
        else:
            run = due(local)
        if run and after < instant:
            yield instant


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.one_of(st.just("*"), ranges), st.integers(1, high - low)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    item = st.one_of(number.map(str), ranges, steps)
    return st.one_of(st.just("*"), st.just("*"), st.lists(item, min_size=1, max_size=3).map(",".join))


CRONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(" ".join)
CHANGES = st.sampled_from(
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-04"),  # half an hour
        ("Australia/Lord_Howe", "2026-10-03"),
        ("America/Havana", "2026-03-08"),  # at midnight
        ("America/Havana", "2026-11-01"),
        ("America/St_Johns", "2009-11-01"),  # across midnight
        ("Africa/Cairo", "2026-04-24"),
        ("Asia/Kathmandu", "2026-01-01"),
    ]
)


@settings(max_examples=100, deadline=None)
@given(CRONS, CHANGES, st.integers(0, 1440))
@example("30 2 * * *", ("Europe/Berlin", "2026-03-29"), 0)
@example("15 0 * * *", ("America/Havana", "2026-03-08"), 0)
@example("0,59 0,23 * * *", ("America/St_Johns", "2009-11-01"), 0)
@example("*/30 * * * *", ("America/St_Johns", "2009-11-01"), 0)
def test_agrees_with_the_watching_daemon(text: str, change: tuple[str, str], shift: int) -> None:
    zone, day = ZoneInfo(change[0]), utc(change[1])
    cron = parse_cron(text)
    after = day - timedelta(minutes=720 + shift)
    until = day + timedelta(days=1)
    expected = list(watch(cron, zone, after, until))
    assert list(fire_times(cron, zone, after, until)) == expected

    step, instant = [], next_fire(cron, zone, after)
    while instant is not None and instant <= until:
        step.append(instant)
        instant = next_fire(cron, zone, instant)
    assert step == expected


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"[0-9*/,\-a-z@ ]{0,30}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cron = parse_cron(text)
    except ConfigError:
        return
    assert next_fire(cron, UTC, utc("2026-01-01")) is not None


# The interval -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("*/15 * * * *", 900),
        ("*/15 9-17 * * 1-5", 900),
        ("@hourly", 3600),
        ("0 2 * * 0", 7 * 86_400),
        ("@yearly", 365 * 86_400),
    ],
)
def test_the_usual_interval(text: str, seconds: float) -> None:
    assert interval_seconds(parse_cron(text), UTC, utc("2026-01-01")) == seconds


def test_a_timetable_is_cron_text_in_a_zone() -> None:
    table = CronTimetable.parse("0 9 * * *", "Europe/Berlin")
    summer = utc("2026-07-01")
    assert table.next_after(summer) == utc("2026-07-01T07:00")
    assert list(table.between(summer, summer + timedelta(days=2))) == [
        utc("2026-07-01T07:00"),
        utc("2026-07-02T07:00"),
    ]
    assert table.interval_seconds(summer) == 86_400
    assert CronTimetable.parse("0 9 * * *").zone is UTC


def test_an_error_is_one_line_whatever_was_given() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_cron("\x1e\n*\u2028")
    assert str(caught.value).startswith('cron "\\x1e\\n*\\u2028": 1 fields')
    assert str(caught.value).isprintable()
