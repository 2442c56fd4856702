"""The proxy that the environment names for a URL, as curl and most programs read it.

HTTPS_PROXY for https, http_proxy for http (only in small letters: a web server sets HTTP_PROXY from a
header), ALL_PROXY for both; NO_PROXY lists hosts, domains, addresses and networks that are reached directly.
Loopback is always reached directly: a proxy has another one.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from probe.config.sources.variables import Variable

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    "http": ("http_proxy", "all_proxy", "ALL_PROXY"),
}
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


def proxy_for(base_url: str, layers: Sequence[Mapping[str, Variable]]) -> Variable | None:
    """The variable that names the proxy for this URL; its value begins with a scheme."""
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
    for layer in layers:
        found = next((layer[name] for name in _NAMES.get(parts.scheme, ()) if name in layer), None)
        if found is None:
            continue
        direct = layer.get("no_proxy") or layer.get("NO_PROXY")
        if _is_loopback(host) or (direct is not None and is_direct(host, port, direct.value)):
            return None
        scheme = "" if "://" in found.value else "http://"
        return Variable(name=found.name, value=scheme + found.value, source=found.source)
    return None


def is_direct(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether NO_PROXY names this host: `*`, a domain, an address or a network, with or without a port."""
    return any(_names(entry.strip().lower(), host.lower(), port) for entry in no_proxy.split(","))


def _names(entry: str, host: str, port: int | None) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    address = _address(host)
    if address is not None:
        return _holds(entry, address, port)
    name, colon, wanted = entry.partition(":")
    if colon and wanted != str(port):
        return False
    domain = name.removeprefix("*").removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _holds(entry: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int | None) -> bool:
    bare = entry
    if entry.startswith("["):
        bare, _, rest = entry[1:].partition("]")
        if rest and rest != f":{port}":
            return False
    elif entry.count(":") == 1:
        bare, _, wanted = entry.partition(":")
        if wanted != str(port):
            return False
    try:
        return address in ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
