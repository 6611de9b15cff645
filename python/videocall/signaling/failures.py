"""What the layers below raise, as errors for a client. Nothing of a traceback crosses this line."""

from videocall import ortc, sfu
from videocall.protocol import ErrorCode, ProtocolError

__all__ = ["to_protocol_error"]


def to_protocol_error(error: Exception) -> ProtocolError | None:
    """The error to answer with, or `None` when it is a failure of ours, which belongs into the log."""
    match error:
        case ProtocolError():
            return error
        case sfu.NotFoundError() | sfu.ClosedError():
            return ProtocolError(ErrorCode.NOT_FOUND, "That object was closed.")
        case sfu.ConflictError():
            return ProtocolError(ErrorCode.CONFLICT, str(error))
        case sfu.UnsupportedError() | ortc.UnsupportedError():
            return ProtocolError(ErrorCode.UNSUPPORTED, str(error))
        case sfu.InvalidArgumentError() | ortc.InvalidParameterError():
            return ProtocolError(ErrorCode.BAD_REQUEST, str(error))
        case _:
            return None
