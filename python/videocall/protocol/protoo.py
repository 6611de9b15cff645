"""The protoo framing: JSON text frames over a WebSocket with the subprotocol ``protoo``. Pure: text in, objects out.

{"request": true, "id": 7, "method": "joinRoom", "data": {...}}
{"response": true, "id": 7, "ok": true, "data": {...}}
{"response": true, "id": 7, "ok": false, "errorCode": "NOT_FOUND", "errorReason": "..."}
{"notification": true, "method": "newProducer", "data": {...}}
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, cast

import msgspec
from attrs import frozen
from msgspec import Meta, Raw

from videocall.ortc import to_wire
from videocall.protocol.errors import ErrorCode, ProtocolError
from videocall.protocol.framing import Framing, IncomingRequest
from videocall.protocol.limits import MAX_MESSAGE_BYTES, check_bounds
from videocall.protocol.notifications import NOTIFICATION_NAMES, Notification

__all__ = [
    "PROTOO",
    "SUBPROTOCOL",
    "IncomingNotification",
    "IncomingRequest",
    "IncomingResponse",
    "decode",
    "encode_error",
    "encode_notification",
    "encode_request",
    "encode_response",
]

SUBPROTOCOL: Final = "protoo"

_MAX_ID: Final = 2**53 - 1  # what an ECMAScript number holds exactly


@frozen
class IncomingResponse:
    """An answer to a request of ours: ``data`` when ``ok``, the error's code and sentence when not."""

    id: int
    ok: bool
    data: Raw
    error_code: str
    error_reason: str


@frozen
class IncomingNotification:
    """A notification; its payload is not decoded yet."""

    method: str
    data: Raw


def decode(
    message: str | bytes, max_bytes: int = MAX_MESSAGE_BYTES
) -> IncomingRequest | IncomingResponse | IncomingNotification:
    """Decode a frame's envelope.

    Raises:
        ProtocolError: ``BAD_REQUEST`` when it is too long, nests too deep, is no JSON or no protoo message.
    """
    raw = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
    check_bounds(raw, max_bytes)
    try:
        envelope = _ENVELOPE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(ErrorCode.BAD_REQUEST, f"Not a protoo message: {error}") from None
    if envelope.request and envelope.id is not None and envelope.method is not None:
        return IncomingRequest(envelope.id, envelope.method, envelope.data)
    if envelope.response and envelope.id is not None:
        return IncomingResponse(
            envelope.id, envelope.ok, envelope.data, str(envelope.errorCode or ""), envelope.errorReason or ""
        )
    if envelope.notification and envelope.method is not None:
        return IncomingNotification(envelope.method, envelope.data)
    raise ProtocolError(
        ErrorCode.BAD_REQUEST,
        "Not a protoo message: it is neither a request with id and method, nor a response, nor a notification.",
    )


def encode_request(request_id: int, method: str, data: object) -> str:
    """Encode a request of ours. A dict goes as it is; what is absent (`None`) in anything else is left out."""
    wire = cast("object", data) if isinstance(data, dict) else to_wire(data)
    return _encode({"request": True, "id": request_id, "method": method, "data": wire})


def encode_response(request_id: int | None, data: object) -> str:
    """Encode the answer to a request that was carried out; absent (`None`) fields are left out."""
    return _encode({"response": True, "id": request_id, "ok": True, "data": to_wire(data)})


def encode_error(request_id: int | None, error: ProtocolError) -> str:
    """Encode the answer to a request that was refused."""
    return _encode(
        {"response": True, "id": request_id, "ok": False, "errorCode": error.code, "errorReason": error.message}
    )


def encode_notification(notification: Notification) -> str:
    """Encode a notification, once for all who get it; absent (`None`) fields are left out."""
    name = NOTIFICATION_NAMES[type(notification)]
    return _encode({"notification": True, "method": name, "data": to_wire(notification)})


class _Protoo:
    """The server's side of the framing. What answers a request of the server, which makes none, is passed over."""

    def decode(self, frame: str | bytes) -> IncomingRequest | None:
        if isinstance(frame, bytes):
            raise ProtocolError(ErrorCode.BAD_REQUEST, "Messages are text frames.")
        message = decode(frame)
        return message if isinstance(message, IncomingRequest) else None

    def encode_result(self, request: IncomingRequest, result: object) -> Sequence[str]:
        return (encode_response(request.id, result),)

    def encode_error(self, request: IncomingRequest, error: ProtocolError) -> str:
        return encode_error(request.id, error)

    def encode_notification(self, notification: Notification) -> str:
        return encode_notification(notification)


PROTOO: Final[Framing] = _Protoo()

_NOTHING: Final = Raw(b"{}")


@frozen
class _Envelope:
    request: bool = False
    response: bool = False
    notification: bool = False
    id: Annotated[int, Meta(ge=0, le=_MAX_ID)] | None = None
    method: Annotated[str, Meta(max_length=64)] | None = None
    ok: bool = False
    data: Raw = _NOTHING
    errorCode: str | int | None = None
    errorReason: str | None = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ENCODER: Final = msgspec.json.Encoder()


def _encode(value: dict[str, Any]) -> str:
    return _ENCODER.encode(value).decode()
