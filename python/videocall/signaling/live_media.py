"""A room's media objects, and what is done to them."""

import contextlib
import logging
import math
from collections.abc import Callable
from typing import Final, TypeVar, assert_never

import trio

from videocall import sfu
from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol import notifications as n
from videocall.protocol.fields import Reason, Source
from videocall.protocol.shapes import StreamScore, WantedLayer
from videocall.rooms import (
    CloseConsumer,
    CloseDataConsumer,
    CloseDataProducer,
    CloseProducer,
    CloseTransport,
    Effect,
    Notify,
    PauseProducer,
    ResumeProducer,
    Room,
)
from videocall.signaling import media
from videocall.signaling.log import fields, logger
from videocall.signaling.speakers import Speakers

__all__ = ["Command", "LiveMedia"]

T = TypeVar("T")

Command = (
    PauseProducer
    | ResumeProducer
    | CloseTransport
    | CloseProducer
    | CloseConsumer
    | CloseDataProducer
    | CloseDataConsumer
)


class LiveMedia:
    """Follows the objects that participants have in the media core, from their making to their end.

    Commands go into one queue, which `run` works off in order. What the core closes, or tells, by itself becomes
    effects of the room, which `execute` carries out.
    """

    def __init__(self, room: Room, router: media.Router, execute: Callable[[list[Effect]], None]) -> None:
        self.router: Final = router
        self._room = room
        self._execute = execute
        self._transports: dict[str, media.Transport] = {}
        self._producers: dict[str, media.Producer] = {}
        self._consumers: dict[str, media.Consumer] = {}
        self._data_producers: dict[str, media.DataProducer] = {}
        self._data_consumers: dict[str, media.DataConsumer] = {}
        self._speakers = Speakers(router, self._heard)
        self._commands, self._todo = trio.open_memory_channel[Command](math.inf)

    async def run(self) -> None:
        """Carry out commands until `close`, then close the router."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._speakers.run)
                async with self._todo:
                    async for command in self._todo:
                        await self._carry_out(command)
                nursery.cancel_scope.cancel()
        finally:
            await self.router.close()

    def command(self, command: Command) -> None:
        """Have something done; once `run` failed, which closes the router, there is nothing to do it to."""
        with contextlib.suppress(trio.BrokenResourceError):
            self._commands.send_nowait(command)

    def close(self) -> None:
        """End `run` when what is queued is done."""
        self._commands.close()

    def transport(self, transport_id: str) -> media.Transport:
        """A transport that the room knows; ``NOT_FOUND`` when the core closed it this moment."""
        return _present(self._transports.get(transport_id))

    def producer(self, producer_id: str) -> media.Producer:
        """Likewise for a producer."""
        return _present(self._producers.get(producer_id))

    def consumer(self, consumer_id: str) -> media.Consumer:
        """Likewise for a consumer."""
        return _present(self._consumers.get(consumer_id))

    def add_transport(self, owner: str, transport: media.Transport) -> None:
        """Follow a transport until it is closed."""
        self._transports[transport.id] = transport

        def closed() -> None:
            if self._transports.pop(transport.id, None):
                self._execute(self._room.transport_closed(owner, transport.id))

        _when_closed(transport, closed)
        self._log_states(owner, transport)

    def add_producer(self, owner: str, source: Source, producer: media.Producer) -> None:
        """Follow a producer until it is closed."""
        self._producers[producer.id] = producer

        def closed() -> None:
            if self._producers.pop(producer.id, None):
                self._execute(self._room.producer_closed(producer.id, _reason(producer)))

        producer.on(sfu.LayersWanted, lambda event: self._watched_otherwise(owner, producer.id, event))
        producer.on(sfu.ProducerScore, lambda event: self._score_changed(owner, producer.id, event))
        if source == "microphone":
            self._speakers.add(producer.id)
        _when_closed(producer, closed)

    def add_consumer(self, owner: str, consumer: media.Consumer) -> None:
        """Follow a consumer until it is closed."""
        self._consumers[consumer.id] = consumer

        def closed() -> None:
            if self._consumers.pop(consumer.id, None):
                self._execute(self._room.consumer_closed(owner, consumer.id, _reason(consumer)))

        def tell(notification: n.Notification) -> None:
            self._execute([Notify((owner,), notification)])

        consumer.on(
            sfu.LayersChange,
            lambda event: tell(n.ConsumerLayersChanged(consumer.id, event.spatial_layer, event.temporal_layer)),
        )
        consumer.on(
            sfu.ConsumerScore,
            lambda event: tell(
                n.ConsumerScore(consumer.id, event.score, event.producer_score, list(event.producer_scores))
            ),
        )
        _when_closed(consumer, closed)

    def add_data_producer(self, owner: str, producer: media.DataProducer) -> None:
        """Follow a data producer until it is closed."""
        self._data_producers[producer.id] = producer

        def closed() -> None:
            if self._data_producers.pop(producer.id, None):
                self._execute(self._room.data_producer_closed(owner, producer.id, _reason(producer)))

        _when_closed(producer, closed)

    def add_data_consumer(self, owner: str, consumer: media.DataConsumer) -> None:
        """Follow a data consumer until it is closed."""
        self._data_consumers[consumer.id] = consumer

        def closed() -> None:
            if self._data_consumers.pop(consumer.id, None):
                self._execute(self._room.data_consumer_closed(owner, consumer.id, _reason(consumer)))

        _when_closed(consumer, closed)

    # Helpers

    def _score_changed(self, owner: str, producer_id: str, event: sfu.ProducerScore) -> None:
        scores = [StreamScore(each.encoding_index, each.score, each.ssrc, each.rid) for each in event.scores]
        self._execute([Notify((owner,), n.ProducerScore(producer_id, scores))])

    def _watched_otherwise(self, owner: str, producer_id: str, event: sfu.LayersWanted) -> None:
        layers = [WantedLayer(each.spatial_layer, each.wanted, each.rid) for each in event.layers]
        self._execute([Notify((owner,), n.LayersWanted(producer_id, layers))])

    def _heard(self, volumes: dict[str, int]) -> None:
        self._execute(self._room.heard(volumes))

    async def _carry_out(self, command: Command) -> None:
        try:
            match command:
                case CloseTransport(transport_id):
                    await _close(self._transports.get(transport_id))
                case CloseProducer(producer_id):
                    await _close(self._producers.get(producer_id))
                case CloseConsumer(consumer_id):
                    await _close(self._consumers.get(consumer_id))
                case CloseDataProducer(data_producer_id):
                    await _close(self._data_producers.get(data_producer_id))
                case CloseDataConsumer(data_consumer_id):
                    await _close(self._data_consumers.get(data_consumer_id))
                case PauseProducer(producer_id):
                    if producer := self._producers.get(producer_id):
                        await producer.pause()
                case ResumeProducer(producer_id):
                    if producer := self._producers.get(producer_id):
                        await producer.resume()
                case _:
                    assert_never(command)
        except (sfu.NotFoundError, sfu.ClosedError):
            pass  # closed in the meantime: what the command wanted has no object any more
        except sfu.SfuError as error:
            logger.error(
                "media command failed", extra=fields(room=self._room.id, command=str(command), error=str(error))
            )

    def _log_states(self, owner: str, transport: media.Transport) -> None:
        def log(what: str, state: str) -> None:
            level = logging.WARNING if state == "failed" else logging.INFO
            extra = fields(room=self._room.id, participant=owner, transport=transport.id, state=state)
            logger.log(level, what, extra=extra)

        transport.on(sfu.IceStateChange, lambda event: log("ice", event.ice_state))
        transport.on(sfu.DtlsStateChange, lambda event: log("dtls", event.dtls_state))

        def closed(event: sfu.Closed) -> None:
            if event.detail is not None:
                log(f"closed: {event.detail}", "failed")

        transport.on(sfu.Closed, closed)


def _present(item: T | None) -> T:
    if item is None:
        raise ProtocolError(ErrorCode.NOT_FOUND)
    return item


async def _close(item: media.Closable | None) -> None:
    if item is not None:
        await item.close()


def _when_closed(item: media.Closable, callback: Callable[[], None]) -> None:
    item.on(sfu.Closed, lambda _: callback())
    if item.closed:
        callback()


def _reason(item: media.Closable) -> Reason:
    match item.close_reason:
        case "transportClosed":
            return "transportClosed"
        case "error" | "routerClosed":
            return "error"
        case _:
            return "closed"
