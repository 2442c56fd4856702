"""A case is one prompt with what is expected of the answer; a suite is a named set of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from probe.quality.expectation import Expectation

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt. `expected` is the right answer in words, None if there is no such; `expect` is what
    is asked of an answer, empty if any will do. Neither is part of `prompt_hash`.

    `nonce` puts a few random characters at the very start of the prompt, so that no prompt cache answers.
    """

    id: str
    category: str
    messages: tuple[Message, ...]
    expected: str | None = None
    expect: tuple[Expectation, ...] = ()
    max_tokens: int
    temperature: float | None = 0.0
    seed: int | None = None
    tags: tuple[str, ...] = ()
    nonce: bool = False

    @property
    def prompt_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of everything that shapes the answer, the nonce excluded.

        Part of the case's identity: results are comparable only if it is equal.
        """
        shape = [
            [[message.role, message.content] for message in self.messages],
            self.max_tokens,
            self.temperature,
            self.seed,
        ]
        return hashlib.sha256(json.dumps(shape, ensure_ascii=False).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One question about an answer that is met or not."""

    id: str
    ask: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """What a judge is asked; a change of its criteria is a new `version`."""

    version: int
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    name: str
    description: str
    cases: tuple[Case, ...]
    rubrics: Mapping[str, Rubric] = field(default_factory=lambda: MappingProxyType({}))
