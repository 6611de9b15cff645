"""What a media worker logs is logged here."""

import logging

import pytest
from tests.unit.sfu.calls import Call


async def test_a_workers_records_keep_their_level(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "videocall.sfu"):
        for level, message in ((40, "it panicked"), (20, "it goes on")):
            call.fake.emit("log", "0", {"level": level, "logger": "videocall_io::guard", "message": message})
        await call.send.get_stats()
    records = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert records == [(logging.ERROR, "worker 0: it panicked"), (logging.INFO, "worker 0: it goes on")]
    assert not call.worker.closed
