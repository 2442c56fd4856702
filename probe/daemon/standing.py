"""How the models of the configured providers stand, out of what the store knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from probe.catalog.models.availability import Outlook, outlook
from probe.config import Config
from probe.facts.status import CatalogueStatus, ListStatus, ProbedModel
from probe.store import DiscoveryRecord, KnownModel, Store

# Enough to find the last whole list behind a long outage.
_ASKINGS_READ = 60


async def read_standing(
    store: Store, config: Config, probed: Mapping[str, Sequence[str]]
) -> tuple[CatalogueStatus, tuple[Outlook, ...]]:
    """`probed` are the models that targets name, by provider. Raises StoreError."""
    lists: list[ListStatus] = []
    outlooks: list[Outlook] = []
    for provider, models in probed.items():
        known = await store.catalog.known_models(provider)
        askings = await store.discoveries.latest(provider, limit=_ASKINGS_READ)
        lists.append(_list_status(provider, len(models), known, askings))
        outlooks += (outlook(provider, model, known) for model in models)
    status = CatalogueStatus(
        lists=tuple(lists),
        probed=tuple(_probed_model(each) for each in outlooks),
        retirement_days=config.discovery.retirement_days,
    )
    return status, tuple(outlooks)


def _list_status(
    provider: str, probed: int, known: Sequence[KnownModel], askings: Sequence[DiscoveryRecord]
) -> ListStatus:
    """`askings` are the latest, newest first; one that is going on says nothing yet."""
    ended = [asking for asking in askings if asking.status in {"complete", "failed"}]
    whole = next((asking.finished_at for asking in ended if asking.status == "complete"), None)
    ever = whole is not None or bool(known)
    return ListStatus(
        provider=provider,
        listed=sum(1 for each in known if each.vanished_at is None) if ever else None,
        probed=probed,
        complete_at=whole or max((each.last_seen_at for each in known), default=None),
        failed=ended[0].status == "failed" if ended else None,
    )


def _probed_model(of: Outlook) -> ProbedModel:
    return ProbedModel(
        provider=of.provider,
        model=of.model,
        vanished=of.vanished,
        last_listed_at=of.last_listed_at,
        retires_on=of.retires_on,
        replaced_by=of.replaced_by,
    )
