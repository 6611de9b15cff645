"""Events as JSON, for those outside of this process."""

from typing import Any

from videocall.ortc import to_wire
from videocall.signaling.events import EVENT_NAMES, ServerEvent

__all__ = ["event_data"]


def event_data(event: ServerEvent) -> dict[str, Any]:
    """``event``, its name; ``at``, milliseconds since 1970; and ``data``, its other fields with names in camel case."""
    values = {_camel(name): value for name, value in to_wire(event).items()}
    return {"event": EVENT_NAMES[type(event)], "at": values.pop("at"), "data": values}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
