"""TLS in memory: certificates are always verified; the holder of the socket moves the bytes."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

from probe.wire.faults import WireError, fault_of

# Where distributions keep their bundle, for interpreters whose OpenSSL was built to look elsewhere.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

_RECORD_BYTES = 16 * 1024


class Contexts:
    """One context for each CA file. Building one takes tens of milliseconds: done once, in a thread."""

    def __init__(self) -> None:
        self._built: dict[tuple[str | None, int], ssl.SSLContext] = {}
        self._building = asyncio.Lock()

    async def get(self, ca_file: str | None) -> ssl.SSLContext:
        """The context that trusts `ca_file`, or the system's store for None. A changed file is read again.

        Raises WireError "probe" where the file cannot be used.
        """
        try:
            key = (ca_file, _modified_ns(ca_file))
            context = self._built.get(key)
            if context is None:
                async with self._building:
                    context = self._built.get(key)
                    if context is None:
                        context = await asyncio.to_thread(build_context, ca_file)
                        self._built[key] = context
        except ssl.SSLError as exc:
            raise WireError("probe", f"CA file {ca_file}: {fault_of(exc).detail}") from exc
        except OSError as exc:
            raise WireError("probe", f"CA file {ca_file}: {exc.strerror}") from exc
        return context


def _modified_ns(ca_file: str | None) -> int:
    return 0 if ca_file is None else Path(ca_file).stat().st_mtime_ns


def build_context(ca_file: str | None) -> ssl.SSLContext:
    """A verifying client context, TLS 1.2 or later, HTTP/1.1 by ALPN."""
    context = ssl.create_default_context(cafile=ca_file)
    if ca_file is None and not _has_system_store():
        for bundle in _SYSTEM_BUNDLES:
            if Path(bundle).is_file():
                context.load_verify_locations(cafile=bundle)
                break
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _has_system_store() -> bool:
    paths = ssl.get_default_verify_paths()
    return paths.cafile is not None or paths.capath is not None


class TlsSession:
    """One connection's TLS state, over two memory buffers.

    What the peer must be sent is left in `outgoing`. `ended`: the peer has said close_notify.
    """

    __slots__ = ("_in", "_object", "_out", "_read", "_write", "ended", "error")

    def __init__(self, context: ssl.SSLContext, server_hostname: str) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_hostname=server_hostname)
        self._write: Callable[[bytes], int] = self._in.write
        self._read: Callable[[int], bytes] = self._object.read
        self.ended = False
        self.error: ssl.SSLError | None = None

    @property
    def version(self) -> str | None:
        return self._object.version()

    @property
    def cipher(self) -> str | None:
        cipher = self._object.cipher()
        return cipher[0] if cipher else None

    def outgoing(self) -> bytes:
        """What must be sent to the peer now; often nothing."""
        return self._out.read() if self._out.pending else b""

    def feed(self, data: bytes) -> None:
        """Take what the socket gave; empty: the peer ended the connection."""
        if data:
            self._write(data)
        else:
            self._in.write_eof()

    def shake_hands(self) -> bool:
        """Go on with the handshake. True once it is done. Raises ssl.SSLError."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes) -> None:
        self._object.write(data)

    def decrypt(self, data: bytes) -> bytes:
        """All plaintext that is complete with `data`; b"" where a record is in part, or at the end.

        Never raises: what came before a broken record is returned, and the error is left in `error`.
        """
        self.feed(data)
        data = self._record()
        # A read takes a whole record: without more input, asking again would only raise an exception.
        if not self._in.pending:
            return data
        parts = [data]
        while data and self._in.pending:
            data = self._record()
            parts.append(data)
        return b"".join(parts)

    def _record(self) -> bytes:
        """The next record's plaintext; b"" where there is none now."""
        try:
            data = self._read(_RECORD_BYTES)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as exc:
            self.error = exc
            return b""
        if not data:
            self.ended = True
        return data

    def say_goodbye(self) -> None:
        """Leave a close_notify for the peer."""
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()
