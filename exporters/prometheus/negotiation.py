"""Which of the formats that are spoken a scraper gets.

https://prometheus.io/docs/instrumenting/content_negotiation and RFC 9110, section 12.5.1
"""

from enum import Enum
from typing import Final

# Names of the catalogue are the same in all of these; the fourth, `dots`, would double each underscore.
_ESCAPINGS: Final = frozenset({"allow-utf-8", "underscores", "values"})


class Format(Enum):
    """What is written, by media type and version: the best first."""

    OPENMETRICS = "application/openmetrics-text", (1, 0, 0)
    # Differs from 0.0.4 by names in quotes, which no name here needs.
    TEXT_1 = "text/plain", (1, 0, 0)
    TEXT_0 = "text/plain", (0, 0, 4)

    def content_type(self, escaping: str) -> str:
        kind, version = self.value
        text = f"{kind}; version={'.'.join(map(str, version))}; charset=utf-8"
        return text if self is Format.TEXT_0 else f"{text}; escaping={escaping}"


def negotiate(accept: str) -> tuple[Format, str]:
    """The format for an Accept header, and its Content-Type.

    Of a type in a version not known yet it is the newest that is spoken; else the classic text, as of a
    page that cannot be read the scraper tells, of one that was refused it only knows that it is not there.
    """
    found: dict[Format, tuple[int, float, str]] = {}
    for given in accept.split(","):
        kind, *rest = given.split(";")
        parameters = dict(map(_parameter, rest))
        wanted = _format(kind.strip().lower(), parameters.get("version"))
        if wanted is None:
            continue
        exactness = 2 * ("*" not in kind) + ("version" in parameters)
        if wanted not in found or exactness > found[wanted][0]:
            found[wanted] = exactness, _weight(parameters.get("q", "1")), parameters.get("escaping", "")
    best = max(Format, key=lambda each: found[each][1] if each in found else 0.0)
    if best not in found or not found[best][1]:
        best = Format.TEXT_0
    escaping = found[best][2] if best in found else ""
    return best, best.content_type(escaping if escaping in _ESCAPINGS else "underscores")


def _format(kind: str, version: str | None) -> Format | None:
    if kind in {"*/*", "text/*"} or (kind == "text/plain" and version is None):
        return Format.TEXT_0
    spoken = [each for each in Format if each.value[0] == kind]
    if version is None:
        return spoken[0] if spoken else None
    numbers = version.split(".")
    if not all(number.isdecimal() for number in numbers):
        return None
    named = tuple(map(int, numbers))
    return next((each for each in spoken if each.value[1] <= named), None)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _weight(text: str) -> float:
    """0 for what is no weight."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
