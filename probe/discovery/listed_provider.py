"""The providers whose model lists are requested."""

from collections.abc import Iterable
from dataclasses import dataclass

from probe.bootstrap.assembly import Assembly
from probe.facts.sample import TargetKind
from probe.lib.patterns import select
from probe.providers.protocol import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedProvider:
    """`client` requests the list; `probed` are the models that targets name."""

    name: str
    base_url: str
    kind: TargetKind
    client: Provider
    probed: tuple[str, ...]
    retirement_days: int


def listed_providers(assembly: Assembly, patterns: Iterable[str] = ("*",)) -> tuple[ListedProvider, ...]:
    """The providers that any pattern matches; one without a model list only if it is called by its name.

    Raises ConfigError if a pattern matches none.
    """
    named = tuple(patterns)
    return tuple(
        ListedProvider(
            name=name,
            base_url=assembly.endpoints[name].base_url,
            kind=assembly.endpoints[name].kind,
            client=assembly.providers[name],
            probed=probed_models(assembly, name),
            retirement_days=assembly.config.discovery.retirement_days,
        )
        for name in select(named, list(assembly.providers), "provider")
        if name in named or assembly.endpoints[name].quirks.listing_path is not None
    )


def probed_models(assembly: Assembly, provider: str) -> tuple[str, ...]:
    """Each once, as the targets name them."""
    models = (plan.target.model for plan in assembly.targets if plan.target.provider == provider)
    return tuple(dict.fromkeys(models))
