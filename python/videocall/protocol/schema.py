"""JSON Schema of the wire's types, as they are on the wire: an absent field is left out and never null."""

from collections.abc import Iterable
from typing import Any, Final, cast

import msgspec

__all__ = ["Schema", "schemas"]

Schema = dict[str, Any]


def schemas(types: Iterable[Any], ref_template: str = "#/$defs/{name}") -> dict[str, Schema]:
    """The schema of every type and of all that they are made of, by class name."""
    _, found = msgspec.json.schema_components(types, ref_template=ref_template)
    return cast("dict[str, Schema]", without_null(found))


def without_null(schema: object) -> object:
    """The schema without the nulls of fields whose default is null.

    What is null and nothing else goes altogether. A null that is no default means something, and stays.
    """
    if isinstance(schema, list):
        return [without_null(item) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    cleaned: Schema = {}
    for key, value in cast("Schema", schema).items():
        if key == "properties":
            cleaned[key] = {name: without_null(each) for name, each in value.items() if each.get("type") != "null"}
        elif key == "anyOf" and _NULL in value and "default" in schema:
            rest = [without_null(each) for each in value if each != _NULL]
            cleaned |= cast("Schema", rest[0]) if len(rest) == 1 else {"anyOf": rest}
        elif not (key == "default" and value is None):
            cleaned[key] = without_null(value)
    return cleaned


_NULL: Final = {"type": "null"}
