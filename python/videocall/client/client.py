"""The client: one method per method of the protocol, and a channel of notifications."""

import math
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec
import trio
import trio_websocket
from attrs import define, field
from wsproto.utilities import LocalProtocolError

from videocall.client.room_methods import RoomMethods
from videocall.ortc.types import DtlsParameters, IceParameters, RtpCapabilities, RtpParameters
from videocall.protocol import protoo, requests, results
from videocall.protocol.fields import Kind, Source
from videocall.protocol.methods import METHOD_NAMES, Request
from videocall.protocol.notifications import NOTIFICATIONS, LobbyRejected, Notification
from videocall.protocol.version import VERSION

__all__ = ["Client", "ConnectError", "DisconnectedError", "RejectedError", "RequestError", "connect"]

T = TypeVar("T")

REQUEST_TIMEOUT_S: Final = 20.0
_MAX_MESSAGE: Final = 16 * 1024 * 1024
_OPENING_S: Final = 20.0
_CLOSING_S: Final = 5.0
_ABNORMAL_CLOSURE: Final = 1006


class ConnectError(Exception):
    """The server cannot be reached, or refuses the socket.

    Attributes:
        status: the HTTP status of a refusal; 0 when there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class DisconnectedError(Exception):
    """The socket is closed.

    Attributes:
        code: WebSocket close code; 1006 when the socket broke.
        reason: what the server said about it.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"disconnected: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class RequestError(Exception):
    """The server answered with an error.

    Attributes:
        code: the stable code.
        message: the server's sentence.
    """

    def __init__(self, method: str, code: str, message: str) -> None:
        super().__init__(f"{method}: {code}: {message}")
        self.code = code
        self.message = message


