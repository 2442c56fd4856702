"""One attempt as JSON: what `probe test-request --json` and `probe replay --json` print."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from probe.facts.sample import Cost, Failed, Ok
from probe.facts.timing import timing_of
from probe.providers.protocol import Reading
from probe.wire.capture import Capture


def attempt_json(capture: Capture, reading: Reading, cost: Cost | None = None) -> str:
    """Durations are seconds, money is text in USD, unknown is null; `failure` is null for a success."""
    timing = timing_of(reading.timeline, reading.usage, whole=isinstance(reading.outcome, Ok))
    document: dict[str, Any] = {
        "success": isinstance(reading.outcome, Ok),
        "failure": asdict(reading.outcome) if isinstance(reading.outcome, Failed) else None,
        "status_code": reading.status_code,
        "url": capture.url,
        "started_at": capture.clock_start.to_utc(capture.started_ns).isoformat(),
        "stamps": capture.stamps,
        "trusted": capture.trusted,
        "reused": capture.reused,
        "peer_address": capture.peer_address,
        "tls_version": capture.tls_version,
        "http_version": capture.http_version,
        "timing": asdict(timing),
        "usage": asdict(reading.usage),
        "reported": None if reading.reported is None else _plain(asdict(reading.reported)),
        "cost": None if cost is None else _plain(asdict(cost)),
        "finish_reason": reading.finish_reason,
        "served_model": reading.served_model,
        "provider_request_id": reading.provider_request_id,
        "text": reading.text,
        "reasoning_text": reading.reasoning_text,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Money as text: a JSON number becomes a binary fraction in most readers."""
    return {key: str(value) if isinstance(value, Decimal) else value for key, value in facts.items()}
