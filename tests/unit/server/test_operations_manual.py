"""docs/operations.md leaves nothing out."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.server.conftest import client_of

from videocall.server import Server
from videocall.server.api.operations import OPERATIONS, Operation
from videocall.signaling.events import EVENT_NAMES

MANUAL = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EVENT_NAMES.values())
def test_every_event_is_in_it(name: str) -> None:
    assert f"`{name}`" in MANUAL


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_in_it(operation: Operation) -> None:
    row = rf"^\|[^|]*\b{operation.method}\b[^|]* {re.escape(operation.path)}[`?]"
    assert re.search(row, MANUAL, re.MULTILINE)


async def test_every_metric_is_in_it(server: Server) -> None:
    async with client_of(server.asgi) as client:
        families = list(text_string_to_metric_families((await client.get("/metrics")).text))
    named = set(re.findall(r"[a-z_]+", MANUAL))
    names = {family.name for family in families if not family.name.endswith("_created")}
    ours = {name.removeprefix("videocall_") for name in names if name.startswith("videocall_")}
    assert len(ours) > 40
    assert {name for name in ours if not {name, f"{name}_total"} & named} == set()
