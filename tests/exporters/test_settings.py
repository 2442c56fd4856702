"""What the configuration says of an exporter is what the exporter reads."""

from __future__ import annotations

from typing import Literal, get_origin

import pytest
from pydantic import BaseModel

from exporters.influxdb.exporter import InfluxDBSettings
from exporters.otlp.settings import OtlpSettings
from probe.config.results import InfluxDBConfig, OtlpConfig


@pytest.mark.parametrize(
    ("read", "configured"), [(InfluxDBSettings, InfluxDBConfig), (OtlpSettings, OtlpConfig)]
)
def test_settings_are_those_of_the_configuration(read: type[BaseModel], configured: type[BaseModel]) -> None:
    mine, theirs = read.model_fields, configured.model_fields
    assert list(mine) == list(theirs)
    assert {name: field.default for name, field in mine.items()} == {
        name: field.default for name, field in theirs.items()
    }
    for name, field in mine.items():
        if get_origin(field.annotation) is Literal:
            assert field.annotation == theirs[name].annotation
