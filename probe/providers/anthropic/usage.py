"""Anthropic's token counts, and the size of a prompt."""

from __future__ import annotations

from probe.providers.usage import TokenCounts
from probe.providers.values import count, decode_object, items, mapping

_FIELDS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


class Counted:
    """The counts of one answer; every event of a stream that has some says how many it has been so far."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, int] = {}

    def take(self, usage: object, *, final: bool = True) -> None:
        """Take a `usage` object. At the start of a stream its output is not counted yet: `final` is false."""
        found = mapping(usage)
        details = mapping(found.get("output_tokens_details"))
        for name in _FIELDS if final else _FIELDS[:-1]:
            self._keep(name, found.get(name))
        self._keep("thinking_tokens", details.get("thinking_tokens"))

    def _keep(self, name: str, value: object) -> None:
        number = count(value)
        if number is not None:
            self._found[name] = number

    @property
    def counts(self) -> TokenCounts | None:
        """In our terms: their `input_tokens` are those that no cache had anything to do with."""
        if not self._found:
            return None
        plain = self._found.get("input_tokens")
        cached = self._found.get("cache_read_input_tokens")
        written = self._found.get("cache_creation_input_tokens")
        return TokenCounts(
            input_tokens=None if plain is None else plain + (cached or 0) + (written or 0),
            output_tokens=self._found.get("output_tokens"),
            cached_input_tokens=cached,
            cache_write_tokens=written,
            reasoning_tokens=self._found.get("thinking_tokens"),
        )


def prompt_bytes(request_body: bytes) -> int | None:
    """The size in UTF-8 of the system prompt and all messages; None where it is no such request."""
    try:
        request = decode_object(request_body)
    except ValueError:
        return None
    if not isinstance(request.get("messages"), list):
        return None
    texts = [request.get("system"), *(message.get("content") for message in items(request["messages"]))]
    return sum(_size(text) for text in texts)


def _size(content: object) -> int:
    """Of a text, or of the texts of a list of blocks."""
    if isinstance(content, str):
        return len(content.encode("utf-8", "surrogatepass"))
    return sum(_size(block["text"]) for block in items(content) if isinstance(block.get("text"), str))
