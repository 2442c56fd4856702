"""Certificates for the simulator: a test authority and what a server can get wrong about its own.

`trustme` and the cryptography below it are imported only if TLS is requested.
"""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Tls = Literal["off", "on", "wrong_host", "expired", "unknown_ca"]

_HOSTS = ("localhost", "127.0.0.1", "::1")
_EXPIRED_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_EXPIRED_ON = datetime(2021, 1, 1, tzinfo=UTC)


def server_context(tls: Tls, ca_file: Path) -> ssl.SSLContext:
    """A TLS context for the server; the authority that clients may trust is written to `ca_file`.

    wrong_host: the certificate is for another name; expired: its time is over; unknown_ca: another authority,
    which is not in the file, has signed it.
    """
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file)
    if tls == "wrong_host":
        certificate = authority.issue_cert("elsewhere.invalid")
    elif tls == "expired":
        certificate = authority.issue_cert(*_HOSTS, not_before=_EXPIRED_FROM, not_after=_EXPIRED_ON)
    elif tls == "unknown_ca":
        certificate = trustme.CA().issue_cert(*_HOSTS)
    else:
        certificate = authority.issue_cert(*_HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    certificate.configure_cert(context)
    return context
