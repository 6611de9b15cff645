"""JSON answers, made from attrs objects; `None` is left out."""

import msgspec
from starlette.responses import Response

from videocall.ortc import to_wire

__all__ = ["json_response"]


def json_response(body: object, status: int = 200) -> Response:
    """Answer with `body`. Nobody may keep it: it is about this moment."""
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(to_wire(body)), status, headers, media_type="application/json")
