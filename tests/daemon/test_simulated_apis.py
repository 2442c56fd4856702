"""Every API at once, as docs/simulator.md configures it: nothing needs a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import httpx
import yaml

from probe.daemon.daemon import Daemon
from probe.facts.sample import DialectName, Ok
from probe.store.records import RunRecord
from tests.daemon.daemons import NEVER, ConfigFile, finished, nothing_left_behind, store_of, until
from tests.docs.pages import DOCS, code

# The price of a simulated model is that of its name.
FAST = "ttft_ms=20&gap_ms=1&tokens=8"


def documented() -> dict[str, Any]:
    """The first configuration on the page."""
    page = DOCS / "simulator.md"
    return next(yaml.safe_load(text) for path, text in code("yaml") if path == page)


async def test_a_daemon_probes_every_api_of_the_bundled_simulator(tmp_path: Path) -> None:
    sections = documented()
    assert {each.get("dialect", "openai-chat") for each in sections["providers"].values()} == set(
        get_args(DialectName)
    )
    (job,) = sections["jobs"]
    config = ConfigFile(tmp_path, "", **sections)
    fast = [{**each, "model": f"{each['model']}?{FAST}"} for each in sections["targets"]]
    config.change(jobs=[{**job, "cron": NEVER}], targets=fast)
    targets = {each["provider"] for each in sections["targets"]}
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:

        async def first_runs() -> tuple[RunRecord, ...]:
            return (await store_of(daemon).runs.page()).items

        runs = await until(first_runs)
        run = await finished(daemon, runs[0].id)
        samples = [each.sample for each in await store_of(daemon).results.after(0)]
        assert run.successes == run.planned_attempts == len(samples)
        assert {sample.target.provider for sample in samples} == targets
        assert {sample.target.kind for sample in samples} == {"simulated"}
        for sample in samples:
            assert sample.outcome == Ok(), sample
            assert sample.cost is not None, sample
            assert sample.usage.source == "provider", sample
        async with httpx.AsyncClient(trust_env=False) as client:

            async def with_engines() -> list[str] | None:
                """The page, once the three that are inference servers are up on it."""
                lines = (await client.get(f"{daemon.ready.url}/metrics")).text.splitlines()
                up = [line for line in lines if line.startswith("inference_probe_engine_up{")]
                return lines if [float(line.split()[1]) for line in up] == [1, 1, 1] else None

            page = await until(with_engines)
        for provider in targets:
            shown = [line for line in page if f'provider="{provider}"' in line]
            for name in ("_ttft_seconds_count", "_cost_usd_total", "_tokens_total", "_last_ttft_seconds"):
                assert any(name in line for line in shown), (provider, name)
