"""Whether the parts of a configuration fit each other: what names something names something that is there."""

import ssl
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from probe.bootstrap.simulated import needs_simulator
from probe.catalog.prices.sources.override import load_overrides
from probe.config.probing import DeadlinesConfig, SloConfig, TargetSloConfig
from probe.config.sources.load import Loaded
from probe.config.sources.shape import Place
from probe.delivery.plugins import METRICS_PAGE, exporter_names
from probe.errors import ConfigError, StoreError, SuiteError
from probe.lib.patterns import did_you_mean, select
from probe.metrics.buckets import LATENCY_SECONDS
from probe.providers.presets import PRESETS
from probe.providers.resolve import resolve_endpoint
from probe.scheduling.cron import CronTimetable
from probe.store.url import parse_url
from probe.suites.load import load_suites

_MONTH_DAYS = 31
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # intervals are those of timetables, not of today


def check_references(completed: Loaded) -> list[str]:
    """One line for each: those of the file in its order, then the others."""
    check = _Check(completed)
    check.providers()
    check.targets()
    check.prices()
    check.price_file()
    check.discovery()
    check.jobs(check.suites())
    check.budgets()
    check.objectives()
    check.receivers()
    check.exporters()
    check.database()
    return [text for _, text in sorted(check.found, key=lambda problem: problem[0])]


