"""The templates of the pages, in one environment: what they are given is escaped."""

from functools import cache

import jinja2


@cache
def template(name: str) -> jinja2.Template:
    """One of `templates/`, compiled once."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("probe.api.board"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
