from __future__ import annotations

import pytest

from probe.errors import ConfigError
from probe.simulator.behaviour import Behaviour, from_query, overridden


def test_a_query_overrides_what_it_names() -> None:
    behaviour = from_query(Behaviour(gap_ms=7), "ttft_ms=12.5&tokens=3&done=false&usage=x_groq&text=a%26b c")
    assert behaviour == Behaviour(gap_ms=7, ttft_ms=12.5, tokens=3, done=False, usage="x_groq", text="a&b c")


def test_an_empty_value_unsets() -> None:
    base = Behaviour(fault="reset", text="hello", system_fingerprint="fp")
    assert from_query(base, "fault=&text=&system_fingerprint=") == Behaviour(system_fingerprint=None)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("ttf_ms=1", "unknown parameter 'ttf_ms'; did you mean 'ttft_ms'?"),
        ("tokens=-1", "tokens: Expected `int` >= 0"),
        ("tokens=many", "tokens: Expected `int`"),
        ("split=17", "split: Expected `int` <= 16"),
        ("usage=lots", "usage: Invalid enum value 'lots'"),
        ("done=perhaps", "done: Expected `bool`"),
        ("fault_share=1.5", "fault_share: Expected `float` <= 1.0"),
        ("fault=rest", "unknown fault 'rest'; did you mean 'reset'?"),
        ("fault=http_200", "unknown fault 'http_200'"),
        ("tokens", "'tokens' is not name=value"),
        ("", "'' is not name=value"),
        ("tokens=", "tokens: Expected `int`, got `null`"),
    ],
)
def test_what_cannot_be_used_is_said(query: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        from_query(Behaviour(), query)
    assert complaint in str(raised.value)
    assert f"?{query}" in str(raised.value)


def test_numbers_as_text_are_for_names_only() -> None:
    with pytest.raises(ConfigError, match="here: tokens: Expected `int`, got `str`"):
        overridden(Behaviour(), {"tokens": "3"}, "here")


@pytest.mark.parametrize("fault", ["http_402", "http_599", "http_307", "reset", "garbage"])
def test_known_faults(fault: str) -> None:
    assert from_query(Behaviour(), f"fault={fault}").fault == fault
