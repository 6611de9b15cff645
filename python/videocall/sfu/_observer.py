"""Observers of a router's audio: who is loud, and who has the floor."""

from collections.abc import Callable, Mapping
from typing import Any

from ._channel import Connection
from ._errors import NotFoundError
from ._object import SfuObject, ignore


class RtpObserver(SfuObject):
    """Base of the observers. They listen to the audio level that clients put into every packet (RFC 6464)."""

    def __init__(
        self,
        observer_id: str,
        connection: Connection,
        app_data: Mapping[str, Any],
        knows: Callable[[str], bool],
        forget: Callable[[str], None],
    ) -> None:
        super().__init__(observer_id, connection)
        self._app_data = app_data
        self._knows = knows
        self._forget_me = forget
        self._paused = False

    @property
    def app_data(self) -> Mapping[str, Any]:
        """The caller's own data, as given."""
        return self._app_data

    @property
    def paused(self) -> bool:
        """Whether it says nothing for now."""
        return self._paused

    async def add_producer(self, producer_id: str) -> None:
        """Observe an audio producer of the router until it is closed or removed. Idempotent.

        Raises:
            NotFoundError: the router has no such producer.
            InvalidArgumentError: it is not audio.
            ClosedError: the observer is closed.
            trio.Cancelled: the producer may be observed all the same.
        """
        if not self._knows(producer_id):
            raise NotFoundError(f"no producer {producer_id} in this router")
        await self._call("observe", {"observerId": self.id, "producerId": producer_id}, ignore)

    async def remove_producer(self, producer_id: str) -> None:
        """Observe a producer no more. Idempotent.

        Raises:
            NotFoundError: the router has no such producer.
            ClosedError: the observer is closed.
            trio.Cancelled: the producer may be left out all the same.
        """
        if not self._knows(producer_id):
            raise NotFoundError(f"no producer {producer_id} in this router")
        await self._call("unobserve", {"observerId": self.id, "producerId": producer_id}, ignore)

    async def pause(self) -> None:
        """Say nothing until `resume`. Idempotent.

        Raises:
            ClosedError: the observer is closed.
        """
        await self._set_paused("pauseObserver", paused=True)

    async def resume(self) -> None:
        """Speak again. Idempotent.

        Raises:
            ClosedError: the observer is closed.
        """
        await self._set_paused("resumeObserver", paused=False)

    async def close(self) -> None:
        """Close the observer; the producers go on. Idempotent, and completes even when cancelled."""
        await self._close("closeObserver", {"observerId": self.id})

    async def _set_paused(self, method: str, *, paused: bool) -> None:
        def done(_: bytes) -> None:
            self._paused = paused

        await self._call(method, {"observerId": self.id}, done)

    def _forget(self) -> None:
        self._forget_me(self.id)


class AudioLevelObserver(RtpObserver):
    """Tells the loudest producers at an interval. Made by `Router.create_audio_level_observer`.

    Emits `Volumes` while somebody is loud enough, `Silence` once when nobody is any more, and `Closed`.
    """


class ActiveSpeakerObserver(RtpObserver):
    """Tells who has the floor, when that changes. Made by `Router.create_active_speaker_observer`.

    Emits `DominantSpeaker` and `Closed`. It is steady where volumes are not: a cough does not take the floor, and a
    pause does not lose it.
    """
