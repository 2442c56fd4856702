"""A configuration that can be used: load every source, complete what nobody had to say, check the whole.

What completes it:

- A provider's key comes from its usual variable (OPENAI_API_KEY, or OPENAI_API_KEY_FILE) if none is set.
- A target may name a preset without configuring it.
- A proxy comes from HTTPS_PROXY and its like if none is set.
- Without targets, the default models of the providers are probed.
- Without providers and targets, those presets that have a default model and whose usual variable is set are
  the providers; without any, the bundled simulator, once a minute unless jobs say otherwise.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from probe.bootstrap.check import check_references
from probe.bootstrap.simulated import SIMULATED_JOBS, SIMULATOR, needs_simulator
from probe.config import Config
from probe.config.probing import ProviderConfig, TargetConfig
from probe.config.sources.load import Loaded, load
from probe.config.sources.proxies import proxy_for
from probe.config.sources.shape import Place
from probe.config.sources.variables import Variable, usual_secret
from probe.config.values import FrozenDict, usable_key, usable_proxy
from probe.errors import ConfigError
from probe.lib.secrets import learn
from probe.providers.presets import PRESETS

_CHECKS: Final = {"api_key": usable_key, "proxy": usable_proxy}


def load_config(
    path: Path | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Config:
    """Read, complete and check the configuration. Raises ConfigError with every problem found.

    Without `path` the file is PROBE_CONFIG's, else ./probe.yaml if there is one; `env` and `cwd` are
    those of the process.
    """
    return load_usable(path, env, cwd).config


def load_usable(
    path: Path | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Loaded:
    """The same with the origin of every value, for commands that show them."""
    completed, problems = complete(load(path, env, cwd))
    problems += check_references(completed)
    if problems:
        raise ConfigError(*problems)
    return completed


def complete(loaded: Loaded) -> tuple[Loaded, list[str]]:
    """What was loaded with everything filled in, and what is wrong with what was filled in."""
    config = loaded.config
    keys, problems = _usual_keys(loaded)
    providers = _providers(config, keys)
    given = _given_elsewhere(providers, keys, loaded)
    for (name, setting), variable in given.items():
        learn([variable.value])
        try:
            _CHECKS[setting](variable.value)
        except ValueError as exc:
            problems.append(f"{variable.source}: {variable.name}: {exc}")
        providers[name] = providers[name].model_copy(update={setting: SecretStr(variable.value)})
    update: dict[str, object] = {"providers": FrozenDict(providers)}
    if not config.targets:
        update["targets"] = _default_targets(providers)
    if "jobs" not in config.model_fields_set and all(map(needs_simulator, providers, providers.values())):
        update["jobs"] = SIMULATED_JOBS
    origins: dict[Place, Variable] = {
        ("providers", name, setting): variable for (name, setting), variable in given.items()
    }
    completed = replace(loaded, config=config.model_copy(update=update), origins=loaded.origins.over(origins))
    return completed, problems


def _usual_keys(loaded: Loaded) -> tuple[dict[str, Variable], list[str]]:
    """The keys found under the usual variables, by preset."""
    keys: dict[str, Variable] = {}
    problems: list[str] = []
    for preset in PRESETS.values():
        if preset.key_variable is None:
            continue
        try:
            key = usual_secret(preset.key_variable, loaded.layers, loaded.cwd)
        except ConfigError as exc:
            problems.extend(exc.problems)
            continue
        if key is not None:
            keys[preset.name] = key
    return keys, problems


def _given_elsewhere(
    providers: Mapping[str, ProviderConfig], keys: Mapping[str, Variable], loaded: Loaded
) -> dict[tuple[str, str], Variable]:
    """The keys and proxies that variables of other programs' names give, by provider and setting."""
    given: dict[tuple[str, str], Variable] = {}
    for name, provider in providers.items():
        preset = PRESETS.get(provider.preset or name)
        if provider.api_key is None and preset is not None and preset.name in keys:
            given[name, "api_key"] = keys[preset.name]
        base_url = provider.base_url or (preset and preset.base_url)
        proxy = proxy_for(base_url, loaded.layers) if base_url else None
        if provider.proxy is None and proxy is not None:
            given[name, "proxy"] = proxy
    return given


def _providers(config: Config, keys: Mapping[str, Variable]) -> dict[str, ProviderConfig]:
    """Those configured, and those that targets name; without either, those with a key or the simulator."""
    if config.providers or config.targets:
        named = {target.provider: ProviderConfig() for target in config.targets if target.provider in PRESETS}
        return {**named, **config.providers}
    known = {name: ProviderConfig() for name in keys if PRESETS[name].default_models}
    return known or {SIMULATOR: ProviderConfig()}


def _default_targets(providers: Mapping[str, ProviderConfig]) -> tuple[TargetConfig, ...]:
    return tuple(
        TargetConfig(provider=name, model=model)
        for name, provider in providers.items()
        for model in _default_models(name, provider)
    )


def _default_models(name: str, provider: ProviderConfig) -> tuple[str, ...]:
    preset = PRESETS.get(provider.preset or name)
    return () if preset is None else preset.default_models
