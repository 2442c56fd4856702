"""Kinds of values in the configuration, and how they are checked.

A message completes the sentence "<place>: <key>: …".
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from probe.errors import ConfigError
from probe.scheduling.cron import parse_cron

# What the daemon does on schedule beside the configured jobs: model lists and prices are read.
RESERVED_JOBS = ("discovery", "prices")
NOT_REPLACED = "variables such as ${X} are not replaced; give the value, or set it in the environment"
# Of base URLs: what the dialects append themselves.
_APPENDED = (
    *("/chat/completions", "/completions", "/messages", "/responses", "/embeddings"),
    *("/api/chat", "/api/generate", "/generate_stream", "/generate", ":generatecontent"),
    ":streamgeneratecontent",
)


class Section(BaseModel):
    """What every section of the configuration is: known keys alone, frozen, silent about secrets."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FrozenDict(dict[str, Any]):
    """A mapping that nobody changes after it was checked."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the configuration is frozen")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse


def not_bool(value: object) -> object:
    """Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("must be a number, is true or false")  # noqa: TRY004  pydantic wants a ValueError
    return value


def _url(text: str, schemes: tuple[str, ...]) -> str:
    """Raises ValueError; no message repeats what may be a password."""
    if "${" in text:
        raise ValueError(NOT_REPLACED)
    if re.search(r"\s", text):
        raise ValueError("must be a URL without spaces; write %20 for one that belongs into it")
    beginnings = " or ".join(f"{scheme}://" for scheme in schemes)
    if not text.lower().startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must be a URL that begins with {beginnings}")
    if usable_host(text) is None:
        raise ValueError(f"must name a host after {beginnings}")
    return text


def usable_host(url: str) -> str | None:
    """The host of a URL whose port can be used. Returns None if it names none; raises ValueError."""
    place = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    if place.count(":") > 1 and "[" not in place:
        raise ValueError("must have brackets around an IPv6 address, as in http://[::1]:8000")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        if "[" in place or "]" in place:
            raise ValueError("must have an IPv6 address, and nothing else, in brackets: [::1]") from exc
        raise ValueError("must have a number from 1 to 65535 as its port") from exc
    if port == 0:
        raise ValueError("must have a number from 1 to 65535 as its port")
    return host


def _base_url(text: str) -> str:
    _url(text, ("http", "https"))
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; use api_key")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no ? and no #")
    return text.rstrip("/")


def _api_url(text: str) -> str:
    ending = next((end for end in _APPENDED if text.lower().endswith(end)), None)
    if ending is not None:
        raise ValueError(f"must end before {ending}, which is appended; {text[: -len(ending)]}")
    return text


def usable_proxy(text: str) -> SecretStr:
    """Raises ValueError."""
    return SecretStr(_url(text, ("http",)))


def _proxy(secret: SecretStr) -> SecretStr:
    return usable_proxy(secret.get_secret_value())


def _database_url(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    scheme = text.partition(":")[0].lower()
    if re.search(r"\$\{[A-Za-z_]\w*\}", text):
        raise ValueError(NOT_REPLACED)
    if scheme.startswith(("postgresql+", "postgres+", "sqlite+")):
        raise ValueError(f"must begin with {scheme.partition('+')[0]}:// without the name of a driver")
    if scheme == "sqlite" and not text.startswith("sqlite:///"):
        raise ValueError("must have three slashes, sqlite:///path, or four before an absolute path")
    if not re.fullmatch(r"sqlite:///(?!:memory:$)[^?]+|postgres(ql)?://\S+", text):
        raise ValueError("must be sqlite:///path or postgresql://user@host/name")
    if scheme != "sqlite":
        if re.search(r"[/?#].*@", text.partition("://")[2]):
            raise ValueError("must have / ? # of a password as %2F %3F %23")
        usable_host(text)
    return secret


def usable_key(text: str) -> SecretStr:
    """A key pasted with a line break or a typographic quote cannot be sent. Raises ValueError."""
    if re.fullmatch(r"\$\{.*\}|\$[A-Za-z_]\w*|\{\{.*\}\}", text):
        raise ValueError(NOT_REPLACED)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        raise ValueError("must not have quotes around it: they would be part of the key")
    if text.lower().startswith("bearer "):
        raise ValueError("must be the key alone, without Bearer")
    if re.fullmatch(r"<.*>|.*(\.\.\.|…)|(?i:your[-_ ].*(key|token).*|change[-_]?me)", text):
        raise ValueError("must be the key itself, is a placeholder")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("must be visible ASCII characters without spaces")
    return SecretStr(text)


def _listen_host(text: str) -> str:
    if "/" in text or re.fullmatch(r"[^:]*:\d*|\[.*\].*", text):
        raise ValueError("must be an address alone, as 127.0.0.1 or ::1; the port is server.port")
    return text


def _smarthost(text: str) -> str:
    if not re.fullmatch(r"[^\s:]+:\d+", text):
        raise ValueError("must be host:port, as smtp.example.com:587")
    return text


def _visible(secret: SecretStr) -> SecretStr:
    return usable_key(secret.get_secret_value())


def _path(path: Path) -> Path:
    if not str(path).isprintable():
        raise ValueError("must be a path of printable characters")
    return path


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"no such timezone: {name!r}; names are like Europe/Paris") from exc
    return name


def _job_name(name: str) -> str:
    if name in RESERVED_JOBS:
        raise ValueError(f"{name!r} is what the daemon does itself on schedule; choose another name")
    return name


def _cron(text: str) -> str:
    try:
        parse_cron(text)
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    return text


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(not_bool)]
Ratio = Annotated[float, Field(gt=1, allow_inf_nan=False), BeforeValidator(not_bool)]
Objective = Annotated[float, Field(ge=0.5, lt=1), BeforeValidator(not_bool)]
Count = Annotated[int, Field(ge=1), BeforeValidator(not_bool)]
Usd = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), BeforeValidator(not_bool)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$", max_length=200)]
ProviderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
JobName = Annotated[Name, AfterValidator(_job_name)]
FilePath = Annotated[Path, AfterValidator(_path)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
ApiUrl = Annotated[BaseUrl, AfterValidator(_api_url)]
ListenHost = Annotated[Text, AfterValidator(_listen_host)]
Smarthost = Annotated[str, AfterValidator(_smarthost)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Key = Annotated[SecretStr, AfterValidator(_visible)]
Token = Annotated[SecretStr, Field(min_length=8), AfterValidator(_visible)]
Cron = Annotated[Text, AfterValidator(_cron)]
Timezone = Annotated[str, AfterValidator(_timezone)]
