"""The README's example does what it says, on a real worker."""

import pytest
from tests.examples.sfu_example import main


async def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    await main()
    assert capsys.readouterr().out.splitlines() == [
        "alice sends to 127.0.0.1",
        "bob gets audio/opus as mid 0",
        "bob's consumer is closed: producerClosed",
    ]
