"""Inference servers of our own that do not answer when they are asked about themselves."""

from __future__ import annotations

from collections.abc import Iterable

from probe.metrics import names
from probe.rules import words
from probe.rules.boards import ENGINES
from probe.rules.rule import Alert


def engine_alerts() -> Iterable[Alert]:
    # Who asked stays a label: the same address on two machines is two servers.
    yield Alert(
        name="EngineDown",
        severity="warning",
        expression=lambda _: f"{names.ENGINE_UP} == 0",
        summary=f"{words.PROVIDER} does not answer the probe at {words.INSTANCE} ({words.ENGINE})",
        description=(
            f"The inference server behind {words.PROVIDER} ({words.ENGINE}) has not told the probe at "
            f"{words.INSTANCE} for minutes how loaded it is. Where its targets fail too, TargetDown says so. "
            f"What it answers: probe engines health {words.PROVIDER}"
        ),
        board=(ENGINES, ("provider",)),
        hold="5m",
        keep="15m",
    )
