"""A receiver of OTLP over HTTP and gRPC on loopback, in threads of its own.

It decodes with the messages of opentelemetry-proto, as the exporter encodes: what both misread stays unseen
here. Everything else (sockets, heads, compression, TLS) is real.
"""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

REQUESTS: dict[str, Any] = {
    "traces": trace_service.ExportTraceServiceRequest,
    "metrics": metrics_service.ExportMetricsServiceRequest,
}
RESPONSES: dict[str, Any] = {
    "traces": trace_service.ExportTraceServiceResponse,
    "metrics": metrics_service.ExportMetricsServiceResponse,
}

Attributes = Mapping[str, Any]
Key = tuple[str, frozenset[tuple[str, Any]]]
HttpAnswer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Received:
    signal: str
    headers: Mapping[str, str]
    message: Any
    path: str = ""


@dataclass
class OtlpReceiver:
    """`answer` may give an HTTP answer, and `call` may abort a call or give a response; None takes it all."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answer: Callable[[Received], HttpAnswer | None] = lambda _: None
    call: Callable[[Received, grpc.ServicerContext], Any] = lambda _, __: None
    taken: list[Received] = field(default_factory=list)

    def spans(self) -> list[Span]:
        return self._told("traces", "spans")

    def metrics(self) -> list[Metric]:
        return self._told("metrics", "metrics")

    def _told(self, signal: str, what: str) -> list[Any]:
        """Of the requests that were taken, whatever resource and scope it is of."""
        return [
            each
            for request in self.taken
            if request.signal == signal
            for resource in getattr(request.message, f"resource_{what}")
            for scope in getattr(resource, f"scope_{what}")
            for each in getattr(scope, what)
        ]

    def points(self) -> dict[Key, list[Any]]:
        """Every point of every series, in the order of arrival."""
        found: dict[Key, list[Any]] = {}
        for metric in self.metrics():
            for point in getattr(metric, metric.WhichOneof("data") or "").data_points:
                found.setdefault((metric.name, frozenset(attributes(point.attributes).items())), []).append(
                    point
                )
        return found

    def latest(self) -> dict[Key, Any]:
        """The last point of every series that was not said to be gone."""
        last = {key: points[-1] for key, points in self.points().items()}
        gone = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
        return {key: point for key, point in last.items() if not point.flags & gone}


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair) for pair in pairs}


def _value(pair: KeyValue) -> Any:
    kind = pair.value.WhichOneof("value")
    assert kind is not None, pair.key
    value = getattr(pair.value, kind)
    if kind == "array_value":
        return tuple(each.string_value for each in value.values)
    return value


@contextmanager
def receiving_http(tls: ssl.SSLContext | None = None) -> Iterator[OtlpReceiver]:
    receiver = OtlpReceiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(receiver: OtlpReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            signal = self.path.rpartition("/")[2]
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(signal, headers, REQUESTS[signal].FromString(body), self.path)
            receiver.requests.append(received)
            answer = receiver.answer(received)
            if answer is None:
                receiver.taken.append(received)
                answer = 200, {"Content-Type": "application/x-protobuf"}, b""
            status, answer_headers, answer_body = answer
            self.send_response(status)
            for name, value in answer_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer_body)))
            self.end_headers()
            self.wfile.write(answer_body)

        def log_message(self, *_: object) -> None:
            """Requests are kept, not told."""

    return Handler


@contextmanager
def receiving_grpc(tls: tuple[bytes, bytes] | None = None, port: int | None = None) -> Iterator[OtlpReceiver]:
    """`tls` is a private key and a certificate chain, PEM."""
    receiver = OtlpReceiver()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    trace_grpc.add_TraceServiceServicer_to_server(_service(receiver, "traces"), server)  # type: ignore[no-untyped-call]
    metrics_grpc.add_MetricsServiceServicer_to_server(_service(receiver, "metrics"), server)  # type: ignore[no-untyped-call]
    if tls is None:
        port = server.add_insecure_port(f"127.0.0.1:{port or 0}")
    else:
        port = server.add_secure_port(f"127.0.0.1:{port or 0}", grpc.ssl_server_credentials([tls]))
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    server.start()
    try:
        yield receiver
    finally:
        server.stop(None).wait()


def _service(receiver: OtlpReceiver, signal: str) -> Any:
    class Service:
        def Export(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802  as the service has it
            headers = {str(name): str(value) for name, value in context.invocation_metadata()}
            received = Received(signal, headers, request)
            receiver.requests.append(received)
            response = receiver.call(received, context)
            if response is None:
                receiver.taken.append(received)
                response = RESPONSES[signal]()
            return response

    return Service()


def partial(signal: str, rejected: int, message: str = "") -> Any:
    """A response that takes all but so many spans or points; with 0 of them, a warning."""
    response = RESPONSES[signal]()
    if signal == "traces":
        response.partial_success.rejected_spans = rejected
    else:
        response.partial_success.rejected_data_points = rejected
    response.partial_success.error_message = message
    return response
