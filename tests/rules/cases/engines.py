"""EngineDown."""

from __future__ import annotations

from tests.rules.cases.series import SCRAPED, selector
from tests.rules.promtool import Case, Firing

_ENGINE = {"provider": "my-vllm", "engine": "vllm"}


def _answers(values: str) -> dict[str, str]:
    return {selector("inference_probe_engine_up", _ENGINE): values}


CASES = (
    Case(
        "EngineDown",
        "it does not answer",
        "targets",
        _answers("1x5 0x30"),
        "15m",
        [
            Firing(
                labels={**SCRAPED, **_ENGINE, "severity": "warning"},
                summary="my-vllm does not answer the probe at probe:9797 (vllm)",
                description=(
                    "The inference server behind my-vllm (vllm) has not told the probe at probe:9797 for "
                    "minutes how loaded it is. Where its targets fail too, TargetDown says so. What it "
                    "answers: probe engines health my-vllm"
                ),
                dashboard="inference-probe-engines?from=now-3h&to=now&var-provider=my-vllm",
            )
        ],
    ),
    Case("EngineDown", "it is started anew", "targets", _answers("1x5 0x3 1x30"), "13m"),
    Case("EngineDown", "it answers", "targets", _answers("1x30"), "15m"),
)
