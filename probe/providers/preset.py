"""What is known of a provider before anybody configures it, and the endpoint made of both."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from probe.auth.google import GoogleAccount
from probe.auth.sigv4 import AwsKeyFile, AwsKeys
from probe.facts.sample import DialectName, EngineName, TargetKind

# The header that a key goes into; `bearer` is Authorization.
Auth = Literal[
    "bearer", "x-api-key", "x-goog-api-key", "api-key", "x-portkey-api-key", "cf-aig-authorization", "none"
]
_BEARERS: frozenset[Auth] = frozenset({"bearer", "cf-aig-authorization"})


def key_header(auth: Auth, key: str | None) -> Mapping[str, str]:
    """The header with the key; none without a key."""
    if key is None or auth == "none":
        return {}
    return {"Authorization" if auth == "bearer" else auth: f"Bearer {key}" if auth in _BEARERS else key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Where a provider departs from the dialect. All of it is data; no code looks at a provider's name.

    sdk                 the official package that builds and signs the requests
    auth                the header that the key goes into; None: the dialect's own
    ask_for_usage       how token counts are requested in a stream: by the SDK's `stream_options`, by the
                        same field in the body if the SDK does not know it (`extra_body`), or not at all,
                        because they come anyway or the field is refused (`never`)
    pads_chunks         random padding is added to every chunk unless it is turned off
    max_tokens_field    what the limit on output tokens is called
    min_max_tokens      the smallest limit that is accepted; a smaller one is raised to it
    fixed_temperature   shell patterns of models that refuse any temperature; it is left out for them
    api_version         the version of Anthropic's API that is asked for; None: that of the dialect
    seed_field          what the seed is called; None: there is none, and it is left out
    query               sent with every request
    listing_path        where the model list is, after the base URL; None: there is none
    listing_query       the query of a request for the list
    dates_models        `created` in the model list is the model's date, and not the date of the answer
    """

    sdk: Literal["openai", "groq"] = "openai"
    auth: Auth | None = None
    ask_for_usage: Literal["stream_options", "extra_body", "never"] = "stream_options"
    pads_chunks: bool = False
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    min_max_tokens: int = 1
    fixed_temperature: tuple[str, ...] = ()
    api_version: str | None = None
    seed_field: str | None = "seed"
    query: tuple[tuple[str, str], ...] = ()
    listing_path: str | None = "/models"
    listing_query: tuple[tuple[str, str], ...] = ()
    dates_models: bool = True

    def max_tokens_of(self, wanted: int) -> int:
        """The limit on output tokens, raised to the smallest that is accepted."""
        return max(wanted, self.min_max_tokens)

    def temperature_of(self, model: str, wanted: float | None) -> float | None:
        """The temperature to send; None if none is wanted, or if the model refuses any."""
        if any(fnmatchcase(model, pattern) for pattern in self.fixed_temperature):
            return None
        return wanted


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider as it is for everybody. `base_url` is None if only the user can know it.

    `key_variable` is the environment variable that usually holds the key, None if there is no usual one.
    `url_form` is how the base URL looks where only the user can know it.
    `also` are other dialects that it speaks, each with the base URL where it does; None: the same.
    `default_models` are probed if nothing else is configured. `logo` is its name at https://models.dev.
    `engine` is the inference server behind it, if it is one whose own health and metrics can be read (see
    `probe.engines`).
    """

    name: str
    display_name: str
    base_url: str | None
    key_variable: str | None = None
    _: KW_ONLY
    kind: TargetKind = "direct"
    default_models: tuple[str, ...] = ()
    logo: str | None = None
    docs_url: str | None = None
    dialect: DialectName = "openai-chat"
    url_form: str | None = None
    also: tuple[tuple[DialectName, str | None], ...] = ()
    engine: EngineName | None = None
    quirks: Quirks = field(default_factory=Quirks)

    @property
    def logo_url(self) -> str | None:
        return f"https://models.dev/logos/{self.logo}.svg" if self.logo else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One account at one base URL, ready for requests. `base_url` has no slash at its end.

    `name` is the provider's name in the configuration. `metrics_url` is where the engine's metrics are, if
    not beside its API. Instead of a key, `aws` signs every request, and `google` gives it a token. The key
    and the proxy, which may hold a password, stay out of the representation.
    """

    name: str
    display_name: str
    base_url: str
    api_key: str | None = field(default=None, repr=False)
    aws: AwsKeys | AwsKeyFile | None = None
    google: GoogleAccount | None = None
    kind: TargetKind
    dialect: DialectName = "openai-chat"
    engine: EngineName | None = None
    metrics_url: str | None = None
    quirks: Quirks = field(default_factory=Quirks)
    logo_url: str | None = None
    ca_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    max_response_bytes: int = 16 * 1024 * 1024
