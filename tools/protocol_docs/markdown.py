"""``docs/protocol.md``: the protocol for people who write a client."""

import inspect
import types
import typing
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import attrs
import msgspec

from videocall.protocol import results, shapes
from videocall.protocol.errors import SENTENCES
from videocall.protocol.fields import Reason
from videocall.protocol.limits import MAX_DEPTH, MAX_MESSAGE_BYTES
from videocall.protocol.methods import METHODS, RESULTS
from videocall.protocol.notifications import NOTIFICATIONS
from videocall.protocol.version import OLDEST_VERSION, VERSION

__all__ = ["render"]

_INTRO: Final = f"""\
# The signaling protocol

This file is generated from `python/videocall/protocol/` by `tools/generate_protocol.py`, as are
[`protocol.schema.json`](protocol.schema.json), every message as JSON Schema, and the page's TypeScript types; a test
fails when one of them is not up to date.

A client opens a WebSocket to `/ws?roomId=ROOM&peerId=LABEL`, subprotocol `protoo`. Both parameters may be left out: the
room can also be named by `joinRoom`, and the label only goes into the server's log. Messages are JSON text frames:

```
{{"request": true, "id": 7, "method": "joinRoom", "data": {{...}}}}
{{"response": true, "id": 7, "ok": true, "data": {{...}}}}
{{"response": true, "id": 7, "ok": false, "errorCode": "NOT_FOUND", "errorReason": "..."}}
{{"notification": true, "method": "newProducer", "data": {{...}}}}
```

- Requests come from the client and are answered in order. The answer to a request comes before every notification of
  what follows from it.
- A message has at most {MAX_MESSAGE_BYTES} bytes, or the socket closes with 1009, and nests {MAX_DEPTH} levels at most.
- This is version {VERSION}. A client that sends `protocolVersion` with `joinRoom` is refused below {OLDEST_VERSION}
  with `CLIENT_TOO_OLD`, above {VERSION} with `CLIENT_TOO_NEW`; one that sends none is taken as it is. Methods, fields,
  notifications and codes that are added raise no version: clients ignore what they do not know.
- Fields that are unknown are ignored; fields without a value are left out. Optional fields are marked with `?`.
- A client has to answer WebSocket pings, as every browser does by itself.
- The socket closes with 1001 after `serverDraining`, with 1008 after many malformed messages, with 1011 when the room's
  media worker failed, and with 1013 when the client reads too slowly. In each case the participant has left its room.
  When a socket breaks, the participant stays for a while: see `resumeSession`.
- Consumers begin paused: resume them when the receiving side is ready, or the first key frame is lost.
- While a participant shares a screen the server pauses their camera for the others, unless the screen's `appData` has
  `"keepCamera": true`.
- The socket closes with 4000 after `removed` and `roomEnded`, and when the same person joins anew: do not come back by
  yourself then.

## Rooms

A room is made by its first visitor, who is its host unless a token says otherwise, and ends with its last; or it is
made by the REST API and stays until it is deleted. Its settings are in `RoomState`.

- **Who gets in.** A room that is over its time, locked or full takes in nobody new (`ROOM_EXPIRED`, `ROOM_LOCKED`,
  `ROOM_FULL`), one with a password only who knows it, and one with a lobby only whom a host admits. A host by token
  needs no password and no admission, and comes in even when it is locked. Whoever is in the room already, by resume
  token or by the identity of their token, takes their own place again, with their role and permissions, whatever the
  settings.
- **Roles.** Hosts may do everything. Participants may do what the room's `permissions` say, unless a host gave or
  took permissions of their own. Viewers receive; they publish nothing, and write only if a host lets them.
- **The next host.** When the last host leaves, whoever is there longest and is no viewer becomes host. When there are
  viewers alone, the next who joins and is none does.
- **Rights are the server's.** What somebody publishes without permission any more is closed with reason `removed`, at
  the media core too, and so for muting: a muted producer is paused there until its owner resumes it.
- **Removed** participants cannot resume. With the identity of a token they have to knock from then on, until a host
  admits them or the call ends; without one only a lobby, a lock or a password keeps them out.
- **Chat.** A room remembers its newest messages, as long as there is somebody in it or it is kept; `joinRoom` answers
  with them. Ids sort by time.

## Socket.IO

The same methods, notifications and codes are at `/socket.io/` for clients of Socket.IO (protocol 5 over Engine.IO 4,
which is `socket.io-client` 3 and newer), by long polling, WebSocket, or the one and then the other:

```js
const socket = io("https://meet.example.org", {{ query: {{ roomId: "daily" }} }});
socket.on("newProducer", ({{ producerId }}) => ...);
const joined = await socket.emitWithAck("joinRoom", {{ displayName: "Ada" }});
if (joined.error) console.log(joined.error.code, joined.error.message);
```

- A request is an event of the method's name with the data as its one argument. The acknowledgement gets the result, or
  `{{error: {{code, message}}}}`. Without one the result is dropped, and an error comes as `messageRefused`.
- Notifications are events. `roomJoined` is emitted after the acknowledgement of a `joinRoom` that let the client in,
  with its result.
- There is the default namespace only; others are refused with `CONNECT_ERROR`. Binary events are refused.
- Whoever answers no ping is found after 13 s. A socket that breaks keeps its participant's place as any other does: the
  client connects again by itself, and `resumeSession` takes the place up.
- Where others see a close code the transport closes, and the client comes back by itself; instead of 4000 the namespace
  is closed first ("io server disconnect"), and it stays away.
- Pages of origins that the server allows get the CORS headers that long polling needs.
"""

