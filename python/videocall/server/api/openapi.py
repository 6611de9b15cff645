"""The OpenAPI document, made of the table of operations and their types."""

import json
import re
from typing import Any, Final

import msgspec

from videocall.protocol import ErrorCode
from videocall.protocol.errors import SENTENCES
from videocall.protocol.schema import Schema, schemas
from videocall.server.api import types
from videocall.server.api.operations import OPERATIONS, PATH_PARAMETERS, STATUS, Operation

__all__ = ["PREFIX", "document", "render"]

PREFIX: Final = "/api/v1"

_REF: Final = "#/components/schemas/{name}"

_ALWAYS: Final = (ErrorCode.FORBIDDEN, ErrorCode.TOKEN_INVALID, ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL)
_WITH_BODY: Final = (ErrorCode.BAD_REQUEST, ErrorCode.DRAINING)
_TOO_LARGE: Final = 413

_ABOUT: Final = (
    "Rooms, participants and tokens of a videocall server. Errors carry a stable code; programs go by it and not by "
    "the HTTP status. Fields that this version does not know are ignored in requests, and may come in answers."
)


def document() -> Schema:
    """The document, as JSON values."""
    roots = [
        types.ErrorAnswer,
        *(each.gives for each in OPERATIONS),
        *(each.takes for each in OPERATIONS if each.takes),
    ]
    components = schemas(roots, _REF)
    components["ErrorBody"]["properties"]["code"] |= {"enum": [code.value for code in ErrorCode]}
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        described = _operation(operation)
        if operation.takes:
            fields_needed = components[operation.takes.__name__]["required"]
            described["requestBody"] = {"required": bool(fields_needed), "content": _json(operation.takes)}
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "videocall",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "description": "One of the server's API keys."}
            },
        },
    }


def render() -> str:
    """The document, as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(operation: Operation) -> Schema:
    described: Schema = {"operationId": operation.name, "summary": operation.about}
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    responses = {str(operation.status): {"description": "It was done.", "content": _json(operation.gives)}}
    described["responses"] = responses | _refusals(operation)
    return described


def _parameters(operation: Operation) -> list[Schema]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": _inline(PATH_PARAMETERS[name])}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    in_query = [
        {"name": each.name, "in": "query", "description": each.about, "schema": _inline(each.kind)}
        for each in operation.query
    ]
    return in_path + in_query


def _refusals(operation: Operation) -> Schema:
    codes = [*_ALWAYS, *operation.errors]
    codes += [ErrorCode.BAD_REQUEST] if operation.query else []
    codes += _WITH_BODY if operation.takes else [ErrorCode.DRAINING] if operation.method != "GET" else []
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(STATUS[code], []).append(f"`{code}`: {SENTENCES[code]}")
    if operation.takes:
        by_status[_TOO_LARGE] = ["`BAD_REQUEST`: The body has more than 64 KiB."]
    return {
        str(status): {"description": " ".join(why), "content": _json(types.ErrorAnswer)}
        for status, why in sorted(by_status.items())
    }


def _json(cls: type) -> Schema:
    return {"application/json": {"schema": {"$ref": _REF.format(name=cls.__name__)}}}


def _inline(kind: Any) -> Schema:  # noqa: ANN401 - an annotation
    return msgspec.json.schema(kind)
