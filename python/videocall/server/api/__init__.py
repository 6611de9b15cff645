"""The REST API under ``/api/v1``: rooms, participants, tokens. Its OpenAPI document is made of the same types."""

from videocall.server.api.handlers import Backend
from videocall.server.api.routes import Api, routes

__all__ = ["Api", "Backend", "routes"]
