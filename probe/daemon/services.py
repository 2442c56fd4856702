"""What the daemon consists of, wired together: who is handed what."""

from probe.bootstrap.assembly import Assembly
from probe.budgets.budgets import Budgets
from probe.config import Config
from probe.daemon.discoveries import Discoveries
from probe.daemon.generation import Generations
from probe.daemon.health import SelfChecks
from probe.daemon.housekeeping import Housekeeping
from probe.daemon.lifecycle import LifecycleState
from probe.daemon.maintenance import MaintenanceJobs, RunRows
from probe.daemon.resources import Resources
from probe.daemon.runs import Runs
from probe.delivery.exporters import Exporters
from probe.discovery.sync import Discovery
from probe.engines.watch import EngineWatch
from probe.lib.shared_lock import SharedLock
from probe.pricing.pricing import Pricing
from probe.pricing.scope import environment_proxy, scope_of
from probe.scheduling.job import ScheduledJob
from probe.scheduling.schedule import Schedule
from probe.store.held import spare_folder
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile, spill_path


class Services:
    """Made once, over resources that are open; nothing happens before the daemon starts them."""

    def __init__(self, resources: Resources, generations: Generations) -> None:
        store, clock = resources.store, resources.clock
        self.resources = resources
        self.generations = generations
        self.lifecycle = LifecycleState()
        self.schedule = Schedule(store.runs, clock)
        self.checks = SelfChecks(store, clock)
        self.exporters = Exporters(store, clock)
        self.pricing = Pricing(
            store, clock, resources.quotes, lambda: scope_of(self.assembly), proxy=environment_proxy
        )
        storing = SharedLock()
        self.budgets = Budgets(store, clock, lambda: self.assembly, storing)
        self.recorder = Recorder(
            store.results,
            clock,
            SpillFile(spill_path(self.config.database.url.get_secret_value())),
            listeners=(self.exporters.on_stored, self.pricing.watch, self.budgets.count),
            storing=storing,
            keep_responses=self.config.database.keep_responses,
            spare=spare_folder(),
        )
        rows = RunRows(store, self.lifecycle, clock)
        self.runs = Runs(store, self.recorder, generations, self.lifecycle, clock, self.budgets, rows)
        self.housekeeping = Housekeeping(store, clock, lambda: self.assembly, self.pricing.note)
        self.engines = EngineWatch(generations.engines, clock)
        self.maintenance = MaintenanceJobs(store, rows)
        self.discoveries = Discoveries(
            store,
            Discovery(store, clock, prices=self.pricing),
            generations,
            self.maintenance,
            self.lifecycle,
            clock,
        )

    @property
    def assembly(self) -> Assembly:
        """What the configuration in force amounts to."""
        return self.generations.current.assembly

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.assembly.config

    def scheduled(self, assembly: Assembly) -> list[ScheduledJob]:
        """All that a configuration plans. Raises ConfigError."""
        return [
            *self.runs.scheduled(assembly),
            *self.discoveries.scheduled(assembly),
            *self.maintenance.price_sync(self.pricing, assembly.config.pricing),
        ]
