"""What tokens cost. The fields of `Rates` are the only list of the kinds of tokens.

Columns, JSON, settings, metrics, points and tables of prices follow from it: another kind is another field,
and a migration for its column.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

_SUFFIX: Final = "_per_million_usd"


def _about(about: str, *, part_of: str | None = None) -> MappingProxyType[str, str | None]:
    return MappingProxyType({"about": about, "part_of": part_of})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """USD per million tokens. A part without a rate of its own costs as much as its whole."""

    input_per_million_usd: Decimal = field(metadata=_about("input tokens"))
    cached_input_per_million_usd: Decimal | None = field(
        default=None, metadata=_about("input tokens that came from a cache", part_of="input")
    )
    cache_write_per_million_usd: Decimal | None = field(
        default=None, metadata=_about("input tokens that were written to a cache", part_of="input")
    )
    output_per_million_usd: Decimal = field(metadata=_about("output tokens"))
    reasoning_per_million_usd: Decimal | None = field(
        default=None, metadata=_about("reasoning tokens", part_of="output")
    )

    def stated(self) -> dict[str, Decimal]:
        """By name of kind, without the kinds that have no rate of their own."""
        amounts = ((kind.name, getattr(self, kind.key)) for kind in TOKEN_KINDS)
        return {name: usd for name, usd in amounts if usd is not None}

    def charged(self) -> dict[str, Decimal]:
        """By name of kind, every one: what has no rate of its own costs what its whole does."""
        stated = self.stated()
        return {kind.name: stated.get(kind.name, stated[kind.part_of or kind.name]) for kind in TOKEN_KINDS}


class TokenKind(NamedTuple):
    """`key` is its field of `Rates`, and what it is called in JSON and in the configuration.

    `part_of` names the kind that its tokens are counted in as well; None for a whole.
    """

    name: str
    key: str
    about: str
    part_of: str | None

    @property
    def heading(self) -> str:
        return self.name.replace("_", " ")


TOKEN_KINDS: Final = tuple(
    TokenKind(each.name.removesuffix(_SUFFIX), each.name, each.metadata["about"], each.metadata["part_of"])
    for each in fields(Rates)
)


def rates_of(amounts: Mapping[str, Decimal | None]) -> Rates | None:
    """By key of kind, as far as known; None if a whole has no rate: that is no price."""
    if any(amounts.get(kind.key) is None for kind in TOKEN_KINDS if kind.part_of is None):
        return None
    known = {key: usd for key, usd in amounts.items() if usd is not None}
    return Rates(**known)
