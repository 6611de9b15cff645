"""``web/src/protocol/generated.ts``: the messages as the page's types.

Made from the JSON Schema by a few lines of our own rather than by a package from npm, so that the types can be made and
checked where there is Python and no Node, and so that the RTP, ICE and DTLS parameters, which the page hands on to
mediasoup-client and never looks into, are mediasoup-client's own types.
"""

import json
import re
from typing import Final, cast

from protocol_docs.json_schema import components
from videocall.ortc import types as ortc_types
from videocall.protocol.errors import SENTENCES
from videocall.protocol.methods import METHODS, RESULTS
from videocall.protocol.notifications import NOTIFICATIONS
from videocall.protocol.schema import Schema
from videocall.protocol.version import VERSION

__all__ = ["render"]

_HEAD: Final = """\
// Generated from python/videocall/protocol by tools/generate_protocol.py. Edit that, not this.

"""
_REF: Final = "#/$defs/"
_WIDTH: Final = 100


def render() -> str:
    """The whole module."""
    schemas = components()
    ours = {name: schema for name, schema in schemas.items() if not hasattr(ortc_types, name)}
    interfaces = "".join(_interface(name, schema) for name, schema in ours.items())
    requests = [f"  {name}: {{ data: {cls.__name__}; result: {_result(name)} }};" for name, cls in METHODS.items()]
    notifications = [f"  {name}: {cls.__name__};" for name, cls in NOTIFICATIONS.items()]
    module = [
        f"/** What `joinRoom` tells the server that this page speaks. */\nexport const PROTOCOL_VERSION = {VERSION};\n",
        "/** Client to server: what each method takes and answers with. */",
        *_block("export interface Requests {", requests),
        "/** Server to client. */",
        *_block("export interface Notifications {", notifications),
        "/** The server's stable error codes, each with its sentence. */",
        *_block("export interface ErrorCodes {", [f"  /** {SENTENCES[c]} */\n  {c}: true;" for c in SENTENCES]),
        interfaces.rstrip("\n"),
    ]
    body = "\n".join(module)
    foreign = [name for name in schemas if name not in ours and re.search(rf"\b{name}\b", body)]
    return _HEAD + _import(sorted(foreign)) + body + "\n"


def _result(method: str) -> str:
    return " | ".join(cls.__name__ for cls in RESULTS.get(method, ())) or "Record<string, never>"


def _import(names: list[str]) -> str:
    lines = "".join(f"  {name},\n" for name in names)
    return f"import type {{\n{lines}}} from 'mediasoup-client/types';\n\n"


def _interface(name: str, schema: Schema) -> str:
    about = _comment(schema.get("description", ""), "")
    required = set(cast("list[str]", schema.get("required", [])))
    fields = [
        f"  {field}{'' if field in required else '?'}: {_type(each)};" for field, each in schema["properties"].items()
    ]
    if not fields:
        return f"{about}export type {name} = Record<string, never>;\n\n"
    return about + "\n".join(_block(f"export interface {name} {{", fields)) + "\n"


def _block(head: str, lines: list[str]) -> list[str]:
    return [head, *lines, "}\n"]


def _comment(text: str, indent: str) -> str:
    words = " ".join(text.split()).replace("``", "`")
    line = f"{indent}/** {words} */\n"
    if len(line) <= _WIDTH + 1 or not words:
        return line if words else ""
    lines: list[str] = []
    current = ""
    for word in words.split(" "):
        if current and len(f"{indent} * {current} {word}") > _WIDTH:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}".lstrip()
    return "".join([f"{indent}/**\n", *(f"{indent} * {each}\n" for each in [*lines, current]), f"{indent} */\n"])


def _type(schema: Schema) -> str:
    values: list[str]
    options: list[Schema]
    match schema:
        case {"$ref": str(reference)}:
            return reference.removeprefix(_REF)
        case {"enum": values}:
            return " | ".join(json.dumps(value).replace('"', "'") for value in values)
        case {"anyOf": options}:
            return " | ".join(dict.fromkeys(_type(option) for option in options))
        case {"type": "array"}:
            inner = _type(schema["items"]) if "items" in schema else "unknown"
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case {"type": "object"}:
            return "Record<string, unknown>"
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "string" | "boolean" | "null" as name}:
            return str(name)
        case _:
            return "unknown"
