"""Events as the workers write them."""

import base64
import logging
from collections.abc import Sequence
from typing import Annotated, Literal

import attrs
from msgspec import Meta

from ._events import (
    BufferedAmountLow,
    Closed,
    CloseReason,
    ConsumerScore,
    DataProducerPause,
    DataProducerResume,
    DominantSpeaker,
    DtlsState,
    DtlsStateChange,
    Event,
    IceSelectedTupleChange,
    IceState,
    IceStateChange,
    IceTuple,
    LayersChange,
    LayersWanted,
    Message,
    ProducerPause,
    ProducerResume,
    ProducerScore,
    SctpSendBufferFull,
    SctpState,
    SctpStateChange,
    Silence,
    StreamScore,
    Volume,
    Volumes,
    WantedLayer,
)


@attrs.frozen
class WireTuple:
    """An `IceTuple` as the worker writes it."""

    localAddress: str
    localPort: Annotated[int, Meta(ge=0, le=65535)]
    remoteIp: str
    remotePort: Annotated[int, Meta(ge=0, le=65535)]
    protocol: Literal["udp", "tcp"]


@attrs.frozen
class WireStreamScore:
    """A `StreamScore` as the worker writes it."""

    encodingIdx: int
    score: int
    ssrc: int | None = None
    rid: str | None = None


@attrs.frozen
class WireWantedLayer:
    """A `WantedLayer` as the worker writes it."""

    spatialLayer: int
    wanted: bool
    rid: str | None = None


@attrs.frozen
class WireConsumerScore:
    """A `ConsumerScore` as the worker writes it."""

    score: int
    producerScore: int
    producerScores: tuple[int, ...]


@attrs.frozen
class WireVolume:
    """A `Volume` as the worker writes it."""

    producerId: str
    volume: int


@attrs.frozen
class WireMessage:
    """A message of a direct transport as the worker writes it: one of text and base64."""

    text: str | None = None
    binary: str | None = None

    def content(self) -> str | bytes:
        """The message itself."""
        return base64.b64decode(self.binary or "") if self.text is None else self.text


@attrs.frozen
class EventData:
    """The data of any event of the worker; each kind fills its own field."""

    iceState: IceState | None = None
    dtlsState: DtlsState | None = None
    tuple: WireTuple | None = None
    spatialLayer: int | None = None
    temporalLayer: int | None = None
    layers: Sequence[WireWantedLayer] | None = None
    scores: Sequence[WireStreamScore] | None = None
    consumerScore: WireConsumerScore | None = None
    volumes: Sequence[WireVolume] | None = None
    producerId: str | None = None
    sctpState: SctpState | None = None
    bufferedAmount: int | None = None
    data: WireMessage | None = None
    detail: str | None = None
    reason: CloseReason = "error"
    kind: str | None = None
    level: int = logging.INFO
    message: str = ""


def event_from_wire(name: str, data: EventData) -> Event | None:
    """Make the event that the worker calls `name`; `None` for one that this version does not know."""
    match name:
        case "iceStateChange" if data.iceState is not None:
            return IceStateChange(data.iceState)
        case "dtlsStateChange" if data.dtlsState is not None:
            return DtlsStateChange(data.dtlsState)
        case "iceSelectedTupleChange" if data.tuple is not None:
            wire = data.tuple
            return IceSelectedTupleChange(
                IceTuple(wire.localAddress, wire.localPort, wire.remoteIp, wire.remotePort, wire.protocol)
            )
        case "producerPause":
            return ProducerPause()
        case "producerResume":
            return ProducerResume()
        case "layersChange":
            return LayersChange(data.spatialLayer, data.temporalLayer)
        case "layersWanted" if data.layers is not None:
            return LayersWanted(tuple(WantedLayer(it.spatialLayer, it.wanted, it.rid) for it in data.layers))
        case "score" if data.scores is not None:
            scores = (StreamScore(it.encodingIdx, it.score, it.ssrc, it.rid) for it in data.scores)
            return ProducerScore(tuple(scores))
        case "score" if data.consumerScore is not None:
            return consumer_score_from_wire(data.consumerScore)
        case "volumes" if data.volumes is not None:
            return Volumes(tuple(Volume(it.producerId, it.volume) for it in data.volumes))
        case "silence":
            return Silence()
        case "dominantSpeaker" if data.producerId is not None:
            return DominantSpeaker(data.producerId)
        case "closed":
            return Closed(data.reason, data.detail)
        case "sctpStateChange" if data.sctpState is not None:
            return SctpStateChange(data.sctpState)
        case "dataProducerPause":
            return DataProducerPause()
        case "dataProducerResume":
            return DataProducerResume()
        case "bufferedAmountLow" if data.bufferedAmount is not None:
            return BufferedAmountLow(data.bufferedAmount)
        case "sctpSendBufferFull":
            return SctpSendBufferFull()
        case "message" if data.data is not None:
            return Message(data.data.content())
        case _:
            return None


def consumer_score_from_wire(wire: WireConsumerScore) -> ConsumerScore:
    """Make the event of a consumer's score."""
    return ConsumerScore(wire.score, wire.producerScore, wire.producerScores)
