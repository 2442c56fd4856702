"""Why an exchange breaks off: errors of the system, translated once.

`WireError` never leaves this package: it ends up as the `WireFailure` of a Capture.
"""

import errno
import os
import socket
import ssl

from probe.wire.capture import DeadlineName, Reason


class WireError(Exception):
    """The exchange cannot go on. `detail` is one line and holds no secret."""

    def __init__(self, reason: Reason, detail: str, deadline: DeadlineName | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail
        self.deadline: DeadlineName | None = deadline


_REASONS: dict[int, Reason] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETDOWN: "unreachable",
    errno.EHOSTDOWN: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.EAFNOSUPPORT: "unreachable",
    errno.EACCES: "unreachable",  # a local firewall rejects
    errno.EPERM: "unreachable",
    errno.EINVAL: "unreachable",  # an address that cannot be connected to, such as a scoped one
}

# A name without an address is the network's or the provider's matter; the rest is ours (memory, descriptors).
_NO_SUCH_NAME = frozenset(
    code
    for code in (
        socket.EAI_NONAME,
        socket.EAI_AGAIN,
        socket.EAI_FAIL,
        getattr(socket, "EAI_NODATA", None),
        getattr(socket, "EAI_ADDRFAMILY", None),
    )
    if code is not None
)


def fault_of(error: OSError) -> WireError:
    """What an error of a socket call means. TLS, DNS and plain errors alike."""
    if isinstance(error, ssl.SSLError):
        return _tls_fault(error)
    if isinstance(error, socket.gaierror):
        reason: Reason = "dns" if error.errno in _NO_SUCH_NAME else "probe"
        return WireError(reason, error.strerror or "name resolution failed")
    number = error.errno
    if number is None:
        return WireError("probe", str(error) or type(error).__name__)
    return WireError(_REASONS.get(number, "probe"), os.strerror(number))


def _tls_fault(error: ssl.SSLError) -> WireError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return WireError("tls", f"certificate verify failed: {error.verify_message}")
    if isinstance(error, ssl.SSLEOFError):
        return WireError("closed", "the connection ended without TLS close_notify")
    reason = error.reason or type(error).__name__
    return WireError("tls", reason.replace("_", " ").lower())
