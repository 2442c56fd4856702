"""A few characters at the very start of a prompt, so that no prompt cache can answer it.

The nonce is made of the request's id, which is the row's id: every prompt can be rebuilt from its result.
Twelve decimal digits, because tokenizers cut digits evenly: the number of input tokens stays the same.
"""

from uuid import UUID

from probe.suites.case import Message

_DIGITS = 12


def with_nonce(messages: tuple[Message, ...], request_id: UUID) -> tuple[Message, ...]:
    """The same messages; the first one begins with the nonce."""
    nonce = f"{request_id.int % 10**_DIGITS:0{_DIGITS}d}"
    first = messages[0]
    marked = Message(
        role=first.role, content=f"{nonce} (a reference number, to be ignored)\n\n{first.content}"
    )
    return (marked, *messages[1:])
