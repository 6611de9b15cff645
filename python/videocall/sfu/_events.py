"""Events of transports, producers and consumers."""

import logging
from typing import Annotated, Literal, TypeAlias

import attrs
from msgspec import Meta

IceState: TypeAlias = Literal["new", "connected", "completed", "disconnected", "closed"]
DtlsState: TypeAlias = Literal["new", "connecting", "connected", "failed", "closed"]
CloseReason: TypeAlias = Literal["closed", "routerClosed", "transportClosed", "producerClosed", "error"]


class Event:
    """Base of all events."""

    __slots__ = ()


@attrs.frozen
class IceTuple:
    """The pair of addresses that a transport uses."""

    local_address: str
    local_port: int
    remote_ip: str
    remote_port: int
    protocol: Literal["udp", "tcp"]


@attrs.frozen
class IceStateChange(Event):
    """A transport's ICE state; ``disconnected`` may still come back, or be restarted."""

    ice_state: IceState


@attrs.frozen
class IceSelectedTupleChange(Event):
    """A transport's client now sends from, or to, another address."""

    tuple: IceTuple


@attrs.frozen
class DtlsStateChange(Event):
    """A transport's DTLS state; media flows once it is ``connected``."""

    dtls_state: DtlsState


@attrs.frozen
class ProducerPause(Event):
    """A consumer's producer was paused."""


@attrs.frozen
class ProducerResume(Event):
    """A consumer's producer was resumed."""


@attrs.frozen
class LayersChange(Event):
    """A consumer is now given another of its producer's streams; 0 is the smallest."""

    spatial_layer: int


@attrs.frozen
class Closed(Event):
    """The object is closed. Comes once, as its last event, after the same event of everything inside it."""

    reason: CloseReason


@attrs.frozen
class WireTuple:
    """An `IceTuple` as the worker writes it."""

    localAddress: str
    localPort: Annotated[int, Meta(ge=0, le=65535)]
    remoteIp: str
    remotePort: Annotated[int, Meta(ge=0, le=65535)]
    protocol: Literal["udp", "tcp"]


@attrs.frozen
class EventData:
    """The data of any event of the worker; each kind fills its own field."""

    iceState: IceState | None = None
    dtlsState: DtlsState | None = None
    tuple: WireTuple | None = None
    spatialLayer: int | None = None
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
        case "layersChange" if data.spatialLayer is not None:
            return LayersChange(data.spatialLayer)
        case "closed":
            return Closed(data.reason)
        case _:
            return None
