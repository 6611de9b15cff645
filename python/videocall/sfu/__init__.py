"""A selective forwarding unit for Trio, in mediasoup's vocabulary.

`open_sfu` runs media workers. A `Worker` holds routers, a `Router` the transports of one group of clients; a
`WebRtcTransport` is the server's side of one peer connection. A client's media becomes a `Producer`, and a `Consumer`
for each client that receives it. Everything belongs to the Trio thread; the packets never come near Python.

Closing a parent closes what is inside it. Every object says once that it is closed, and why. A cancelled call leaves no
half-made object behind.
"""

from videocall.ortc import DEFAULT_CODECS

from ._consumer import Consumer
from ._data import DataConsumer, DataProducer, DataType
from ._data_transport import DataTransport
from ._direct import DirectTransport
from ._engine import Engine, ListenInfo, open_sfu
from ._errors import (
    AddressInUseError,
    ClosedError,
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    SfuError,
    UnsupportedError,
    WorkerDiedError,
)
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
from ._extension import local_addresses
from ._media_transport import MediaTransport
from ._observer import ActiveSpeakerObserver, AudioLevelObserver, RtpObserver
from ._producer import Producer, ProducerType
from ._router import Router
from ._transport import WebRtcTransport
from ._worker import Worker

__all__ = [
    "DEFAULT_CODECS",
    "ActiveSpeakerObserver",
    "AddressInUseError",
    "AudioLevelObserver",
    "BufferedAmountLow",
    "CloseReason",
    "Closed",
    "ClosedError",
    "ConflictError",
    "Consumer",
    "ConsumerScore",
    "DataConsumer",
    "DataProducer",
    "DataProducerPause",
    "DataProducerResume",
    "DataTransport",
    "DataType",
    "DirectTransport",
    "DominantSpeaker",
    "DtlsState",
    "DtlsStateChange",
    "Engine",
    "Event",
    "IceSelectedTupleChange",
    "IceState",
    "IceStateChange",
    "IceTuple",
    "InvalidArgumentError",
    "LayersChange",
    "LayersWanted",
    "ListenInfo",
    "MediaTransport",
    "Message",
    "NotFoundError",
    "Producer",
    "ProducerPause",
    "ProducerResume",
    "ProducerScore",
    "ProducerType",
    "Router",
    "RtpObserver",
    "SctpSendBufferFull",
    "SctpState",
    "SctpStateChange",
    "SfuError",
    "Silence",
    "StreamScore",
    "UnsupportedError",
    "Volume",
    "Volumes",
    "WantedLayer",
    "WebRtcTransport",
    "Worker",
    "WorkerDiedError",
    "local_addresses",
    "open_sfu",
]
