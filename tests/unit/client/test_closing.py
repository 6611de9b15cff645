"""How the client's socket ends."""

from functools import partial

import trio
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request

from videocall.client import connect
from videocall.protocol import protoo


async def ping_at_the_last_moment(pinged: trio.Event, stream: trio.SocketStream) -> None:
    """A server whose ping crosses the client's close frame."""
    server = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    async for data in stream:
        server.receive_data(data)
        for event in server.events():
            match event:
                case Request():
                    await stream.send_all(server.send(AcceptConnection(subprotocol=protoo.SUBPROTOCOL)))
                case CloseConnection():
                    # As if it had been sent before the close frame came.
                    ping = wsproto.Connection(wsproto.ConnectionType.SERVER).send(Ping())
                    await stream.send_all(ping + server.send(event.response()))
                    pinged.set()
                case _:
                    pass


async def test_a_ping_that_crosses_the_close_frame_is_no_error(nursery: trio.Nursery) -> None:
    pinged = trio.Event()
    serve = partial(trio.serve_tcp, partial(ping_at_the_last_moment, pinged), 0, host="127.0.0.1")
    listeners: list[trio.SocketListener] = await nursery.start(serve)
    host, port = listeners[0].socket.getsockname()
    with trio.fail_after(20):
        async with connect(f"http://{host}:{port}/"):
            pass
        await pinged.wait()
    nursery.cancel_scope.cancel()
