"""The Socket.IO framing: protocol version 5 over Engine.IO version 4, the default namespace only. Pure.

A frame is an Engine.IO message packet (``4``) with a Socket.IO packet in it: an event (``2``), perhaps with the id that
its acknowledgement (``3``) has to have. Payloads are left as they are, and decoded where every framing's are.

42["newProducer",{...}]
427["joinRoom",{...}]
437[{...}]
437[{"error":{"code":"NOT_FOUND","message":"..."}}]
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, cast

import msgspec
from attrs import frozen
from engineio import packet as engine  # pyright: ignore[reportMissingTypeStubs]
from msgspec import Raw
from socketio import packet as socket  # pyright: ignore[reportMissingTypeStubs]

from videocall.ortc import to_wire
from videocall.protocol.errors import ErrorCode, ProtocolError
from videocall.protocol.framing import Framing, IncomingRequest
from videocall.protocol.limits import check_bounds
from videocall.protocol.notifications import NOTIFICATION_NAMES, MessageRefused, Notification
from videocall.protocol.results import ErrorBody, RoomJoined

__all__ = ["DISCONNECT", "SOCKET_IO", "Control", "connected", "decode_control", "refuse_namespace"]

_MAX_NAME: Final = 64


class _LeaveJson:
    """In the place of the packets' JSON module: payloads stay text, and are encoded as all others of ours are."""

    @staticmethod
    def loads(text: str) -> Raw:
        return Raw(text)

    @staticmethod
    def dumps(data: object, separators: object = None) -> str:  # noqa: ARG004 - as `json.dumps` is called
        return msgspec.json.encode(data).decode()


class _EnginePacket(engine.Packet):  # type: ignore[misc] # untyped
    json = _LeaveJson


class _SocketPacket(socket.Packet):  # type: ignore[misc] # untyped
    json = _LeaveJson


@frozen
class Control:
    """A packet that opens or ends a namespace."""

    kind: Literal["connect", "disconnect"]
    namespace: str


def decode_control(frame: str | bytes) -> Control | None:
    """Whether a frame opens or ends a namespace; what is no packet at all does neither."""
    if frame[:2] not in _CONTROLS:
        return None
    try:
        packet = _decode(frame)
    except ProtocolError:
        return None
    namespace: str = packet.namespace or "/"
    if packet.packet_type == socket.CONNECT:
        return Control("connect", namespace)
    return Control("disconnect", namespace) if packet.packet_type == socket.DISCONNECT else None


def connected(sid: str) -> str:
    """The default namespace is open; ``sid`` is what clients call the socket's id."""
    return _frame(socket.CONNECT, {"sid": sid})


def refuse_namespace(namespace: str) -> str:
    """There is no such namespace."""
    return _frame(socket.CONNECT_ERROR, {"message": "Invalid namespace"}, namespace=namespace)


class _SocketIo:
    def decode(self, frame: str | bytes) -> IncomingRequest | None:
        packet = _decode(frame)
        if packet.packet_type == socket.ACK:
            return None
        if packet.packet_type != socket.EVENT or packet.attachment_count or packet.namespace not in {None, "/"}:
            raise ProtocolError(
                ErrorCode.BAD_REQUEST, "Not an event of the default namespace; binary ones are not taken."
            )
        try:
            name, *arguments = _EVENT.decode(cast("Raw | None", packet.data) or b"")
            method = _NAME.decode(name)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            raise ProtocolError(ErrorCode.BAD_REQUEST, "Not an event: it has no name.") from None
        if len(method) > _MAX_NAME or len(arguments) > 1:
            raise ProtocolError(ErrorCode.BAD_REQUEST, "An event is a method's name and one object.")
        return IncomingRequest(packet.id, method, arguments[0] if arguments else Raw(b"{}"))

    def encode_result(self, request: IncomingRequest, result: object) -> Sequence[str]:
        data = Raw(msgspec.json.encode(to_wire(result)))
        frames = [] if request.id is None else [_frame(socket.ACK, [data], request.id)]
        if isinstance(result, RoomJoined):
            frames.append(_frame(socket.EVENT, ["roomJoined", data]))
        return frames

    def encode_error(self, request: IncomingRequest, error: ProtocolError) -> str:
        if request.id is not None:
            return _frame(socket.ACK, [{"error": ErrorBody(error.code, error.message)}], request.id)
        return self.encode_notification(MessageRefused(error.code, f"{request.method}: {error.message}"))

    def encode_notification(self, notification: Notification) -> str:
        return _frame(socket.EVENT, [NOTIFICATION_NAMES[type(notification)], notification])


SOCKET_IO: Final[Framing] = _SocketIo()

_CONTROLS: Final = (f"{engine.MESSAGE}{socket.CONNECT}", f"{engine.MESSAGE}{socket.DISCONNECT}")
_EVENT: Final = msgspec.json.Decoder(list[Raw])
_NAME: Final = msgspec.json.Decoder(str)


def _decode(frame: str | bytes) -> Any:  # noqa: ANN401 - the packets have no types
    if isinstance(frame, bytes):
        raise ProtocolError(ErrorCode.BAD_REQUEST, "Binary messages are not taken.")
    check_bounds(frame.encode("utf-8", "surrogatepass"))
    try:
        outer: Any = _EnginePacket(encoded_packet=frame)
        # What does not begin with a digit was taken for JSON.
        if outer.packet_type != engine.MESSAGE or not isinstance(outer.data, str):
            raise ProtocolError(ErrorCode.BAD_REQUEST, "Not a Socket.IO packet.")
        return _SocketPacket(encoded_packet=outer.data)
    except (ValueError, IndexError):
        raise ProtocolError(ErrorCode.BAD_REQUEST, "Not a Socket.IO packet.") from None


def _frame(kind: int, data: object, packet_id: int | None = None, *, namespace: str | None = None) -> str:
    # Without `binary` the packet would look through all of the data for bytes.
    packet = _SocketPacket(kind, data=data, id=packet_id, namespace=namespace, binary=False)
    return f"{engine.MESSAGE}{cast('str', packet.encode())}"


DISCONNECT: Final = _frame(socket.DISCONNECT, None)
"""The default namespace is closed, and the client shall not come back by itself."""
