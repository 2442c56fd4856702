"""Kinds of values in the configuration, and how they are checked.

A message completes the sentence "<place>: <key>: …".
"""

from __future__ import annotations

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
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise ValueError("must be a URL") from exc
    if parts.scheme not in schemes or not host or re.search(r"\s", text):
        raise ValueError(
            f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        )
    return text


def _base_url(text: str) -> str:
    _url(text, ("http", "https"))
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; use api_key")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no ? and no #")
    return text.rstrip("/")


def usable_proxy(text: str) -> SecretStr:
    """Raises ValueError."""
    return SecretStr(_url(text, ("http",)))


def _proxy(secret: SecretStr) -> SecretStr:
    return usable_proxy(secret.get_secret_value())


def _database_url(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"sqlite:///(?!:memory:$)[^?]+|postgres(ql)?://\S+", secret.get_secret_value()):
        raise ValueError("must be sqlite:///path or postgresql://user@host/name")
    return secret


def usable_key(text: str) -> SecretStr:
    """A key pasted with a line break or a typographic quote cannot be sent. Raises ValueError."""
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("must be visible ASCII characters without spaces")
    return SecretStr(text)


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
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Key = Annotated[SecretStr, AfterValidator(_visible)]
Token = Annotated[SecretStr, Field(min_length=8), AfterValidator(_visible)]
Cron = Annotated[Text, AfterValidator(_cron)]
Timezone = Annotated[str, AfterValidator(_timezone)]
