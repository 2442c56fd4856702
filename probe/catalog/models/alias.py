"""Which entry of a model list a probed name means: providers take more names than they list. Pure.

- Gemini lists `models/gemini-2.5-flash` and takes the name without `models/` as well
  (https://ai.google.dev/api/models).
- Anthropic, OpenAI and Mistral take names without a date, or with `-latest`, for a dated model
  (https://docs.anthropic.com/en/docs/about-claude/models/overview,
  https://docs.mistral.ai/getting-started/models/models_overview/).
- Ollama lists `llama3:latest` and takes `llama3` (https://github.com/ollama/ollama/blob/main/docs/api.md).
- Routers take `model:tag` to say how to route; but OpenRouter's `:free`, `:beta`, `:extended` and `:thinking`
  are models with entries of their own
  (https://openrouter.ai/docs/guides/routing/model-variants).
- A LiteLLM proxy may list `openai/*` (https://docs.litellm.ai/docs/wildcard_routing).
- The simulator lists `sim` and takes `sim?ttft_ms=200`.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_PREFIX = "models/"
_LATEST = ":latest"
_OWN_ENTRIES = frozenset({"free", "beta", "extended", "thinking"})
# -2024-08-06, -20250929, @20250929, -0613, -2411, -001.
_DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4})$")


def same(model: str, listed: str) -> bool:
    """Whether both are one name, but for its spelling."""
    return _plain(model) == _plain(listed)


def find(model: str, listed: Iterable[str]) -> str | None:
    """The entry that a name means; of several dated ones the latest. None if the list has none."""
    entries: dict[str, str] = {}
    for entry in listed:
        entries.setdefault(_plain(entry), entry)
    wanted = _plain(model)
    meant = _tagged(wanted, entries) or _dated(wanted, entries) or _wildcard(wanted, entries)
    return None if meant is None else entries[meant]


def _plain(name: str) -> str:
    return name.partition("?")[0].removeprefix(_PREFIX).casefold()


def _tagged(wanted: str, entries: Iterable[str]) -> str | None:
    """Itself, or the same with or without its tag."""
    name, colon, tag = wanted.rpartition(":")
    candidates = [wanted]
    if not colon:
        candidates.append(wanted + _LATEST)
    elif tag not in _OWN_ENTRIES:
        candidates.append(name)
    return next((each for each in candidates if each in entries), None)


def _dated(wanted: str, entries: Iterable[str]) -> str | None:
    """An undated name means the latest date; a dated one the undated entry where the list has no dates."""
    name = wanted.removesuffix("-latest")
    base = _DATE.sub("", name)
    dates = {
        entry: found[1].replace("-", "")
        for entry in entries
        if (found := _DATE.search(entry)) and entry[: found.start()] == base
    }
    if name == base and dates:
        return max(dates, key=lambda entry: (len(dates[entry]), dates[entry]))
    return base if not dates and base in entries else None


def _wildcard(wanted: str, entries: Iterable[str]) -> str | None:
    return next((entry for entry in entries if "*" in entry and fnmatchcase(wanted, entry)), None)
