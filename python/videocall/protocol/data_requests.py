"""What a client asks about data channels: one class per method, named in ``METHODS``."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from videocall.ortc.types import SctpStreamParameters
from videocall.protocol.fields import AppData, Id

__all__ = ["ChannelName", "CloseDataConsumer", "CloseDataProducer", "ConsumeData", "ProduceData"]

ChannelName = Annotated[str, Meta(max_length=256)]
"""A data channel's label or subprotocol."""


@frozen
class ProduceData:
    """``produceData``: open a data channel to everyone who consumes it. Viewers may not.

    Whoever sends messages larger than the transport's ``maxSendMessageSize``, or floods it, loses the transport.
    """

    transportId: Id
    sctpStreamParameters: SctpStreamParameters
    label: ChannelName = ""
    protocol: ChannelName = ""
    appData: AppData | None = None


@frozen
class ConsumeData:
    """``consumeData``: receive the messages of a data producer."""

    transportId: Id
    dataProducerId: Id


@frozen
class CloseDataProducer:
    """``closeDataProducer``: end a channel of one's own."""

    dataProducerId: Id


@frozen
class CloseDataConsumer:
    """``closeDataConsumer``: receive a channel no more."""

    dataConsumerId: Id
