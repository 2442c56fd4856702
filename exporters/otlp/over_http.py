"""OTLP over HTTP: protobuf in a POST. https://opentelemetry.io/docs/specs/otlp/#otlphttp"""

import gzip
from typing import Final

import urllib3
from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from exporters.otlp.attributes import SERVICE
from exporters.otlp.faults import JSON, NOT_OTLP, PROTOBUF, media_type, otlp_refusal, otlp_unreachable
from exporters.otlp.sender import Accepted, Signal, accepted
from exporters.otlp.settings import OtlpSettings, read_headers
from exporters.responses import urllib3_reason
from probe.errors import ConfigError, ExportError
from probe.lib.clock import Clock

_READ_BYTES: Final = 65_536


class HttpSender:
    """Opens no connection yet. Raises ConfigError."""

    def __init__(self, settings: OtlpSettings, clock: Clock) -> None:
        self._url = settings.url.rstrip("/")
        self._clock = clock
        self._gzip = settings.compression == "gzip"
        self._headers = {"content-type": PROTOBUF, "user-agent": SERVICE, **read_headers(settings)}
        if self._gzip:
            self._headers["content-encoding"] = "gzip"
        try:
            self._pool = urllib3.PoolManager(
                num_pools=1,
                retries=False,
                timeout=urllib3.Timeout(settings.timeout_seconds),
                ca_certs=None if settings.ca_file is None else str(settings.ca_file),
            )
            urllib3.util.parse_url(self._url)
        except (ValueError, urllib3.exceptions.HTTPError) as exc:
            raise ConfigError(f"exporters.otlp.url cannot be used: {exc}") from exc

    def send(self, signal: Signal, request: Message, /) -> Accepted:
        body = request.SerializeToString()
        try:
            response = self._pool.request(
                "POST",
                f"{self._url}/v1/{signal}",
                body=gzip.compress(body, compresslevel=5) if self._gzip else body,
                headers=self._headers,
                redirect=False,
                preload_content=False,
            )
            try:
                answered = response.read(_READ_BYTES, decode_content=True)
            finally:
                # One that was read to its end is in the pool again; what goes on for longer is broken off.
                response.close()
        except urllib3.exceptions.HTTPError as exc:
            raise otlp_unreachable(urllib3_reason(exc)) from exc
        except OSError as exc:
            raise otlp_unreachable(str(exc)) from exc
        content_type = response.headers.get("content-type", "")
        if not 200 <= response.status < 300:
            retry_after = response.headers.get("retry-after")
            raise otlp_refusal(response.status, content_type, answered, retry_after, signal, self._clock)
        return _read(signal, response.status, content_type, answered)

    def close(self) -> None:
        self._pool.clear()


def _read(signal: Signal, status: int, content_type: str, body: bytes) -> Accepted:
    """A page that answers 200 to everything is no OTLP server."""
    message = ExportTraceServiceResponse() if signal == "traces" else ExportMetricsServiceResponse()
    kind = media_type(content_type)
    try:
        if kind == JSON:
            Parse(body or b"{}", message, ignore_unknown_fields=True)
        elif kind == PROTOBUF or not body:
            message.MergeFromString(body)
        else:
            raise ExportError(f"the OTLP server answered {status} with {kind or 'no type'}, {NOT_OTLP}")
    except (DecodeError, ParseError) as exc:
        raise ExportError(f"the OTLP server answered {status} with something unreadable, {NOT_OTLP}") from exc
    return accepted(signal, message)
