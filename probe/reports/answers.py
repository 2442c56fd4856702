"""Facts as the bodies of `probe.reports.schemas`."""

from __future__ import annotations

from typing import Any

from probe.analysis import Summary
from probe.facts.sample import Failed, Sample
from probe.reports.leaderboard import Entry
from probe.reports.models import ShownModel
from probe.reports.schemas import DatedPriceBody, EntryBody, FailureBody, ModelBody, ResultBody, ResultDetail

_MODEL_FIELDS = tuple(ModelBody.model_fields.keys() - {"probed", "listed"})
_RESULT_FIELDS = tuple(ResultBody.model_fields.keys() - {"failure"})
# What an entry has in common with the summary of its window.
_SUMMARY_FIELDS = tuple(name for name in EntryBody.model_fields if hasattr(Summary, name))


def result_body(sample: Sample) -> ResultBody:
    return ResultBody.model_validate(_result(sample))


def result_detail(sample: Sample) -> ResultDetail:
    return ResultDetail.model_validate(
        {
            **_result(sample),
            "text": sample.text,
            "reasoning_text": sample.reasoning_text,
            "chunk_gaps_seconds": sample.timing.chunk_gaps_seconds,
            "rate_limit": dict(sample.rate_limit),
        }
    )


def model_body(model: ShownModel) -> ModelBody:
    fields = {name: getattr(model.record, name) for name in _MODEL_FIELDS}
    price = model.record.price
    fields["price"] = None if price is None else DatedPriceBody.since(price)
    return ModelBody.model_validate({**fields, "probed": model.probed, "listed": model.listed})


def entry_body(entry: Entry, place: int) -> EntryBody:
    return EntryBody.model_validate(
        {
            "place": place,
            "target": entry.target,
            "provider": entry.provider,
            "model": entry.model,
            "kind": entry.kind,
            "location": entry.location,
            "connection": entry.connection,
            "configured": entry.configured,
            "state": entry.state,
            "failure_kinds": dict(entry.failure_kinds),
            **{name: getattr(entry.summary, name) for name in _SUMMARY_FIELDS},
        }
    )


def _result(sample: Sample) -> dict[str, Any]:
    failed = sample.outcome if isinstance(sample.outcome, Failed) else None
    return {
        **{name: getattr(sample, name) for name in _RESULT_FIELDS},
        "failure": None if failed is None else FailureBody.model_validate(failed),
    }
