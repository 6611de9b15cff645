"""Between wire types and plain JSON values."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from ._errors import InvalidParameterError

T = TypeVar("T")


def from_wire(cls: type[T], value: object, *, name: str) -> T:
    """Make a wire type from plain JSON values, checking types and ranges.

    Args:
        cls: one of the classes of `videocall.ortc.types`.
        value: dicts, lists, strings, numbers; or an instance of `cls`, which is checked again.
        name: what to call the value in an error.

    Raises:
        InvalidParameterError: a field is missing, of a wrong type or out of range; the path names it.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(value), cls)
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        problem, _, path = str(error).partition(" - at `$")
        raise InvalidParameterError(name + path.rstrip("`"), problem) from None


def to_wire(value: object) -> Any:  # noqa: ANN401 - JSON has no better static type
    """Turn wire types into plain dicts and lists without their absent (`None`) fields.

    Clients written in C++ take a ``null`` for a value of a wrong type where an absent field is welcome.
    """
    return _without_none(msgspec.to_builtins(value))


def _without_none(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _without_none(v) for k, v in cast("Mapping[str, object]", value).items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in cast("list[object]", value)]
    return value
