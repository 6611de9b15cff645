"""What is said to TURN servers (RFC 8656): their URLs, accounts on them, and a client that shows whether one works.

The client is our own and small: the one of aioice runs on asyncio only and cannot be taken apart.
"""

from videocall.turn.allocation import Allocation, TurnError
from videocall.turn.credentials import Credentials, ephemeral
from videocall.turn.url import TurnUrl

__all__ = ["Allocation", "Credentials", "TurnError", "TurnUrl", "ephemeral"]
