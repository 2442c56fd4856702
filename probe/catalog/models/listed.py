"""What providers list: models, and what is said of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from probe.catalog.prices.price import Price

Lifecycle = Literal["active", "deprecated", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """One entry of a provider's model list. None: the list does not say.

    Sizes are tokens. `created_at` is the provider's date of the model, `retires_on` the day from which it is
    no longer served. `price` is what the list asks for it, by the likeliest of `price_readings` where it does
    not say in which unit; `price_doubt` is why that is not to be believed as it is, or why there is none.
    """

    id: str
    display_name: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    created_at: datetime | None = None
    lifecycle: Lifecycle | None = None
    deprecated_on: date | None = None
    retires_on: date | None = None
    replaced_by: str | None = None
    price: Price | None = None
    price_readings: tuple[Price, ...] = field(default=(), compare=False)
    price_doubt: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """What is known of a model from one list of its provider to the next.

    `listed` is its entry as last seen; out of the store it has no price, as prices are quotes there.
    `first_seen_at` and `last_seen_at` are the first and the last whole list that had it, None if it was
    probed and never listed. `vanished_at` is the first whole list since then that lacked it, None while it
    is listed; `last_probed_at` the end of the last attempt.
    """

    listed: ListedModel
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    vanished_at: datetime | None = None
    last_probed_at: datetime | None = None