_SHARED: Final = (
    results.Participant,
    results.Producer,
    shapes.Permissions,
    shapes.PermissionChanges,
    shapes.RoomState,
    shapes.Knock,
    shapes.ChatMessage,
    shapes.Speaker,
    shapes.StreamScore,
    results.OwnConsumer,
    results.IceServer,
    results.ConsumeFailure,
    results.ErrorBody,
)


def render() -> str:
    """The whole document."""
    parts = [_INTRO, "## Requests\n"]
    for name, cls in METHODS.items():
        parts.append(f"### {name}\n\n{_text(cls)}\n\n{_fields(cls)}{_answer(RESULTS.get(name, ()))}")
    parts.append("## Notifications\n")
    parts += [f"### {name}\n\n{_text(cls)}\n\n{_fields(cls)}" for name, cls in NOTIFICATIONS.items()]
    parts.append("## Shared shapes\n")
    parts += [f"### {cls.__name__}\n\n{_text(cls)}\n\n{_fields(cls)}" for cls in _SHARED]
    reasons = ", ".join(f"`{reason}`" for reason in get_args(Reason))
    parts.append(f"A `reason` is one of {reasons}.\n\nRTP, ICE and DTLS parameters have mediasoup's shapes.\n")
    parts.append("## Error codes\n\nCodes are added when they are needed; none is ever changed.\n")
    parts.append("| code | meaning |\n|---|---|\n" + "".join(f"| `{c}` | {text} |\n" for c, text in SENTENCES.items()))
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _text(cls: type[Any]) -> str:
    text = " ".join(inspect.cleandoc(cls.__doc__ or "").split()).replace("``", "`")
    name, colon, rest = text.partition(": ")
    text = rest if colon and name.startswith("`") and " " not in name else text
    return text[:1].upper() + text[1:] if not text.startswith("`") else text


def _answer(answers: tuple[type[Any], ...]) -> str:
    if not answers:
        return "Answer: `{}`\n"
    shapes = [f"`{cls.__name__}`. {_text(cls)}\n\n{_fields(cls)}" for cls in answers if _is_ours(cls)]
    return "Answer: " + "or ".join(shapes) if shapes else f"Answer: `{answers[0].__name__}`\n"


def _is_ours(cls: type[Any]) -> bool:
    return cls.__module__ == results.__name__


def _fields(cls: type[Any]) -> str:
    hints = typing.get_type_hints(cls, include_extras=True)
    rows = [
        f"| `{field.name}{'' if field.default is attrs.NOTHING else '?'}` | {_type(hints[field.name])} |"
        for field in attrs.fields(cls)
        if hints[field.name] is not types.NoneType
    ]
    return "\n".join(["| field | type |", "|---|---|", *rows, "", ""]) if rows else ""


def _type(hint: Any) -> str:  # noqa: ANN401 - annotations are of any kind
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated and (given := arguments[1].extra_json_schema):
        shapes = [f"`{each['$ref'].rpartition('/')[2]}`" for each in given["items"]["anyOf"]]
        return f"list of {' or '.join(shapes)}"
    if origin is Annotated:
        return _type(arguments[0]) + _limits(arguments[1])
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(_type(each) for each in arguments if each is not types.NoneType)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in {list, tuple}:
        return "anything, listed" if arguments[0] is Any else f"list of {_type(arguments[0])}"
    if origin is dict:
        return "object"
    names = {str: "string", int: "integer", bool: "boolean"}
    return names.get(hint) or f"`{hint.__name__}`"


def _limits(meta: msgspec.Meta) -> str:
    if meta.pattern is not None:
        readable = meta.pattern.replace("(?!\\n)", "").replace("|", "\\|")
        return f", `{readable}`" + (f", at most {meta.max_length}" if meta.max_length else "")
    if meta.max_length is not None:
        return f", {meta.min_length or 0} to {meta.max_length}"
    return ""
