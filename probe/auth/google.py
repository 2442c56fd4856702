"""Access tokens of a Google account: fetched outside of what is measured, kept, and refreshed early.

https://google-auth.readthedocs.io/en/latest/reference/google.oauth2.service_account.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from probe.errors import ProviderError
from probe.lib.printable import printable_line

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# The search for credentials of the machine may wait for a metadata server that is not there.
_LONGEST_SECONDS = 20.0
_TIMEOUT_SECONDS = 10.0
# What the token server says of an assertion that was made by a clock unlike its own.
_CLOCK = "reasonable timeframe"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleAccount:
    """Whose tokens: of the key in a file, or, without one, of the application default credentials."""

    credentials_file: str | None = None


class AccessToken:
    """A token that is valid whenever it is asked for; nothing is read or asked for before."""

    def __init__(self, account: GoogleAccount, ca_file: str | None, proxy: str | None) -> None:
        self._account = account
        self._send = _TokenRequest(ca_file, proxy)
        self._credentials: Any = None
        self._refreshing = asyncio.Lock()

    async def current(self) -> str:
        """A token that lives for some minutes more. Raises ProviderError, of kind auth or probe."""
        async with self._refreshing:
            if self._credentials is None or not self._credentials.valid:
                try:
                    await asyncio.wait_for(asyncio.to_thread(self._refresh), _LONGEST_SECONDS)
                except TimeoutError:
                    raise ProviderError(
                        f"no access token of Google came within {_LONGEST_SECONDS:.0f} s"
                    ) from None
            return str(self._credentials.token)

    def _refresh(self) -> None:
        """Google's `valid` is false from 3:45 minutes before the end on."""
        from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

        try:
            if self._credentials is None:
                self._credentials = _credentials_of(self._account, self._send)
            self._credentials.refresh(self._send)
        except TransportError as exc:
            raise ProviderError(f"no access token of Google: {_said(exc)}") from exc
        except (DefaultCredentialsError, RefreshError) as exc:
            said = _said(exc)
            if _CLOCK in said:
                raise ProviderError(f"no access token of Google, as our clock is wrong: {said}") from exc
            raise ProviderError(f"no access token of Google: {said}", kind="auth") from exc


def _credentials_of(account: GoogleAccount, send: _TokenRequest) -> Any:
    """Raises ProviderError, DefaultCredentialsError."""
    if account.credentials_file is None:
        import google.auth

        search: Any = google.auth.default
        return search(scopes=_SCOPES, request=send)[0]
    from google.oauth2 import credentials, service_account

    makers: Mapping[object, Any] = {
        "service_account": service_account.Credentials.from_service_account_info,
        "authorized_user": credentials.Credentials.from_authorized_user_info,
    }
    path = account.credentials_file
    try:
        value = json.loads(Path(path).read_bytes())
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in makers:
            raise ProviderError(
                f"{path}: a key of a service account or of a user is needed, not {kind!r}", kind="auth"
            )
        return makers[kind](value, scopes=_SCOPES)
    except (OSError, ValueError) as exc:
        raise ProviderError(f"{path}: no credentials of Google: {_said(exc)}", kind="auth") from exc


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return printable_line(str(error.args[0] if error.args else error))


class _TokenResponse:
    """What google-auth reads of a response."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.data = response.content


class _TokenRequest:
    """A `google.auth.transport.Request` that no variable of the environment changes."""

    def __init__(self, ca_file: str | None, proxy: str | None) -> None:
        self._ca_file = ca_file
        self._proxy = proxy

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = _TIMEOUT_SECONDS,
        **_: Any,
    ) -> _TokenResponse:
        from google.auth.exceptions import TransportError

        verify: Any = self._ca_file if self._ca_file is not None else True
        try:
            with httpx2.Client(trust_env=False, verify=verify, proxy=self._proxy, timeout=timeout) as client:
                return _TokenResponse(client.request(method, url, content=body, headers=headers))
        except httpx2.HTTPError as exc:
            raise TransportError(f"{type(exc).__name__}: {exc}") from exc  # type: ignore[no-untyped-call]
