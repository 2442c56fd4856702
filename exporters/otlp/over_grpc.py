"""OTLP over gRPC: one unary call for each request. https://opentelemetry.io/docs/specs/otlp/#otlpgrpc

It needs `grpcio`, which is installed with `inference-probe[grpc]`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from exporters.otlp.attributes import PORTS, SERVICE
from exporters.otlp.faults import HEADERS, LATER, otlp_unreachable
from exporters.otlp.sender import Accepted, Signal, accepted
from exporters.otlp.settings import OtlpSettings, read_headers
from exporters.responses import excerpt
from probe.errors import ConfigError, ExportError

# Its own retries would hide what a server asks for; its proxies come from the environment; and a server that
# is back should not wait for the two minutes that a channel may pause between attempts to connect.
_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5000),
    ("grpc.primary_user_agent", SERVICE),
)
_HINTS: Final[Mapping[grpc.StatusCode, str]] = {
    grpc.StatusCode.UNAUTHENTICATED: HEADERS,
    grpc.StatusCode.PERMISSION_DENIED: HEADERS,
    grpc.StatusCode.UNIMPLEMENTED: "is exporters.otlp.url right? What takes only one signal is told so by "
    "exporters.otlp.signals",
    grpc.StatusCode.NOT_FOUND: "is exporters.otlp.url right?",
    grpc.StatusCode.RESOURCE_EXHAUSTED: LATER,
    grpc.StatusCode.DEADLINE_EXCEEDED: "is it overloaded, or exporters.otlp.timeout_seconds too short?",
}
# What gRPC says of a message above a server's limit; otherwise the status means a quota, which frees itself.
_TOO_LARGE: Final = "larger than max"


class GrpcSender:
    """Opens no connection yet. Raises ConfigError."""

    def __init__(self, settings: OtlpSettings) -> None:
        parts = urlsplit(settings.url)
        if parts.path.strip("/"):
            raise ConfigError("exporters.otlp.url has a path, and gRPC knows none: give http://host:4317")
        target = parts.netloc if parts.port else f"{parts.netloc}:{PORTS[parts.scheme]}"
        self._timeout_seconds = settings.timeout_seconds
        self._metadata = tuple(read_headers(settings).items())
        compression = (
            grpc.Compression.Gzip if settings.compression == "gzip" else grpc.Compression.NoCompression
        )
        if parts.scheme == "https":
            roots = None if settings.ca_file is None else settings.ca_file.read_bytes()
            self._channel = grpc.secure_channel(
                target, grpc.ssl_channel_credentials(roots), options=_OPTIONS, compression=compression
            )
        else:
            self._channel = grpc.insecure_channel(target, options=_OPTIONS, compression=compression)
        self._calls: Mapping[Signal, Callable[..., Any]] = {
            "traces": TraceServiceStub(self._channel).Export,  # type: ignore[no-untyped-call]  # generated code
            "metrics": MetricsServiceStub(self._channel).Export,  # type: ignore[no-untyped-call]  # generated code
        }

    def send(self, signal: Signal, request: Message, /) -> Accepted:
        try:
            response = self._calls[signal](request, timeout=self._timeout_seconds, metadata=self._metadata)
        except grpc.RpcError as exc:
            raise _of_error(exc, signal) from exc
        except ValueError as exc:  # how a channel that was closed answers
            raise ExportError(f"the connection to the OTLP server was closed: {excerpt(str(exc))}") from exc
        return accepted(signal, response)

    def close(self) -> None:
        self._channel.close()


def _of_error(error: Any, signal: Signal) -> ExportError:
    """https://opentelemetry.io/docs/specs/otlp/#failures"""
    code, details = error.code(), excerpt(error.details() or "")
    if code is grpc.StatusCode.UNAVAILABLE and _retry_delay(error) is None:
        return otlp_unreachable(details)
    too_large = code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in details
    text = f"the OTLP server answered {code.name} to {signal}" + (f": {details}" if details else "")
    hint = None if too_large else _HINTS.get(code)
    return ExportError(
        f"{text}; {hint}" if hint else text,
        permanent=too_large or code is grpc.StatusCode.INVALID_ARGUMENT,
        retry_after_seconds=_retry_delay(error),
    )


def _retry_delay(error: Any) -> float | None:
    """Seconds that the server asks for in its `RetryInfo`."""
    for name, value in error.trailing_metadata() or ():
        if name != "grpc-status-details-bin":
            continue
        try:
            for detail in Status.FromString(value).details:
                info = RetryInfo()
                if detail.Unpack(info):
                    seconds: float = info.retry_delay.seconds + info.retry_delay.nanos / 1e9
                    return max(0.0, seconds)
        except DecodeError:
            return None
    return None
