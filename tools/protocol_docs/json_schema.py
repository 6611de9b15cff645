"""``docs/protocol.schema.json``: every frame of the protocol as JSON Schema, for validators and generators."""

import json
from collections.abc import Mapping
from typing import Any, Final

from videocall.protocol import results
from videocall.protocol.errors import ErrorCode
from videocall.protocol.methods import METHODS, RESULTS
from videocall.protocol.notifications import NOTIFICATIONS
from videocall.protocol.schema import Schema, schemas
from videocall.protocol.version import VERSION

__all__ = ["components", "render"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def components() -> dict[str, Schema]:
    """The schema of every message type and of all that they are made of, by class name."""
    roots = [*METHODS.values(), *(cls for answers in RESULTS.values() for cls in answers), results.ConsumeFailure]
    return schemas([*roots, *NOTIFICATIONS.values()])


def render() -> str:
    """The whole document. A frame is valid when it is one of the protocol's own, in either direction."""
    requests = {name: _request(name, cls.__name__) for name, cls in METHODS.items()}
    notifications = {name: _notification(name, cls.__name__) for name, cls in NOTIFICATIONS.items()}
    frames = {
        "requests": {"oneOf": list(requests.values())},
        "notifications": {"oneOf": list(notifications.values())},
        "answer": _answer(),
        "refusal": _refusal(),
    }
    document = {
        "$schema": _DIALECT,
        "title": f"Frames of the signaling protocol, version {VERSION}",
        "oneOf": [_ref(f"frames/{name}") for name in frames],
        "$defs": components()
        | {"frames": frames, "results": {name: _result(RESULTS.get(name, ())) for name in METHODS}},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _request(name: str, data: str) -> Schema:
    return _frame({"request": {"const": True}, "id": _ID, "method": {"const": name}, "data": _ref(data)})


def _notification(name: str, data: str) -> Schema:
    return _frame({"notification": {"const": True}, "method": {"const": name}, "data": _ref(data)})


def _answer() -> Schema:
    # Which result it is depends on the request with that id: `$defs/results` has them by method.
    return _frame({"response": {"const": True}, "id": _ID, "ok": {"const": True}, "data": {"type": "object"}})


def _refusal() -> Schema:
    code = {"enum": [str(code) for code in ErrorCode]}
    return _frame(
        {
            "response": {"const": True},
            "id": _ID,
            "ok": {"const": False},
            "errorCode": code,
            "errorReason": {"type": "string"},
        }
    )


def _result(answers: tuple[type[Any], ...]) -> Schema:
    if not answers:
        return {"type": "object", "maxProperties": 0}
    return _ref(answers[0].__name__) if len(answers) == 1 else {"oneOf": [_ref(cls.__name__) for cls in answers]}


def _frame(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_ID: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
