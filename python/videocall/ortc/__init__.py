"""Negotiation of RTP parameters, as pure functions.

Who wants to send and who wants to receive never talk to each other: each talks to a router. A router's capabilities
come from its codecs; a producer's parameters are mapped to the router's numbers and become *consumable*; a consumer's
parameters are cut out of these by what its endpoint can do. This package does no input or output and knows no event
loop.
"""

from . import codecs, h264, supported, types
from ._errors import InvalidParameterError, OrtcError, UnsupportedError
from ._wire import from_wire, to_wire
from .consumer import can_consume, get_consumer_rtp_parameters
from .producer import get_consumable_rtp_parameters, get_producer_rtp_mapping
from .router import PROBATOR_PAYLOAD_TYPE, generate_router_rtp_capabilities
from .ssrc import PROBATOR_SSRC, SsrcSequence
from .supported import DEFAULT_CODECS, SUPPORTED_CODECS, SUPPORTED_EXTENSIONS
from .validation import validate_rtp_capabilities, validate_rtp_parameters

__all__ = [
    "DEFAULT_CODECS",
    "PROBATOR_PAYLOAD_TYPE",
    "PROBATOR_SSRC",
    "SUPPORTED_CODECS",
    "SUPPORTED_EXTENSIONS",
    "InvalidParameterError",
    "OrtcError",
    "SsrcSequence",
    "UnsupportedError",
    "can_consume",
    "codecs",
    "from_wire",
    "generate_router_rtp_capabilities",
    "get_consumable_rtp_parameters",
    "get_consumer_rtp_parameters",
    "get_producer_rtp_mapping",
    "h264",
    "supported",
    "to_wire",
    "types",
    "validate_rtp_capabilities",
    "validate_rtp_parameters",
]
