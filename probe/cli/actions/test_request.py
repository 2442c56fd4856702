"""One request to one target."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import ValidationError
from typer import BadParameter

from probe.bootstrap.assembly import Assembly
from probe.bootstrap.load import load_config
from probe.catalog.prices.price import cost_of_request
from probe.cli.actions.engines import choose_engines
from probe.cli.actions.price_session import stored_quotes
from probe.cli.session import open_session
from probe.config import Config
from probe.config.probing import ProviderConfig, TargetConfig
from probe.config.sources.load import variable_layers
from probe.config.sources.problems import Origins, problem_lines
from probe.config.sources.proxies import proxy_for
from probe.config.sources.variables import usual_secret
from probe.config.values import FrozenDict
from probe.engines.meter import Meter
from probe.errors import ConfigError
from probe.facts.sample import Cost, EngineName, Ok
from probe.lib.clock import SystemClock
from probe.lib.ids import new_id
from probe.lib.patterns import matches, select
from probe.lib.secrets import learn
from probe.probing.attempt import TargetPlan, without_secrets
from probe.providers.presets import PRESETS
from probe.providers.protocol import Prompt, Reading
from probe.suites.case import Message
from probe.wire.capture import Capture
from probe.wire.local import LocalWire

# Nothing is scheduled behind a question that a person asks: a slow page of counters is waited for.
_COUNTERS_SECONDS = 5.0

ENDPOINT = "endpoint"  # what a base URL of the command line is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    prompt: str
    max_tokens: int
    stream: bool
    warm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    capture: Capture
    reading: Reading
    cost: Cost | None

    @property
    def success(self) -> bool:
        return isinstance(self.reading.outcome, Ok)


def settings_for(
    file: Path | None,
    target: str | None,
    *,
    engine: str | None = None,
    base_url: str | None,
    model: str | None,
    key_variable: str | None,
) -> tuple[Config, str]:
    """The configuration to ask with, and the name of the target in it. Raises ConfigError, BadParameter."""
    if base_url is not None:
        if target is not None or model is None:
            raise BadParameter("wants --model, and no target", param_hint="'--base-url'")
        return _endpoint(base_url, model, key_variable, engine)
    if engine is not None:
        if target is not None or model is None:
            raise BadParameter("wants --model, and no target", param_hint="'--engine'")
        if key_variable is not None:
            raise BadParameter("goes with --base-url", param_hint="'--api-key-env'")
        return _at_engine(load_config(file), engine, model)
    if model is not None or key_variable is not None:
        raise BadParameter("goes with --base-url", param_hint="'--model' / '--api-key-env'")
    config = load_config(file)
    return _with_target(config, config.targets[0].label if target is None else target)


async def send_request(config: Config, name: str, question: Question) -> Attempt:
    """One attempt of one target, on a wire of this process: nothing else runs in it.

    Raises ConfigError, ProviderError, StopwatchError; a failed attempt is an answer too.
    """
    async with open_session(config, await stored_quotes(config)) as assembly:
        (plan, *_) = assembly.choose([name])
        provider = assembly.providers[plan.target.provider]
        wire = LocalWire()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(wire.aclose)
            meter = assembly.engines.get(plan.target.provider)
            visit = None
            if meter is not None:
                patient = Meter(
                    meter.engine,
                    patience_seconds=_COUNTERS_SECONDS,
                    apart=meter.apart,
                    routed=meter.silenced is not None,
                )
                way = patient.around(plan.target.model, stream=question.stream)
                visit = await stack.enter_async_context(way)
            capture = await provider.send(_prompt(plan, question), wire)
            reading = without_secrets(provider.read(capture))
            if visit is not None:
                reading = await visit.complete(reading)
        return Attempt(capture=capture, reading=reading, cost=_cost(assembly, plan, capture, reading))


def _prompt(plan: TargetPlan, question: Question) -> Prompt:
    return Prompt(
        request_id=new_id(SystemClock().now()),
        model=plan.target.model,
        messages=(Message(role="user", content=question.prompt),),
        max_tokens=question.max_tokens,
        stream=question.stream,
        connection="warm" if question.warm else "cold",
        deadlines=plan.deadlines,
    )


def _cost(assembly: Assembly, plan: TargetPlan, capture: Capture, reading: Reading) -> Cost | None:
    at = capture.clock_start.to_utc(capture.started_ns)
    price = assembly.prices.price(plan.target.provider, plan.target.model, plan.target.base_url, at)
    return cost_of_request(price, reading.usage, reading.reported)


def _with_target(config: Config, name: str) -> tuple[Config, str]:
    """A configured target, or provider/model of a configured provider."""
    labels = [target.label for target in config.targets]
    provider, _, model = name.partition("/")
    is_pattern = any(matches(name, label) for label in labels) or set("*[") & set(name)
    if is_pattern or provider not in config.providers or not model:
        chosen = select([name], labels)
        if len(chosen) > 1:
            raise ConfigError(f"{name!r} matches {len(chosen)} targets; name one of {', '.join(chosen)}")
        return config, chosen[0]
    return config.model_copy(update={"targets": (TargetConfig(provider=provider, model=model),)}), name


def _at_engine(config: Config, engine: str, model: str) -> tuple[Config, str]:
    """A model of an inference server, which may be one at the usual address of its kind."""
    (endpoint, *others) = choose_engines(config, [engine])
    if others:
        names = ", ".join(each.name for each in (endpoint, *others))
        raise ConfigError(f"{engine!r} is {len(others) + 1} servers; name one of {names}")
    provider = config.providers.get(endpoint.name, ProviderConfig())
    target = TargetConfig(provider=endpoint.name, model=model)
    alone = {"providers": FrozenDict({endpoint.name: provider}), "targets": (target,), "jobs": ()}
    return config.model_copy(update=alone), target.label


def _endpoint(
    base_url: str, model: str, key_variable: str | None, engine: str | None = None
) -> tuple[Config, str]:
    """A configuration of that endpoint alone; without a key none is sent.

    `engine` is the kind of server that it is.
    """
    if engine is not None and engine not in get_args(EngineName):
        raise BadParameter(
            f"{engine!r} is none of {', '.join(get_args(EngineName))}", param_hint="'--engine'"
        )
    layers = variable_layers()
    key = None if key_variable is None else usual_secret(key_variable, layers, Path.cwd())
    if key_variable is not None and key is None:
        raise ConfigError(f"{key_variable} is not set")
    proxy = proxy_for(base_url, layers)
    learn(secret.value for secret in (key, proxy) if secret is not None)
    try:
        provider = ProviderConfig.model_validate(
            {
                "preset": engine if engine in PRESETS else None,
                "engine": engine,
                "base_url": base_url,
                "api_key": None if key is None else key.value,
                "proxy": None if proxy is None else proxy.value,
                "kind": "engine" if key is None else "direct",
            }
        )
        target = TargetConfig(provider=ENDPOINT, model=model)
    except ValidationError as exc:
        raise ConfigError(*problem_lines(exc.errors(), Origins("", {}, []))) from None
    return Config(providers={ENDPOINT: provider}, targets=(target,), jobs=()), target.label
