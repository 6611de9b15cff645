"""Log lines that carry fields, such as their room and participant."""

from typing import Final

__all__ = ["FIELDS", "fields"]

FIELDS: Final = "videocall_fields"
"""The attribute of a log record that holds its fields."""


def fields(**values: object) -> dict[str, dict[str, object]]:
    """What to pass as ``extra``; fields that are `None` are left out."""
    return {FIELDS: {name: value for name, value in values.items() if value is not None}}
