"""An alert's runbook is a page of the probe itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from probe.api.routes import pages
from probe.api.routes.pages import runbooks
from tests.api.serving import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", ["TargetDown", "TargetDown.md"])
async def test_a_runbook_is_a_page(served: Served, name: str) -> None:
    response = await served.client.get(f"/runbooks/{name}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>TargetDown</title>" in response.text
    assert "<h2>Diagnosis</h2>" in response.text
    assert "probe results --target 'groq/llama' --failed" in response.text.replace("&#x27;", "'")


async def test_what_reads_like_html_is_text(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "A<b>&.md"
    file.write_text("# A\n\n<script>alert(1)</script> [here](javascript:alert(1)) `<i>`\n")
    monkeypatch.setattr(pages, "runbooks", lambda: {"Odd": file})
    text = (await served.client.get("/runbooks/Odd")).text
    assert "<title>A&lt;b&gt;&amp;</title>" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<code>&lt;i&gt;</code>" in text
    assert 'href="javascript' not in text
    assert "<script" not in text


async def test_links_between_runbooks_lead_somewhere(served: Served) -> None:
    for name in runbooks():
        text = (await served.client.get(f"/runbooks/{name}")).text
        for target in [part.partition('"')[0] for part in text.split('<a href="')[1:]]:
            assert (await served.client.get(f"/runbooks/{target}")).status_code == 200, f"{name}: {target}"


@pytest.mark.parametrize("path", ["/runbooks", "/runbooks/"])
async def test_all_of_them_are_listed(served: Served, path: str) -> None:
    response = await served.client.get(path)
    assert response.status_code == 200
    assert re.findall(r'<li><a href="/runbooks/(\w+)">\1</a>: ', response.text) == list(runbooks())
    assert "TargetDown</a>: <code>critical</code>, one for each target and location." in response.text


@pytest.mark.parametrize("name", ["Nope", "..%2fmetrics", "%00", "targetdown"])
async def test_there_is_no_other(served: Served, name: str) -> None:
    assert (await served.client.get(f"/runbooks/{name}")).status_code == 404
