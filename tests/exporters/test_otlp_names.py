"""The one table of names: against the published constants, the catalogue, and the rules of translation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as published
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics as published_metrics

from exporters.otlp.conventions import (
    DURATION_BUCKETS,
    GEN_AI,
    OWN_INSTRUMENTS,
    PROVIDER_NAMES,
    TOKEN_BUCKETS,
    UNITS,
    Instrument,
    own_instrument,
    own_name,
)
from exporters.otlp.settings import otlp_settings, read_headers
from exporters.otlp.spans import attempt_attributes, figures, phase_events
from probe.bootstrap.load import load_config
from probe.delivery.plugins import load_exporter
from probe.metrics import CATALOGUE
from probe.metrics.family import BASE_UNITS, Family, OfStatus, OfWindow
from probe.providers.presets import PRESETS
from tests.exporters.contract import context_for
from tests.exporters.samples import make_sample

# https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
_UNITS = {"s": "seconds", "By": "bytes", "1": "ratio"}


def in_prometheus(instrument: Instrument) -> str:
    """The name that a translation for Prometheus gives, with its suffixes for unit and type."""
    tokens = [token for token in re.split(r"[^A-Za-z0-9]+", instrument.name) if token]
    unit, _, per = instrument.unit.partition("/")
    spelled = "" if "{" in unit else _UNITS.get(unit, unit)
    if unit == "1" and instrument.kind == "gauge":
        tokens = [token for token in tokens if token != "ratio"]
    if spelled and unit != "1" and spelled not in tokens:
        tokens.append(spelled)
    if per and not set("{}") & set(per):
        tokens += ["per", {"s": "second"}.get(per, per)]
    if instrument.kind == "counter":
        tokens = [*(token for token in tokens if token != "total"), "total"]
    if unit == "1" and instrument.kind == "gauge":
        tokens.append("ratio")
    return "_".join(tokens)


@pytest.mark.parametrize("family", OWN_INSTRUMENTS, ids=lambda family: family.name)
def test_a_collector_in_front_of_prometheus_gives_back_the_catalogue(family: Family) -> None:
    assert in_prometheus(OWN_INSTRUMENTS[family]) == family.name


def test_every_metric_is_sent_but_those_of_the_last_day() -> None:
    assert set(CATALOGUE) - set(OWN_INSTRUMENTS) == {f for f in CATALOGUE if isinstance(f.source, OfWindow)}
    names = [instrument.name for instrument in OWN_INSTRUMENTS.values()]
    assert len(names) == len(set(names))


def test_names_are_those_of_the_published_conventions() -> None:
    mine = {entry.names["v1.41"]: entry for entry in GEN_AI if entry.names["v1.41"] is not None}
    assert set(mine) == {
        published_metrics.GEN_AI_CLIENT_OPERATION_DURATION,
        published_metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
        published_metrics.GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
        published_metrics.GEN_AI_CLIENT_TOKEN_USAGE,
    }
    assert {entry.unit for entry in GEN_AI} == {"s", "{token}"}
    assert mine[published_metrics.GEN_AI_CLIENT_TOKEN_USAGE].labels == (published.GEN_AI_TOKEN_TYPE,)


def test_names_to_come_keep_their_buckets_and_units() -> None:
    """https://github.com/open-telemetry/semantic-conventions-genai: renamed with the attributes unchanged."""
    for entry in GEN_AI:
        assert any(entry.names.values())
        old, new = entry.instrument("v1.41"), entry.instrument("next")
        if old is not None and new is not None:
            assert (old.kind, old.unit, old.buckets, old.labels) == (
                new.kind,
                new.unit,
                new.buckets,
                new.labels,
            )
            assert new.name == old.name.replace(".operation.", ".inference.")


def test_buckets_are_those_of_the_advice() -> None:
    assert (
        *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64),
        *(1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    ) == DURATION_BUCKETS
    assert (
        *(1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144),
        *(1048576, 4194304, 16777216, 67108864),
    ) == TOKEN_BUCKETS


def test_providers_that_the_conventions_know_have_their_name() -> None:
    known = {member.value for member in published.GenAiProviderNameValues} | {"moonshot_ai"}
    assert set(PROVIDER_NAMES) <= set(PRESETS)
    assert set(PROVIDER_NAMES.values()) <= known
    # A preset that is called nearly as the conventions call somebody is in the table.
    plain = {re.sub(r"[^a-z]", "", name): name for name in known}
    for preset in PRESETS:
        same = plain.get(re.sub(r"[^a-z]", "", preset))
        assert same is None or PROVIDER_NAMES.get(preset, preset) == same


def test_every_unit_of_the_catalogue_is_translated() -> None:
    family = Family(name="inference_probe_x_furlongs", help="", source=OfStatus(read=lambda _: ()))
    assert (own_name(family), own_instrument(family).unit) == ("inference_probe.x_furlongs", "")
    assert {"", *BASE_UNITS} == set(UNITS)
    assert {family.unit for family in CATALOGUE} <= set(UNITS)


async def test_a_configuration_as_it_is_documented(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "opentelemetry.md").read_text()
    file = tmp_path / "probe.yaml"
    file.write_text(re.findall(r"```yaml\n(exporters:\n  otlp:.*?)```", text, re.DOTALL)[0])
    secret = tmp_path / "headers"
    secret.write_text("authorization=Bearer%20my-secret-token\n")
    variables = {"PROBE_EXPORTERS__OTLP__HEADERS_FILE": str(secret)}
    config = load_config(file, env=variables, cwd=tmp_path)
    settings = otlp_settings(config.exporters.enabled()["otlp"])
    assert settings.url == "http://collector:4318"
    assert read_headers(settings) == {"authorization": "Bearer my-secret-token"}
    assert "my-secret-token" not in repr(config)
    exporter = load_exporter("otlp", context_for(settings=config.exporters.enabled()["otlp"]))
    await exporter.aclose()


def test_what_is_documented_of_spans_is_what_is_sent() -> None:
    text = (Path(__file__).parents[2] / "docs" / "opentelemetry.md").read_text()
    said = set(re.findall(r"`([a-z_.]+)`", text))
    sample = make_sample(served_model="m", finish_reason="stop", provider_request_id="r", peer_address="::1")
    events = [event.name for event in phase_events(sample)]
    assert set(events) <= said
    for name in attempt_attributes(sample, "v1.41"):
        own = name.removeprefix("inference_probe")
        figure = f"inference_probe{own}" in dict(figures(sample))
        assert {name, own} & said or name.startswith("gen_ai.usage.") or figure, name
