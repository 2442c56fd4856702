"""Pages become series as Prometheus would have scraped them."""

from __future__ import annotations

import re

from tests.synthetic.series import Recorded


def series(*pages: bytes, scrapes: int = 2) -> dict[str, str]:
    recorded = Recorded('job="probe"')
    for page in pages:
        recorded.add(page, scrapes)
    return dict(recorded.series())


def test_a_page_is_seen_by_every_scrape_until_the_next() -> None:
    assert series(b"# HELP a A.\na 1\n", b"a 1\n", b"a 2.5\n") == {
        'up{job="probe"}': "1+0x5",
        'a{job="probe"}': "1+0x3 2.5+0x1",
    }


def test_labels_of_the_scrape_come_last() -> None:
    assert 'a{b="c d} 1",job="probe"}' in series(b'a{b="c d} 1"} 1\n')


def test_what_is_gone_ends_and_may_come_again() -> None:
    found = series(b"a 1\n", b"b 1\n", b"a 3\nb 1\n")
    assert found['a{job="probe"}'] == "1+0x1 stale _x1 3+0x1"
    assert found['b{job="probe"}'] == "_x2 1+0x3"
    assert series(b"a 1\n", b"", scrapes=1)['a{job="probe"}'] == "1+0x0 stale"


def test_what_never_happened_may_be_left_out() -> None:
    recorded = Recorded('job="probe"')
    for page in (b"a 0\nb 0\nc 0\n", b"a 0\nb 1\nc 0\n"):
        recorded.add(page, 1)
    names = [name for name, _ in recorded.series(idle={"a", "b"})]
    assert names == ['up{job="probe"}', 'b{job="probe"}', 'c{job="probe"}']


def test_buckets_that_nobody_reads_are_left_out() -> None:
    recorded = Recorded('job="probe"', bounds=re.compile("2([.]0)?"))
    recorded.add(b'a_bucket{b="c",le="2.0"} 1\na_bucket{b="c",le="3.0"} 1\nscale{le_="1"} 1\n', 1)
    recorded.add(b"", 1)
    names = [name for name, _ in recorded.series()]
    assert names == ['up{job="probe"}', 'a_bucket{b="c",le="2.0",job="probe"}', 'scale{le_="1",job="probe"}']
