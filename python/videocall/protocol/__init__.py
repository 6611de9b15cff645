"""The signaling protocol: messages, their codec and the error codes.

One definition, used by the server and by the Python client. Pure: nothing here does I/O or knows of rooms or sockets.
"""

from videocall.protocol.errors import ErrorCode, ProtocolError
from videocall.protocol.limits import MAX_DEPTH, MAX_MESSAGE_BYTES

__all__ = ["MAX_DEPTH", "MAX_MESSAGE_BYTES", "ErrorCode", "ProtocolError"]
