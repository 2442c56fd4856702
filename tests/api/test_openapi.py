"""The description of the API: what was agreed is in openapi.json beside this file.

python -m tests.api.test_openapi      rewrites it, after a change that is meant
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.api.demo import NOW
from tests.api.serving import Served, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGREED = Path(__file__).with_name("openapi.json")


async def test_it_is_what_was_agreed(served: Served) -> None:
    description = (await served.client.get("/openapi.json")).json()
    assert description == json.loads(AGREED.read_text("utf-8"))


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*(_references(each) for each in node.values()))
    return set().union(*(_references(each) for each in node)) if isinstance(node, list) else set()


async def test_every_reference_leads_somewhere(served: Served) -> None:
    description = (await served.client.get("/openapi.json")).json()
    schemas = description["components"]["schemas"]
    for reference in _references(description):
        assert reference.removeprefix("#/components/schemas/") in schemas
    assert "HTTPValidationError" not in schemas


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/results?limit=0", "/api/v1/runs?cursor=x"])
async def test_errors_have_the_body_that_is_described(served: Served, path: str) -> None:
    description = (await served.client.get("/openapi.json")).json()
    described = description["components"]["schemas"]["ProblemBody"]["properties"]
    body = (await served.client.get(path)).json()
    assert {"type", "title", "status", "detail"} <= set(body) <= set(described)


async def _rewrite() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as served:
            served.clock.advance((NOW - served.clock.now()).total_seconds())
            description = (await served.client.get("/openapi.json")).json()
    AGREED.write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    import asyncio

    asyncio.run(_rewrite())
