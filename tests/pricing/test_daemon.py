"""Prices in a daemon: noted at the start, on the page of metrics, fetched on schedule or not at all."""

from __future__ import annotations

from pathlib import Path

from probe.daemon.daemon import Daemon
from probe.facts.slot import Slot
from tests.daemon.daemons import FAST, ConfigFile, finished, store_of, until
from tests.servers.simulator import RunningSimulator

PRICE = {"input_per_million_usd": 1, "output_per_million_usd": 2, "request_usd": 0.01}


async def test_prices_are_noted_and_measured(simulator: RunningSimulator, tmp_path: Path) -> None:
    config = ConfigFile(tmp_path, simulator.base_url, prices={"sim/sim": PRICE})
    async with Daemon.start(config.load) as daemon:
        store = store_of(daemon)
        (row,) = await until(lambda: store.prices.history("sim", FAST))
        assert (str(row.price.request_usd), row.price.source) == ("0.01", "configuration")
        page = (await daemon.control.metrics(""))[0].decode()
        labels = f'{{provider="sim",model="{FAST}",type="output"}}'
        assert f"inference_probe_model_price_usd_per_million_tokens{labels} 2" in page
        assert "inference_probe_prices_held 0" in page
        assert "prices" in {maintenance.job for maintenance in daemon.services.schedule.maintenance()}
        assert "prices" not in {job.job for job in daemon.control.status().jobs}


async def test_a_reload_notes_other_prices(simulator: RunningSimulator, tmp_path: Path) -> None:
    config = ConfigFile(tmp_path, simulator.base_url, prices={"sim/sim": PRICE})
    async with Daemon.start(config.load) as daemon:
        store = store_of(daemon)
        await until(lambda: store.prices.history("sim", FAST))
        config.change(prices={"sim/sim": {**PRICE, "input_per_million_usd": 3}})
        await daemon.control.reload()

        async def changed() -> bool:
            return len((await store.events.page()).items) > 0

        await until(changed)
        (event,) = (await store.events.page()).items
        assert (event.kind, event.model) == ("price_changed", FAST)
        assert [row.price.rates.input_per_million_usd for row in await store.prices.history("sim", FAST)] == [
            1,
            3,
        ]


async def test_without_fetching_there_is_no_chore(simulator: RunningSimulator, tmp_path: Path) -> None:
    config = ConfigFile(tmp_path, simulator.base_url, pricing={"fetch": False})
    async with Daemon.start(config.load) as daemon:
        assert "prices" not in {maintenance.job for maintenance in daemon.services.schedule.maintenance()}


async def test_its_slot_asks_the_sources_and_ends_its_run(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("sim/sim: {input_per_million_usd: 1, output_per_million_usd: 2}\n")
    config = ConfigFile(tmp_path, simulator.base_url, pricing={"file": str(file)})
    async with Daemon.start(config.load) as daemon:
        store = store_of(daemon)
        (maintenance,) = [
            job for job in daemon.services.scheduled(daemon.services.assembly) if job.name == "prices"
        ]
        file.write_text("sim/sim: {input_per_million_usd: 5, output_per_million_usd: 2}\n")
        statuses = []
        for content in (None, "sim/sim: {}\n"):
            if content is not None:
                file.write_text(content)
            run_id = await store.runs.start(run_name="prices", triggered_by="schedule", suite="prices")
            await maintenance.handler(
                Slot(job="prices", planned_at=daemon.services.resources.clock.now()), run_id
            )
            statuses.append((await finished(daemon, run_id)).status)
        assert statuses == ["finished", "failed"]
        assert [row.price.rates.input_per_million_usd for row in await store.prices.history("sim", FAST)][
            -1
        ] == 5
        assert "price_source_failed" in {event.kind for event in (await store.events.page()).items}
