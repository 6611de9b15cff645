"""A server for programs: rooms and tokens from code, hooks, and an ASGI application to mount."""

import types
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final, Self, TypeVar, Unpack, overload

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from videocall.protocol.fields import Role
from videocall.server.failures import START_FAILURES
from videocall.server.hooks import Hooks
from videocall.server.running import DRAIN_S, OpenEngine, Running, open_engine, run
from videocall.server.settings import Settings
from videocall.signaling.administration import Administration, RoomInfo
from videocall.signaling.events import ServerEvent
from videocall.signaling.room_changes import SettingsChanges
from videocall.tokens import Grant, make_token

__all__ = ["NotRunningError", "Server"]

E = TypeVar("E", bound=ServerEvent)
HookFunction = TypeVar("HookFunction", bound=Callable[[Any], object])


class NotRunningError(RuntimeError):
    """The server has not started, or has ended."""


class Server:
    """Meetings inside another program.

    It runs during ``async with server:``, under Trio, and `asgi` can be mounted at any path of an ASGI application.
    It runs once: for another time make another one.
    Served at the root, `asgi` starts and ends it by itself (ASGI lifespan).

    Args:
        settings: see `Settings`; those of the port are the business of whoever serves `asgi`.
        engine: opens the media core; for tests.
    """

    def __init__(self, settings: Settings | None = None, *, engine: OpenEngine = open_engine) -> None:
        self.settings: Final = settings or Settings()
        self._hooks = Hooks()
        self._engine = engine
        self._context: AbstractAsyncContextManager[Running] | None = None
        self._running: Running | None = None

    async def __aenter__(self) -> Self:
        """Start.

        Raises:
            Exception: one of `videocall.server.START_FAILURES`, when it cannot.
        """
        if self._context is not None:
            raise RuntimeError("a Server runs once; make another one")
        self._context = run(self.settings, self._hooks, self._engine)
        self._running = await self._context.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> bool | None:
        """Tell everybody, flush what is queued, and end; bounded in time."""
        assert self._context is not None  # noqa: S101 - `__aenter__` set it
        try:
            return await self._context.__aexit__(kind, error, traceback)
        finally:
            self._running = None

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application: the page, its files, ``/ws``, ``/socket.io/``, the REST API and what operators ask for."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._running is not None:
            await self._running.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await WebSocket(scope, receive, send).send_denial_response(_not_running())
        else:
            await _not_running()(scope, receive, send)

    @overload
    def on(self, event: str) -> Callable[[HookFunction], HookFunction]: ...
    @overload
    def on(self, event: type[E]) -> Callable[[Callable[[E], object]], Callable[[E], object]]: ...
    def on(self, event: str | type[Any]) -> Callable[[Any], Any]:
        """Decorate a function, sync or async, that is to be called with every event of a kind.

        Each function gets its events in order, beside the calls: what it raises is logged, and while it takes its time
        up to `videocall.server.hooks.MAX_WAITING` events wait for it.

        Args:
            event: a name such as ``participant.joined``, or a class out of `videocall.signaling.events`.

        Raises:
            ValueError: there is no such event.
        """

        def add(callback: Callable[..., object]) -> Callable[..., object]:
            self._hooks.add(event, callback)
            return callback

        return add

    def token(
        self,
        rooms: Mapping[str, Role | Grant],
        *,
        identity: str | None = None,
        display_name: str | None = None,
        expires_in_s: int = 3600,
    ) -> str:
        """Make a token that lets somebody into rooms; see `videocall.tokens.make_token`.

        Raises:
            ValueError: the settings have no ``token_secret``, or an argument is not what it has to be.
        """
        secret = self.settings.token_secret
        if secret is None:
            raise ValueError("the settings have no token_secret, so that everybody may join without a token")
        return make_token(
            secret,
            rooms,
            identity=identity,
            display_name=display_name,
            expires_in_s=expires_in_s,
            audience=self.settings.token_audience,
            issuer=self.settings.token_issuer,
        )

    @property
    def rooms(self) -> list[RoomInfo]:
        """Every room that somebody is in, or that is kept, by id."""
        return self.administration.rooms()

    async def create_room(self, room_id: str | None = None, **settings: Unpack[SettingsChanges]) -> RoomInfo:
        """Make a room that stays; see `videocall.signaling.administration.Administration.create_room`.

        Raises:
            videocall.protocol.ProtocolError: there is one of that id already, or a setting is wrong.
        """
        return await self.administration.create_room(room_id, **settings)

    @property
    def administration(self) -> Administration:
        """All that can be done to rooms and those in them."""
        return self._live().rooms

    async def drain(self) -> None:
        """Take nobody in any more, and tell and end every call, before the sockets are closed.

        To be awaited in the ``shutdown_trigger`` of Hypercorn: when the block ends it has cut the sockets already.
        """
        await self._live().hub.drain(DRAIN_S)

    @property
    def workers(self) -> int:
        """Number of media threads."""
        return self._live().workers

    def _live(self) -> Running:
        if self._running is None:
            raise NotRunningError("the server does not run: use it inside of `async with server:`")
        return self._running

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        if self._running is not None:  # its owner started it
            await send({"type": "lifespan.startup.complete"})
            await receive()
        else:
            try:
                await self.__aenter__()
            except START_FAILURES as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            async with AsyncExitStack() as stack:
                stack.push_async_exit(self)
                await send({"type": "lifespan.startup.complete"})
                await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _not_running() -> PlainTextResponse:
    return PlainTextResponse("The server does not run.\n", 503, {"cache-control": "no-store"})
