"""Which proxy the environment names, for whom."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from probe.config.sources.proxies import is_direct, proxy_for
from probe.config.sources.variables import from_environment
from tests.config.folder import Folder

API = "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("url", "variables", "proxy"),
    [
        (API, {}, None),
        (API, {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        (API, {"https_proxy": "http://small", "HTTPS_PROXY": "http://CAPITAL"}, "http://small"),
        (API, {"ALL_PROXY": "p:3128"}, "http://p:3128"),
        (API, {"http_proxy": "http://p"}, None),
        ("http://api.example.com", {"http_proxy": "http://p"}, "http://p"),
        ("http://api.example.com", {"HTTP_PROXY": "http://set-by-a-client"}, None),
        ("https://127.0.0.1:8000", {"HTTPS_PROXY": "http://p"}, None),
        ("https://[::1]:8000", {"HTTPS_PROXY": "http://p"}, None),
        ("https://localhost", {"HTTPS_PROXY": "http://p"}, None),
        (API, {"HTTPS_PROXY": "http://p", "NO_PROXY": "example.com"}, None),
        (API, {"HTTPS_PROXY": "http://p", "no_proxy": "other.com"}, "http://p"),
    ],
)
def test_the_proxy_of_a_url(url: str, variables: dict[str, str], proxy: str | None) -> None:
    found = proxy_for(url, [from_environment(variables)])
    assert (None if found is None else found.value) == proxy


@pytest.mark.parametrize(
    ("host", "port", "no_proxy", "direct"),
    [
        ("api.example.com", 443, "*", True),
        ("api.example.com", 443, "example.com", True),
        ("api.example.com", 443, ".example.com", True),
        ("api.example.com", 443, "*.example.com", True),
        ("API.Example.com", 443, " x , EXAMPLE.com ", True),
        ("notexample.com", 443, "example.com", False),
        ("example.com.evil", 443, "example.com", False),
        ("example.com", 443, "example.com:443", True),
        ("example.com", 443, "example.com:8443", False),
        ("example.com", 443, "", False),
        ("example.com", 443, ",.,", False),
        ("10.1.2.3", 443, "10.0.0.0/8", True),
        ("10.1.2.3", 443, "10.1.2.3", True),
        ("10.1.2.3", 80, "10.1.2.3:80", True),
        ("10.1.2.3", 80, "10.1.2.3:81", False),
        ("10.1.2.3", 443, "2.3", False),
        ("2001:db8::1", 443, "2001:db8::/32", True),
        ("2001:db8::1", 443, "[2001:db8::1]", True),
        ("2001:db8::1", 443, "[2001:db8::1]:80", False),
        ("2001:db8::1", 443, "10.0.0.0/8", False),
    ],
)
def test_hosts_that_are_reached_directly(host: str, port: int, no_proxy: str, direct: bool) -> None:
    assert is_direct(host, port, no_proxy) is direct


def test_a_provider_without_a_proxy_gets_that_of_the_environment(folder: Folder) -> None:
    config = folder.load(
        OPENAI_API_KEY="sk-1",
        GROQ_API_KEY="gsk_1",
        HTTPS_PROXY="http://u:p@proxy:3128",
        NO_PROXY="api.groq.com",
    )
    assert config.providers["openai"].proxy == SecretStr("http://u:p@proxy:3128")
    assert config.providers["groq"].proxy is None


def test_a_proxy_of_its_own_is_kept(folder: Folder) -> None:
    folder.write("probe.yaml", "providers: {openai: {proxy: 'http://own:1'}}\n")
    config = folder.load(OPENAI_API_KEY="sk-1", HTTPS_PROXY="http://proxy:3128")
    assert config.providers["openai"].proxy == SecretStr("http://own:1")


def test_a_proxy_that_cannot_be_used_is_no_silent_detour(folder: Folder) -> None:
    assert folder.problems(OPENAI_API_KEY="sk-1", ALL_PROXY="socks5://u:longpassword@p:1") == [
        "environment: ALL_PROXY: must be a URL that begins with http://"
    ]
