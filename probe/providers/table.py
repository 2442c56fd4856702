"""The presets as documentation."""

from __future__ import annotations

from collections.abc import Iterable

from probe.providers.preset import Preset, Quirks

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
- The dialect is the API that is spoken: `openai-chat` is `/chat/completions`.

{table}
## Where they depart from their dialect

{quirks}"""

_NONE = "–"


def providers_page(presets: Iterable[Preset]) -> str:
    """The whole of docs/providers.md."""
    entries = list(presets)
    return _PAGE.format(table=presets_table(entries), quirks=_quirks_table(entries))


def presets_table(presets: Iterable[Preset]) -> str:
    """What is known before anybody configures anything."""
    head = [
        "| preset | provider | kind | dialect | base URL | key | default models |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| `{preset.name}` | {_linked(preset)} | {preset.kind} | {preset.dialect} "
        f"| {_code(preset.base_url)} | {_code(preset.key_variable)} "
        f"| {', '.join(map(_code, preset.default_models)) or _NONE} |"
        for preset in presets
    ]
    return "\n".join(head + rows) + "\n"


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


def _linked(preset: Preset) -> str:
    return f"[{preset.display_name}]({preset.docs_url})" if preset.docs_url else preset.display_name


def _code(text: str | None) -> str:
    return f"`{text}`" if text else _NONE
