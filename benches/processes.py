"""The processes of a benchmark: the server to be measured, the load, and the limit program."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PATIENCE_S = 30.0
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER_PROCESSOR, LOAD_PROCESSOR = PROCESSORS[0], PROCESSORS[-1]


@cache
def binary(name: str) -> Path:
    """Build and find one of the client's programs."""
    command = ["cargo", "build", "--release", "--package", "videocall-client", "--bin", name]
    messages = subprocess.run(
        [*command, "--message-format", "json-render-diagnostics"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    lines = (json.loads(line) for line in messages.stdout.splitlines())
    return next(Path(line["executable"]) for line in lines if line.get("executable"))


def on_processor(processor: int, command: Sequence[str | Path]) -> list[str | Path]:
    """The command that runs another one on one processor."""
    return ["taskset", "--cpu-list", str(processor), *command]


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process, all its threads, to the nanosecond: clock_getcpuclockid(3)."""
    return time.clock_gettime(~process.pid << 3 | 2)


class JsonLines:
    """A process that is spoken to in lines of JSON, on one processor."""

    def __init__(self, command: Sequence[str | Path], processor: int) -> None:
        self.process = subprocess.Popen(on_processor(processor, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, **command: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.process.args!r} ended"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def ask(self, **command: object) -> dict[str, Any]:
        self.tell(**command)
        return self.hear()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()


@contextmanager
def media_server() -> Iterator[JsonLines]:
    """`sfu_server.py` on the first processor."""
    server = JsonLines([sys.executable, ROOT / "benches" / "sfu_server.py"], SERVER_PROCESSOR)
    try:
        yield server
    finally:
        server.close()


class Load(JsonLines):
    """``videocall-load`` on the last processor."""

    def __init__(self, *, gro: bool) -> None:
        super().__init__([binary("videocall-load"), *([] if gro else ["--no-gro"])], LOAD_PROCESSOR)
        self.fingerprints = self.hear()["fingerprints"]
        self._clients = 0

    def add(self, plan: dict[str, Any]) -> None:
        """Add a client; it connects at once."""
        self.tell(cmd="add", client=plan)
        self._clients += 1

    def wait_connected(self) -> None:
        """Until every client is."""
        connected = 0
        while connected < self._clients:
            event = self.hear()
            assert event["event"] in {"added", "connected", "firstMedia"}, event
            connected += event["event"] == "connected"

    def report(self) -> dict[str, Any]:
        """What was measured since ``begin``."""
        self.tell(cmd="report")
        while True:
            event = self.hear()
            assert event["event"] in {"firstMedia", "report"}, event
            if event["event"] == "report":
                return event


@contextmanager
def meeting_server(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """``videocall serve`` on the first processor: the process and its URL."""
    ports = ["--port", "0", "--rtc-port", "21000", "--rtc-address", "127.0.0.1", "--workers", "1"]
    files = [
        "--log-file",
        str(directory / "videocall.log"),
        "--database-url",
        f"sqlite:///{directory / 'videocall.db'}",
    ]
    command = [sys.executable, "-m", "videocall", "serve", *ports, *files, "--request-rate", "0"]
    with subprocess.Popen(on_processor(SERVER_PROCESSOR, command), stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            assert line.startswith("videocall is at "), line
            yield process, line.split()[-1]
        finally:
            process.terminate()


def limit(subscribers: int, seconds: float, *, gro: bool) -> dict[str, Any]:
    """Run the limit program: the same packets, crypto and sends, and no SFU."""
    flags = ["--subscribers", str(subscribers), "--seconds", str(seconds), "--gro", "on" if gro else "off"]
    processors = f"{SERVER_PROCESSOR},{LOAD_PROCESSOR}"
    command = [str(binary("videocall-limit")), *flags, "--cpus", processors]
    report: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return report
