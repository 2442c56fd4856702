"""The proxy on the way to a source of prices: that of the environment, as for every other request."""

from __future__ import annotations

from probe.config import usable_proxy
from probe.config.sources.load import variable_layers
from probe.config.sources.proxies import proxy_for
from probe.errors import ConfigError, PriceSourceError
from probe.lib.secrets import learn


def environment_proxy(url: str) -> str | None:
    """Raises PriceSourceError where the environment names one that cannot be used."""
    try:
        variable = proxy_for(url, variable_layers())
    except ConfigError as exc:
        raise PriceSourceError(str(exc)) from exc
    if variable is None:
        return None
    learn([variable.value])
    try:
        return usable_proxy(variable.value).get_secret_value()
    except ValueError as exc:
        raise PriceSourceError(f"{variable.source}: {variable.name}: {exc}") from exc
