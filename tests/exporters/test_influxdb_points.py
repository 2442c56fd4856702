"""What a point holds: line protocol, read back by its own grammar."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.influxdb.facts import event_line, price_line
from exporters.influxdb.points import (
    OF_ATTEMPT,
    attempt_fields,
    attempt_line,
    attempt_tags,
    attempt_time_ns,
    field_name,
    status_lines,
)
from probe.catalog.prices.price import Price, PriceEntry
from probe.facts.event import Event
from probe.facts.rates import Rates
from probe.facts.sample import Timing
from tests.exporters.contract import SHOWN
from tests.exporters.samples import NOW, STATUS, TARGET, make_failure, make_sample

ENTRY = PriceEntry(
    id=UUID(int=9),
    provider="acme",
    model="echo-1",
    price=Price(
        rates=Rates(input_per_million_usd=Decimal("0.15"), output_per_million_usd=Decimal("0.6")),
        source="models.dev",
    ),
    at=NOW,
)


def read_line(line: str) -> tuple[str, dict[str, str], dict[str, str], int]:
    """Measurement, tags, fields and nanoseconds of a line.

    https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
    """
    assert "\n" not in line
    head, fields, at = re.split(r"(?<!\\) ", line)
    measurement, *tags = re.split(r"(?<!\\),", head)
    return measurement, dict(map(_pair, tags)), dict(map(_pair, re.split(r"(?<!\\),", fields))), int(at)


def _pair(text: str) -> tuple[str, str]:
    name, value = re.split(r"(?<!\\)=", text)
    return name, re.sub(r"\\([,= ])", r"\1", value)


def test_a_point_says_what_the_sample_says() -> None:
    sample = make_sample()
    measurement, tags, fields, at = read_line(attempt_line(sample))
    assert measurement == "inference_probe_attempt"
    assert tags == attempt_tags(sample)
    assert {name: float(text) for name, text in fields.items()} == dict(attempt_fields(sample))
    assert at // 1000 * 1000 == int(NOW.timestamp()) * 10**9


def test_numbers_are_floats_whatever_they_are() -> None:
    fields = read_line(attempt_line(make_sample()))[2]
    assert fields["tokens_input_provider"] == "500", "and not 500i, which refuses the next 0.5"
    assert not [text for text in fields.values() if not re.fullmatch(r"-?[0-9.e+-]+", text)]


def test_a_failure_with_nothing_known_has_no_figure_of_0() -> None:
    failure = make_failure(
        "dns", timing=Timing(duration_seconds=0.01), probe_lag_seconds=None, status_code=None
    )
    fields = read_line(attempt_line(failure))[2]
    assert set(fields) == {"attempt_success", "attempt_timestamp_seconds", "lag_seconds", "trusted"}


def test_siblings_of_one_microsecond_are_two_points_and_a_repeat_is_one() -> None:
    first, second = make_sample(id=UUID(int=5)), make_sample(id=UUID(int=6))
    assert attempt_tags(first) == attempt_tags(second)
    assert attempt_time_ns(first) != attempt_time_ns(second)
    assert attempt_line(first) == attempt_line(make_sample(id=UUID(int=5)))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines", "two lines"),
        ("ends with \\", "ends with "),
        ("c:\\models\\, x=1", "c:\\models, x=1"),
        ("", "-"),
        ("\x00", " "),
    ],
)
def test_what_line_protocol_cannot_say_is_left_out(name: str, shown: str) -> None:
    line = attempt_line(make_sample(replace(TARGET, name=name)))
    assert read_line(line)[1]["target"] == shown


@given(name=st.text(), model=st.text(), case=st.text())
def test_no_text_breaks_a_point(name: str, model: str, case: str) -> None:
    sample = make_sample(replace(TARGET, name=name, model=model), case_id=case)
    _, tags, fields, _ = read_line(attempt_line(sample))
    assert set(tags) == set(attempt_tags(sample))
    assert "ttft_seconds" in fields


def test_no_two_figures_share_a_field() -> None:
    sample = make_sample()
    names = [field_name(family.name, own) for family, source in OF_ATTEMPT for _, own in source.read(sample)]
    assert len(names) == len(set(names)) > 30
    assert {family for family, _ in OF_ATTEMPT} == {family for family, _ in SHOWN}


def test_an_event_is_a_point() -> None:
    event = Event(
        id=UUID(int=7),
        at=NOW,
        kind="model_vanished",
        severity="warning",
        provider="acme",
        model="echo 1",
        text='acme no longer lists "echo 1",\nsince \\ today',
    )
    line = event_line(event)
    assert line == (
        "inference_probe_event,kind=model_vanished,model=echo\\ 1,provider=acme,scope=none,severity=warning "
        'count=1,text="acme no longer lists \\"echo 1\\", since \\\\ today" '
        f"{int(NOW.timestamp()) * 10**9 + 7}"
    )


def test_a_price_is_a_point() -> None:
    assert price_line(ENTRY) == (
        "inference_probe_price,model=echo-1,provider=acme "
        "model_price_usd_per_million_tokens_input=0.15,model_price_usd_per_million_tokens_output=0.6,"
        'model_price_usd_per_request=0,source="models.dev" '
        f"{int(NOW.timestamp()) * 10**9 + 9}"
    )


def test_what_is_documented_of_points_is_what_is_written() -> None:
    text = (Path(__file__).parents[2] / "docs" / "exporters.md").read_text()
    rows = dict(re.findall(r"^\| `(inference_probe_\w+)`[^|]*\|[^|]*\|(.*)\|$", text, re.MULTILINE))
    event = Event(id=UUID(int=7), at=NOW, kind="model_vanished", text="gone")
    sample = make_sample()
    figures = {field_name(family.name, own) for family, read in OF_ATTEMPT for _, own in read.read(sample)}
    for line in (attempt_line(sample), event_line(event), price_line(ENTRY)):
        measurement, tags, fields, _ = read_line(line)
        said, others = (set(re.findall(r"`(?:…_)?(\w+)`", cell)) for cell in rows[measurement].split("|"))
        assert set(tags) == said, measurement
        ends = {name.removeprefix("model_price_usd_per_million_tokens_") for name in fields}
        assert ends <= figures | {each.removeprefix("model_price_usd_per_million_tokens_") for each in others}


def test_every_point_of_a_measurement_has_the_same_tags() -> None:
    """InfluxDB 3 fixes the tags of a table with its first point."""
    lines = status_lines(STATUS, NOW)
    lines += [attempt_line(each) for each in (make_sample(), make_failure("auth"))]
    seen: dict[str, set[str]] = {}
    for line in lines:
        measurement, tags, fields, _ = read_line(line)
        assert not set(tags) & set(fields), "which InfluxDB 3 refuses"
        assert seen.setdefault(measurement, set(tags)) == set(tags), measurement
    assert {"inference_probe_status", "inference_probe_status_by_job_name"} <= set(seen)
