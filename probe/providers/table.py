"""The presets, and the tables by which answers are read, as documentation."""

from collections.abc import Iterable, Iterator

from probe.facts.sample import FAULTS, UNREPORTED
from probe.providers.error_words import ERROR_WORDS
from probe.providers.finish import FINISH_REASONS
from probe.providers.gateways import GATEWAYS
from probe.providers.preset import Preset, Quirks
from probe.providers.reasons import ERROR_NAMES, STATUSES

# Whose own SDK's requests are recorded.
_WITH_SDK = frozenset({"openai", "anthropic-2026-10-21", "gemini", "cohere", "bedrock", "vertex"})

_PAGE = """\
# Providers

Made from the presets (`probe/providers/presets.py`) by `make generate`.

A provider of one of these names needs no more than its key, in the variable named here or in the
configuration. A preset under another name, a base URL of your own and the like are said in the configuration:

```yaml
providers:
  mistral: {{}}
  azure:
    preset: azure-openai
    base_url: https://RESOURCE.openai.azure.com/openai/v1
  our-vllm:
    preset: vllm
    base_url: http://10.0.0.5:8000/v1
```

- `kind` tells whom a figure is about: the provider itself (`direct`), a router or gateway (`proxy`), a server
  of your own (`engine`), which needs no key, or a simulated one.
- Providers that have a default model are probed where nothing is configured and their variable is set.
- The dialect is the API that is spoken: `openai-chat` is `/chat/completions`, `openai-responses` is
  `/responses`. Of several the first is spoken, unless `dialect` names another.
- Capitals in a base URL stand for what only you know: set `base_url`.
- `confirmed by` is where name, base URL and variable are from: https://models.dev, the documents that the row
  links to, or the request of the host's own SDK, recorded in `tests/sdks`. No host was asked. What could be
  confirmed by none of them is not here: watsonx.ai, whose key is first exchanged for a token and whose stream
  has a shape of its own.
- `probe providers add` asks for what is missing, tries one request and writes it into the configuration.

Amazon Bedrock takes a bearer key (`api_key`) or signs with the keys of `aws`: `access_key_id`,
`secret_access_key` and `session_token`, or `credentials_file` with a `profile`. The file is read anew when it
changes, so that whoever renews temporary keys there is followed within a request. Variables of AWS, its
configuration file, credential processes, web identities and metadata servers are not looked at: what asks is
what the configuration names.

{table}
## What cannot be seen through a gateway
- A duration in the head of a stream ends when the head leaves: nothing of the answer is in it. It counts for
  answers in one body only.
- Tries before the answer are in its total latency. Where the head tells of them, they are counted
  (`gateway_tries`), a later one is remarked (`retried_by_gateway`), and its time to the first token stands in
  a figure of its own (`later_try_ttft_seconds`), not in that of the target.
- What an engine behind it counts is that of any of several processes, and asking for it takes the turn of
  a request. It is not read where `kind` is `proxy`, where the head names one of those below, or once several
  processes have answered, unless `metrics_url` says where one engine has it.

A gateway is known by these headers, or by its preset and `kind: proxy`; a result names it (`gateway`).

{gateways}
## Why an engine says nothing

`unreported` of a result, and `reason` of its metrics:

{unreported}
## Where they depart from their dialect

{quirks}"""

_ERRORS_PAGE = """\
# Errors

Made from the tables by which answers are read (`probe/providers/reasons.py`, `probe/providers/finish.py`) by
`make generate`. Every row is a test.

A refusal is understood by its names first: code, type, and the reasons in Google's details. Then a status
that says enough counts; one that is used for many things is refined by the words of the message, in the order
below. Whose a failure is follows from its kind alone.

## Kinds and whose they are

{kinds}
## By name

{names}
## By status

{statuses}
Any other from 500 to 599 is `server_error`, anything else `unexpected_status`.

## By words

{words}
## Finish reasons

Compared in lower case, with `_` for `-` and blanks, in every dialect, as gateways pass on others' words. A
word that is not here is `unknown_finish`: no success, and no known failure. `limit` with an answer is a
success, without one `budget_exhausted`.

{finish}"""

_NONE = "–"


