"""Who can be heard in a room."""

import math
from collections.abc import Callable
from typing import Final

import trio

from videocall import sfu
from videocall.signaling import media
from videocall.signaling.log import fields, logger

__all__ = ["INTERVAL_S", "Speakers"]

INTERVAL_S: Final = 1.0
"""Between two looks at the volumes. Who takes the floor is told in between."""

_MAX_SPEAKERS: Final = 5
_THRESHOLD_DBOV: Final = -60


class Speakers:
    """Has the core listen to microphones, and calls `on_change` with the volume of each that can be heard.

    The volumes are in dBov, by producer id. First is who has the floor, then the others, loudest first.
    """

    def __init__(self, router: media.Router, on_change: Callable[[dict[str, int]], None]) -> None:
        self._router = router
        self._on_change = on_change
        self._new, self._todo = trio.open_memory_channel[str](math.inf)
        self._volumes: dict[str, int] = {}
        self._floor: str | None = None
        self._told: dict[str, int] = {}

    def add(self, producer_id: str) -> None:
        """Listen to one more, until it is closed."""
        self._new.send_nowait(producer_id)

    async def run(self) -> None:
        """Do it until cancelled, or until the router is closed. A room without a microphone costs nothing."""
        try:
            first = await self._todo.receive()
            levels, floor = await self._begin()
            await _observe(first, levels, floor)
            async for producer_id in self._todo:
                await _observe(producer_id, levels, floor)
        except sfu.ClosedError:
            pass  # with the router
        except sfu.SfuError as error:
            # A call without speakers is still a call; one whose worker died ends by itself.
            logger.error("cannot listen to who speaks", extra=fields(router=self._router.id, error=str(error)))

    async def _begin(self) -> tuple[media.Observer, media.Observer]:
        levels = await self._router.create_audio_level_observer(
            max_entries=_MAX_SPEAKERS, threshold=_THRESHOLD_DBOV, interval=INTERVAL_S
        )
        levels.on(sfu.Volumes, lambda event: self._heard({each.producer_id: each.volume for each in event.volumes}))
        levels.on(sfu.Silence, lambda _: self._heard({}))
        floor = await self._router.create_active_speaker_observer()
        floor.on(sfu.DominantSpeaker, self._floor_taken)
        return levels, floor

    def _heard(self, volumes: dict[str, int]) -> None:
        self._volumes = volumes
        self._tell()

    def _floor_taken(self, event: sfu.DominantSpeaker) -> None:
        self._floor = event.producer_id
        self._tell()

    def _tell(self) -> None:
        # Sorting is stable: behind the one with the floor they stay loudest first, as the core told them.
        ordered = dict(sorted(self._volumes.items(), key=lambda each: each[0] != self._floor))
        if list(ordered.items()) != list(self._told.items()):
            self._told = ordered
            self._on_change(ordered)


async def _observe(producer_id: str, *observers: media.Observer) -> None:
    try:
        for observer in observers:
            await observer.add_producer(producer_id)
    except sfu.NotFoundError:
        pass  # closed in the meantime