class RejectedError(Exception):
    """A host, or the end of the room, kept one out.

    Attributes:
        reason: ``removed`` when it was a host.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"not let in: {reason}")
        self.reason = reason


@define
class _Admission:
    decided: trio.Event = field(factory=trio.Event)
    outcome: results.RoomJoined | LobbyRejected | None = None


@define
class _Pending:
    answered: trio.Event
    answer: protoo.IncomingResponse | None = None


@asynccontextmanager
async def connect(
    url: str,
    *,
    room_id: str | None = None,
    peer_id: str | None = None,
    origin: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncGenerator["Client"]:
    """Connect to a server's ``/ws``.

    Args:
        url: the server's, as it prints it, with the path that it is mounted at.
        room_id: the room that `Client.join_room` enters when it is not told another.
        peer_id: a label for the server's log.
        origin: what to send as ``Origin``; by default none, as clients that are no browsers do.
        ssl_context: for ``https``; by default one that trusts the system's authorities.

    Raises:
        ConnectError: no connection came about.
    """
    address = urlsplit(url)
    query = urlencode({name: value for name, value in (("roomId", room_id), ("peerId", peer_id)) if value is not None})
    headers = [] if origin is None else [(b"Origin", origin.encode())]
    closing = False
    try:
        # The stream is ours, since trio-websocket leaves it open when the other side closes the WebSocket first.
        async with await _open_stream(address, ssl_context) as stream, trio.open_nursery() as nursery:
            with trio.fail_after(_OPENING_S):
                socket = await trio_websocket.wrap_client_stream(
                    nursery,
                    stream,
                    address.netloc,
                    f"{address.path.rstrip('/')}/ws?{query}",
                    subprotocols=[protoo.SUBPROTOCOL],
                    extra_headers=headers,
                    max_message_size=_MAX_MESSAGE,
                )
            client = Client(socket)
            nursery.start_soon(client.receive)
            yield client
            closing = True
            with trio.move_on_after(_CLOSING_S):
                await socket.aclose()
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The nursery is an inner matter: what the block raised leaves it as it was.
        errors = [error for error in group.exceptions if not isinstance(error, trio.Cancelled)]
        # trio-websocket would answer a ping that crosses our close frame, which wsproto forbids (RFC 6455, 5.5.1).
        if closing and all(isinstance(error, LocalProtocolError) for error in errors):
            return
        if len(errors) != 1:
            raise
        if isinstance(errors[0], trio_websocket.HandshakeError):
            raise _refused(url, errors[0]) from None
        raise errors[0] from None


async def _open_stream(
    address: SplitResult, ssl_context: ssl.SSLContext | None
) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    host = address.hostname or ""
    try:
        with trio.fail_after(_OPENING_S):
            if address.scheme == "https":
                context = ssl_context or ssl.create_default_context()
                return await trio.open_ssl_over_tcp_stream(
                    host, address.port or 443, https_compatible=True, ssl_context=context
                )
            return await trio.open_tcp_stream(host, address.port or 80)
    except (OSError, trio.TooSlowError) as error:
        raise ConnectError(f"cannot connect to {address.geturl()}: {error}") from error


def _refused(url: str, error: trio_websocket.HandshakeError) -> ConnectError:
    if isinstance(error, trio_websocket.ConnectionRejected):
        body = (error.body or b"").decode(errors="replace").strip()
        return ConnectError(f"the server answered {error.status_code}: {body}", error.status_code)
    return ConnectError(f"cannot connect to {url}: {error!r}")


class Client(RoomMethods):
    """A connected socket. Made by `connect`; requests may be made from several tasks at once.

    Requests raise `RequestError` when the server refuses them, `DisconnectedError` when the socket is or gets closed,
    and `trio.TooSlowError` after 20 seconds without an answer.

    Attributes:
        notifications: what the server says unasked, in order, kept until it is read; it ends with the socket.
    """

    notifications: trio.MemoryReceiveChannel[Notification]

    def __init__(self, socket: trio_websocket.WebSocketConnection) -> None:
        self._socket = socket
        self._pending: dict[int, _Pending] = {}
        self._last_id = 0
        self._heard, self.notifications = trio.open_memory_channel[Notification](math.inf)
        self._closed = trio.Event()
        self._admission = _Admission()

    # The methods of the protocol

    async def join_room(
        self,
        display_name: str,
        room_id: str | None = None,
        token: str | None = None,
        *,
        password: str | None = None,
    ) -> results.RoomJoined:
        """Enter a room. Where it has a lobby this waits, for as long as it takes, until a host lets one in.

        Raises:
            RejectedError: one is not let in.
        """
        self._admission = _Admission()
        request = requests.JoinRoom(display_name, room_id, token, protocolVersion=VERSION, password=password)
        answer = await self.request("joinRoom", request)
        if "knockId" not in msgspec.json.decode(answer):
            return msgspec.json.decode(answer, type=results.RoomJoined)
        await self._admission.decided.wait()
        match self._admission.outcome:
            case results.RoomJoined() as joined:
                return joined
            case LobbyRejected(_, reason):
                raise RejectedError(reason)
            case None:
                raise self._disconnected()

    async def resume_session(self, resume_token: str) -> results.SessionResumed:
        """Take up the session of a socket that broke, instead of joining."""
        return await self.call(requests.ResumeSession(resume_token, VERSION), results.SessionResumed)

    async def leave_room(self) -> None:
        """Leave it; the socket stays."""
        await self.call(requests.LeaveRoom(), dict)

    async def get_rtp_capabilities(self) -> RtpCapabilities:
        """What the server's routers can take."""
        return await self.call(requests.GetRtpCapabilities(), RtpCapabilities)

    async def create_web_rtc_transport(self, direction: Literal["send", "recv"]) -> results.Transport:
        """Make a transport."""
        return await self.call(requests.CreateWebRtcTransport(direction), results.Transport)

    async def connect_transport(self, transport_id: str, dtls_parameters: DtlsParameters) -> None:
        """Tell the server one's fingerprints."""
        await self.call(requests.ConnectTransport(transport_id, dtls_parameters), dict)

    async def restart_ice(self, transport_id: str) -> IceParameters:
        """Get new ICE credentials."""
        return (await self.call(requests.RestartIce(transport_id), results.IceRestarted)).iceParameters

    async def produce(
        self,
        transport_id: str,
        kind: Kind,
        rtp_parameters: RtpParameters,
        *,
        source: Source | None = None,
        paused: bool = False,
        app_data: Mapping[str, Any] | None = None,
    ) -> str:
        """Publish a track; returns the producer's id."""
        data = None if app_data is None else dict(app_data)
        request = requests.Produce(transport_id, kind, rtp_parameters, source, paused, data)
        return (await self.call(request, results.Produced)).id

    async def close_producer(self, producer_id: str) -> None:
        """End a track of one's own."""
        await self.call(requests.CloseProducer(producer_id), dict)

    async def pause_producer(self, producer_id: str) -> None:
        """Pause it."""
        await self.call(requests.PauseProducer(producer_id), dict)

    async def resume_producer(self, producer_id: str) -> None:
        """Resume it."""
        await self.call(requests.ResumeProducer(producer_id), dict)

    async def consume(self, transport_id: str, producer_id: str, capabilities: RtpCapabilities) -> results.Consumer:
        """Receive a producer; the consumer is paused until resumed."""
        return await self.call(requests.Consume(transport_id, producer_id, capabilities), results.Consumer)

    async def consume_all(
        self, transport_id: str, producer_ids: Sequence[str], capabilities: RtpCapabilities
    ) -> list[results.Consumer | results.ConsumeFailure]:
        """Receive several producers with one request; the answers come in their order."""
        request = requests.Consume(transport_id, list(producer_ids), capabilities)
        answers: list[results.Consumer | results.ConsumeFailure] = []
        for item in (await self.call(request, results.Consumers)).consumers:
            if "error" in item:
                answers.append(msgspec.convert(item, results.ConsumeFailure))
            else:
                answers.append(msgspec.convert(item, results.Consumer))
        return answers

    async def pause_consumer(self, consumer_id: str) -> None:
        """Receive nothing for now."""
        await self.call(requests.PauseConsumer(consumer_id), dict)

    async def resume_consumer(self, consumer_id: str) -> None:
        """Receive."""
        await self.call(requests.ResumeConsumer(consumer_id), dict)

    async def close_consumer(self, consumer_id: str) -> None:
        """Receive it no more."""
        await self.call(requests.CloseConsumer(consumer_id), dict)

    async def request_key_frame(self, consumer_id: str) -> None:
        """Ask its publisher for a key frame."""
        await self.call(requests.RequestKeyFrame(consumer_id), dict)

    async def get_stats(
        self, *, transport_id: str | None = None, producer_id: str | None = None, consumer_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Statistics of exactly one of the three."""
        return (await self.call(requests.GetStats(transport_id, producer_id, consumer_id), results.Stats)).stats

    # What they are made of

    async def call(self, request: Request, result: type[T]) -> T:
        """Make a request and decode its result."""
        data = await self.request(METHOD_NAMES[type(request)], request)
        return msgspec.json.decode(data, type=result)

    async def request(self, method: str, data: object) -> msgspec.Raw:
        """Make a request of any name with any payload; returns the result as it came."""
        self._last_id += 1
        request_id = self._last_id
        pending = self._pending[request_id] = _Pending(trio.Event())
        try:
            with trio.fail_after(REQUEST_TIMEOUT_S):
                await self.send(protoo.encode_request(request_id, method, data))
                await pending.answered.wait()
        finally:
            del self._pending[request_id]
        answer = pending.answer
        if answer is None:
            raise self._disconnected()
        if not answer.ok:
            raise RequestError(method, answer.error_code, answer.error_reason)
        return answer.data

    async def send(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        try:
            await self._socket.send_message(frame)
        except trio_websocket.ConnectionClosed:
            raise self._disconnected() from None

    async def wait_closed(self) -> DisconnectedError:
        """Wait until the socket is closed, by either side, and say how."""
        await self._closed.wait()
        return self._disconnected()

    async def receive(self) -> None:
        """Take in what comes until the socket closes. `connect` runs it."""
        try:
            while True:
                self._take(await self._socket.get_message())
        except trio_websocket.ConnectionClosed:
            pass
        finally:
            self._closed.set()
            self._heard.close()
            for pending in self._pending.values():
                pending.answered.set()
            self._admission.decided.set()

    def _take(self, frame: str | bytes) -> None:
        message = protoo.decode(frame, max_bytes=_MAX_MESSAGE)
        if isinstance(message, protoo.IncomingResponse):
            if pending := self._pending.get(message.id):
                pending.answer = message
                pending.answered.set()
        elif isinstance(message, protoo.IncomingNotification) and (cls := NOTIFICATIONS.get(message.method)):
            notification = msgspec.json.decode(message.data, type=cls)
            if isinstance(notification, results.RoomJoined | LobbyRejected):
                self._admission.outcome = notification
                self._admission.decided.set()
            else:
                self._heard.send_nowait(notification)

    def _disconnected(self) -> DisconnectedError:
        reason = self._socket.closed
        if reason is None:
            return DisconnectedError(_ABNORMAL_CLOSURE, "")
        return DisconnectedError(reason.code, reason.reason or "")
