"""Between wire types and plain JSON values."""

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
    # `to_builtins` makes dicts, lists and tuples and nothing derived from them; most values are leaves.
    if type(value) is dict:
        items = cast("dict[str, object]", value).items()
        return {k: _without_none(v) if type(v) in _CONTAINERS else v for k, v in items if v is not None}
    if type(value) in _CONTAINERS:
        elements = cast("list[object]", value)
        return [_without_none(item) if type(item) in _CONTAINERS else item for item in elements]
    return value


_CONTAINERS = frozenset((dict, list, tuple))