def providers_page(presets: Iterable[Preset]) -> str:
    """The whole of docs/providers.md."""
    entries = list(presets)
    return _PAGE.format(
        table=presets_table(entries),
        gateways=_gateways_table(),
        unreported=_table(("reason", "the engine"), ((_code(why), text) for why, text in UNREPORTED.items())),
        quirks=_quirks_table(entries),
    )


def presets_table(presets: Iterable[Preset]) -> str:
    """What is known before anybody configures anything."""
    head = [
        "| preset | provider | kind | dialect | base URL | key | default models | confirmed by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| `{preset.name}` | {_linked(preset)} | {preset.kind} | {', '.join(_dialects(preset))} "
        f"| {_code(preset.base_url or preset.url_form)} | {_code(preset.key_variable)} "
        f"| {', '.join(map(_code, preset.default_models)) or _NONE} "
        f"| {', '.join(_confirmations(preset)) or _NONE} |"
        for preset in presets
    ]
    return "\n".join(head + rows) + "\n"


def _confirmations(preset: Preset) -> Iterator[str]:
    """A logo is that of models.dev, which then has the provider."""
    if preset.logo:
        yield "models.dev"
    if preset.docs_url:
        yield "documents"
    if preset.name in _WITH_SDK:
        yield "SDK"


def _gateways_table() -> str:
    return _table(
        ("gateway", "known by", "counts tries in", "what cannot be seen through it"),
        (
            (
                f"[{each.name}]({each.source})",
                ", ".join(map(_code, each.known_by)) or "its preset",
                ", ".join(map(_code, each.tries)) or _NONE,
                " ".join(each.hides) or _NONE,
            )
            for each in GATEWAYS
        ),
    )


def _quirks_table(presets: Iterable[Preset]) -> str:
    """Only what differs from the usual; see `probe.providers.preset.Quirks`."""
    usual = Quirks()
    rows = ["| preset | departs in |", "|---|---|"]
    for preset in presets:
        differing = [
            f"`{name}` {_shown(value)}"
            for name in Quirks.__dataclass_fields__
            if (value := getattr(preset.quirks, name)) != getattr(usual, name)
        ]
        if differing:
            rows.append(f"| `{preset.name}` | {'; '.join(differing)} |")
    return "\n".join(rows) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{'='.join(each) if isinstance(each, tuple) else each}`" for each in value)
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _dialects(preset: Preset) -> Iterator[str]:
    """What it speaks, the one that is spoken unless another is set first."""
    yield preset.dialect
    for dialect, url in preset.also:
        yield f"{dialect} at {_code(url)}" if url else dialect


def _linked(preset: Preset) -> str:
    return f"[{preset.display_name}]({preset.docs_url})" if preset.docs_url else preset.display_name


def _code(text: str | None) -> str:
    return f"`{text}`" if text else _NONE


def errors_page() -> str:
    """The whole of docs/errors.md."""
    names: dict[tuple[str, str, str, str], list[str]] = {}
    for row in ERROR_NAMES:
        said = _code(row.name) + (f" ({', '.join(map(str, sorted(row.statuses)))})" if row.statuses else "")
        names.setdefault((row.kind, FAULTS[row.kind], row.said_by, row.source), []).append(said)
    finish: dict[tuple[str, str, str], list[str]] = {}
    for reason in FINISH_REASONS:
        finish.setdefault((reason.ending, reason.said_by, reason.source), []).append(_code(reason.word))
    return _ERRORS_PAGE.format(
        kinds=_table(("kind", "whose"), ((_code(kind), fault) for kind, fault in FAULTS.items())),
        names=_table(
            ("name", "kind", "whose", "said by"),
            (
                (", ".join(said), _code(kind), fault, f"[{by}]({source})")
                for (kind, fault, by, source), said in names.items()
            ),
        ),
        statuses=_table(
            ("status", "kind", "whose"),
            ((str(status), _code(kind), FAULTS[kind]) for status, kind in STATUSES.items()),
        ),
        words=_table(
            ("what is said", "kind", "whose", "with status"),
            (
                (
                    f"[{row.about}]({row.source})",
                    _code(row.kind),
                    FAULTS[row.kind],
                    ", ".join(map(str, sorted(row.statuses))) or "any",
                )
                for row in ERROR_WORDS
            ),
        ),
        finish=_table(
            ("word", "means", "said by"),
            (
                (", ".join(words), _code(ending), f"[{by}]({source})")
                for (ending, by, source), words in finish.items()
            ),
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
