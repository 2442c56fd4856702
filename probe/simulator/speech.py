"""What a simulated API consists of: how it is asked, what an answer says, and how it refuses."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

import msgspec

from probe.errors import ConfigError
from probe.simulator.answer import OutputPiece, budget, whole
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer
from probe.simulator.request import Ask, Request

Headers = tuple[tuple[str, str], ...]
_Body = TypeVar("_Body")
encode = msgspec.json.encode


class Event(NamedTuple):
    """One event of a stream: its name, which the framing may show, and its data.

    Of a name `:` it is a comment; `!name` and `!!name` are the failures that only frames know.
    """

    name: str
    data: bytes


class EventFraming(Protocol):
    """How events become bytes; `media_type` is the content type of the stream."""

    media_type: str

    def framed(self, event: Event, /) -> bytes: ...

    def unended(self, data: bytes, /) -> bytes:
        """Events without what ends the last of them, where that is more than its last byte."""
        ...

    def damaged(self, data: bytes, /) -> bytes:
        """An event whose checksum is wrong; the same where there is none."""
        ...


class Spans(NamedTuple):
    """Nanoseconds from the request to the first output and to the last, as planned."""

    first_ns: int
    last_ns: int

    @property
    def first_ms(self) -> int:
        return self.first_ns // 1_000_000

    @property
    def last_ms(self) -> int:
        return self.last_ns // 1_000_000


class Counts(NamedTuple):
    """Tokens of a whole answer. `input` is all of the prompt, what caches had to do with it included."""

    input: int
    cached: int
    cache_write: int
    reasoning: int
    answer: int

    @property
    def uncached(self) -> int:
        return self.input - self.cached - self.cache_write

    @property
    def output(self) -> int:
        return self.reasoning + self.answer


class Speech(ABC):
    """One answer in the words of one API. A stream is `opening`, `output` for each piece, and `ending`.

    `counts` is None where the behaviour keeps them back.
    """

    def __init__(self, behaviour: Behaviour, ask: Ask) -> None:
        self.behaviour = behaviour
        self.ask = ask
        self.tokens = budget(behaviour, ask.max_tokens)
        self.model = behaviour.served_model or ask.model.partition("?")[0]
        self.counts = None if behaviour.usage == "absent" else self._counted()

    @abstractmethod
    def opening(self) -> Iterable[Event]:
        """What comes with the head, before any output."""

    @abstractmethod
    def output(self, piece: OutputPiece, /) -> list[Event]:
        """The last of them carries the piece."""

    @abstractmethod
    def ending(self, spans: Spans, /) -> list[Event]:
        """The last of them is the mark of the end."""

    @abstractmethod
    def failure(self, error: ErrorAnswer, /, *, named: bool) -> Event:
        """An error inside a stream; `named` is the API's other way, if it has one."""

    @abstractmethod
    def body(self, spans: Spans, /) -> object:
        """The whole answer in one."""

    def head(self, _spans: Spans, /) -> Headers:
        """What the head of a body says of the answer."""
        return ()

    def sign_of_life(self) -> Event | None:
        """What keeps a connection from being taken for dead; None where the API has nothing."""
        return None

    def finish(self, stopped: str, cut: str) -> str:
        return self.behaviour.finish_reason or (cut if self.tokens.cut else stopped)

    @property
    def answer_text(self) -> str:
        return whole(self.behaviour, self.tokens, "answer")

    @property
    def reasoning_text(self) -> str:
        return whole(self.behaviour, self.tokens, "reasoning")

    def _counted(self) -> Counts:
        behaviour, prompt = self.behaviour, self.ask.prompt_tokens
        if behaviour.usage == "zero":
            return Counts(0, 0, 0, 0, 0)
        cached = min(behaviour.cached_tokens, prompt)
        written = min(behaviour.cache_write_tokens, prompt - cached)
        return Counts(prompt, cached, written, self.tokens.reasoning, self.tokens.answer)


class Refusals(NamedTuple):
    """How a host refuses: the JSON of an error and the headers that come with it.

    The seconds are those to wait after a 429, else None. `limits` are the headers that tell how many requests
    are allowed, how many are left, and in how many seconds all are free again.
    """

    body: Callable[[ErrorAnswer, float | None], object]
    head: Callable[[ErrorAnswer, float | None], Headers] = lambda _error, _wait: ()
    limits: Callable[[int, int, float], Headers] = lambda _limit, _remaining, _reset: ()


class Asked(NamedTuple):
    """What a prompt's request says."""

    model: str
    stream: bool
    max_tokens: int | None
    prompt_tokens: int
    include_usage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedApi:
    """One API.

    path       matches the end of the path of a prompt's request
    read       takes such a request apart; raises ConfigError with the sentence that the client shall read
    speech     makes an answer
    framing    makes the framing of its events
    failed     the body of an answer that failed with HTTP 200; that of a refusal if None
    id_header  the header that names the request; `id_form` is what an answer calls itself
    """

    path: re.Pattern[str]
    read: Callable[[Request, re.Match[str]], Asked]
    speech: Callable[[Behaviour, Ask], Speech]
    framing: Callable[[Behaviour], EventFraming]
    refusals: Refusals
    failed: Callable[[ErrorAnswer, Ask], object] | None = None
    id_header: str = "x-request-id"
    id_form: str = "sim-{:08d}"


def decode(body: bytes, kind: type[_Body]) -> _Body:
    """Raises ConfigError with the sentence that the client shall read."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The request body cannot be read: {exc}") from exc


def model_in(found: re.Match[str]) -> str:
    """The model in a path, where it is one escaped segment."""
    return unquote(found["model"])


def texts_tokens(texts: Iterable[object]) -> int:
    """A token for every four characters begun, and four for every text; what is no text counts as JSON."""
    written = (text if isinstance(text, str) else encode(text).decode() for text in texts)
    return sum(4 + -(-len(text) // 4) for text in written)