class _Check:
    """`found` holds the line in the file, or a very large one, and the problem."""

    def __init__(self, completed: Loaded) -> None:
        self.found: list[tuple[int, str]] = []
        self._config = completed.config
        self._origins = completed.origins
        self._cwd = completed.cwd
        # Those that were made out of the providers have no place of their own.
        self._own_targets = completed.config.targets if completed.origins.describe(("targets",)) else ()

    def providers(self) -> None:
        for name, provider in self._config.providers.items():
            place = self._place_of_provider(name)
            self._certificates((*place, "ca_file"), provider.ca_file)
            self._deadlines((*place, "deadlines"), provider.deadlines)
            if not needs_simulator(name, provider):
                self._try_endpoint(name, place)
            if not any(target.provider == name for target in self._config.targets) and not self._own_targets:
                self._add(place, "has no default model; say what to probe under targets")

    def targets(self) -> None:
        first: dict[str, int] = {}
        for index, target in enumerate(self._own_targets):
            place: Place = ("targets", index)
            if target.provider not in self._config.providers:
                hint = _hint(target.provider, {**self._config.providers, **PRESETS}, "providers")
                self._add((*place, "provider"), f"unknown provider {target.provider!r}; {hint}")
            if target.label in first:
                where = (*place, "name") if target.name else place
                other = f"targets[{first[target.label]}]"
                self._add(where, f"{other} is called {target.label!r} too; give one of them another name")
            first.setdefault(target.label, index)

    def prices(self) -> None:
        for key in self._config.prices:
            provider, slash, model = key.partition("/")
            if not slash or not model:
                self._add(("prices", key), "must be provider/model")
            elif provider not in self._config.providers:
                hint = _hint(provider, self._config.providers, "providers")
                self._add(("prices", key), f"unknown provider {provider!r}; {hint}")

    def price_file(self) -> None:
        file = self._config.pricing.file
        if file is None:
            return
        try:
            overrides = load_overrides(self._cwd / file)
        except ConfigError as exc:
            for problem in exc.problems:
                self._add(("pricing", "file"), self._relative(problem))
            return
        for key in overrides:
            provider = key.partition("/")[0]
            if provider not in self._config.providers:
                hint = _hint(provider, self._config.providers, "providers")
                self._add(("pricing", "file"), f"{file}: {key}: unknown provider {provider!r}; {hint}")

    def suites(self) -> tuple[str, ...]:
        """The names of all that can be used. Returns nothing if two have the same name."""
        usable = []
        for index, path in enumerate(self._config.suites):
            try:
                load_suites([self._cwd / path])
                usable.append(self._cwd / path)
            except SuiteError as exc:
                self._add(("suites", index), self._relative(str(exc)))
        try:
            return tuple(load_suites(usable))
        except SuiteError as exc:
            self._add(("suites",), self._relative(str(exc)))
            return ()

    def jobs(self, suites: tuple[str, ...]) -> None:
        first: dict[str, int] = {}
        targets = list(dict.fromkeys(target.label for target in self._config.targets))
        for index, job in enumerate(self._config.jobs):
            place: Place = ("jobs", index)
            if job.name in first:
                self._add((*place, "name"), f"jobs[{first[job.name]}] is called {job.name!r} too")
            first.setdefault(job.name, index)
            if suites and job.suite not in suites:
                hint = _hint(job.suite, suites, "suites")
                self._add((*place, "suite"), f"unknown suite {job.suite!r}; {hint}")
            interval_seconds = CronTimetable.parse(job.cron, job.timezone).interval_seconds(_ANY_DAY)
            if job.spread_seconds > interval_seconds:
                message = (
                    f"{job.spread_seconds:g} is more than the {interval_seconds:g} seconds between two runs"
                )
                self._add((*place, "spread_seconds"), f"{message}; make it shorter, or cron rarer")
            for number, pattern in enumerate(job.targets if targets else ()):
                try:
                    select([pattern], targets)
                except ConfigError as exc:
                    self._add((*place, "targets", number), str(exc))

    def discovery(self) -> None:
        providers = list(self._config.providers)
        for number, pattern in enumerate(self._config.discovery.providers if providers else ()):
            try:
                select([pattern], providers, "provider")
            except ConfigError as exc:
                self._add(("discovery", "providers", number), str(exc))

    def budgets(self) -> None:
        first: dict[str, int] = {}
        jobs = [job.name for job in self._config.jobs]
        for index, budget in enumerate(self._config.budgets):
            place: Place = ("budgets", index)
            if budget.name in first:
                self._add((*place, "name"), f"budgets[{first[budget.name]}] is called {budget.name!r} too")
            first.setdefault(budget.name, index)
            if budget.daily_usd is None and budget.monthly_usd is None:
                self._add(place, f"{budget.name!r} limits nothing; give daily_usd, monthly_usd or both")
            if budget.provider is not None and budget.provider not in self._config.providers:
                hint = _hint(budget.provider, self._config.providers, "providers")
                self._add((*place, "provider"), f"unknown provider {budget.provider!r}; {hint}")
            if budget.job is not None and budget.job not in jobs:
                self._add((*place, "job"), f"unknown job {budget.job!r}; {_hint(budget.job, jobs, 'jobs')}")

        self._months_kept()

    def objectives(self) -> None:
        """How many answers came in time is counted at the bounds of a histogram's buckets alone."""
        own = self._config.targets if self._own_targets else ()
        sections: list[tuple[Place, SloConfig | TargetSloConfig]] = [(("slo",), self._config.slo)]
        sections += [(("targets", index, "slo"), target.slo) for index, target in enumerate(own)]
        for place, section in sections:
            for key in ("ttft_seconds", "total_latency_seconds"):
                seconds = getattr(section, key)
                if seconds is not None and seconds not in LATENCY_SECONDS:
                    near = sorted(sorted(LATENCY_SECONDS, key=lambda bound: abs(bound - seconds))[:2])
                    nearest = " or ".join(f"{bound:g}" for bound in near)
                    self._add((*place, key), f"{seconds:g} is no bound of the histogram; take {nearest}")

    def receivers(self) -> None:
        receivers = self._config.rules.receivers
        place: Place = ("rules", "receivers")
        for key in ("webhook_url", "watchdog_url"):
            file = f"{key}_file"
            if getattr(receivers, key) is not None and getattr(receivers, file) is not None:
                self._add((*place, file), f"{key} is given, too; keep one of them")
        email = receivers.email
        if email is not None and (email.username is None) != (email.password_file is None):
            self._add((*place, "email"), "username and password_file go together; give both or none")

    def _months_kept(self) -> None:
        """What a month has cost is the sum of its results."""
        if all(budget.monthly_usd is None for budget in self._config.budgets):
            return
        retention = self._config.database.retention
        for key, days in (("results_days", retention.results_days), ("runs_days", retention.runs_days)):
            if days is not None and days < _MONTH_DAYS:
                message = f"a monthly budget counts the results of a month; keep them {_MONTH_DAYS} days"
                self._add(("database", "retention", key), message)

    def exporters(self) -> None:
        installed = [name for name in exporter_names() if name != METRICS_PAGE]
        for name, settings in self._config.exporters.enabled().items():
            if name == METRICS_PAGE:
                self._add(("exporters", name), "is always there and has no settings")
            elif name not in installed:
                hint = _hint(name, installed, "installed")
                self._add(("exporters", name), f"no such exporter is installed; {hint}")
            self._certificates(("exporters", name, "ca_file"), settings.get("ca_file"))

    def database(self) -> None:
        try:
            path = parse_url(self._config.database.url.get_secret_value()).path
        except StoreError as exc:
            self._add(("database", "url"), str(exc))
            return
        if path is None:
            return
        if (self._cwd / path).is_dir():
            self._add(("database", "url"), f"{path}: a directory; name a file in it")
        for parent in path.parents:
            if (self._cwd / parent).exists() and not (self._cwd / parent).is_dir():
                self._add(("database", "url"), f"{parent}: no directory; a database cannot be made in it")

    def _certificates(self, place: Place, ca_file: object) -> None:
        if not isinstance(ca_file, Path):
            return
        path = self._cwd / ca_file
        try:
            if not path.is_file():
                self._add(place, f"{ca_file}: {'no file' if path.exists() else 'no such file'}")
                return
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
        except ssl.SSLError:
            self._add(place, f"{ca_file}: holds no certificate; PEM has a line -----BEGIN CERTIFICATE-----")
        except OSError as exc:
            self._add(place, f"{ca_file}: {exc.strerror}")

    def _deadlines(self, place: Place, deadlines: DeadlinesConfig) -> None:
        for key in ("connect", "first_token", "stall"):
            seconds = getattr(deadlines, key)
            if key in deadlines.model_fields_set and seconds > deadlines.total:
                message = (
                    f"{seconds:g} is more than total, {deadlines.total:g}, which ends the request before"
                )
                self._add((*place, key), f"{message}; make one of them fit")

    def _try_endpoint(self, name: str, place: Place) -> None:
        try:
            resolve_endpoint(name, self._config.providers[name])
        except ConfigError as exc:
            self._add(place, str(exc))

    def _place_of_provider(self, name: str) -> Place:
        """Where it is configured, else the first target that names it."""
        if self._origins.describe(("providers", name)) is None:
            for index, target in enumerate(self._own_targets):
                if target.provider == name:
                    return ("targets", index, "provider")
        return ("providers", name)

    def _relative(self, message: str) -> str:
        return message.replace(f"{self._cwd}/", "")

    def _add(self, place: Place, message: str) -> None:
        self.found.append((self._origins.line(place) or sys.maxsize, self._origins.problem(place, message)))


def _hint(name: str, known: Iterable[str], plural: str) -> str:
    names = sorted(known)
    guess = did_you_mean(name, names)
    return f"did you mean {guess}?" if guess else f"{plural} are {', '.join(names)}"
