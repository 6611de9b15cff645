"""A PostgreSQL and a Redis of the tests' own, which can be killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

STARTS_WITHIN_S = 30


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Service:
    """A program that listens on a port of 127.0.0.1, with its data in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers. Its last end may have left something that has to go first."""
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            if self._process is None or self._process.poll() is not None:
                with (self.directory / "log").open("ab") as log:
                    self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd="/")
            if self.answers():
                return
            assert time.monotonic() < deadline, (self.directory / "log").read_text()
            time.sleep(0.05)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it without a word to its clients."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(STARTS_WITHIN_S)

    @contextmanager
    def frozen(self, *children: int) -> Iterator[None]:
        """Have it and its children answer nothing, their connections staying open."""
        assert self._process is not None
        for process in (self._process.pid, *children):
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (*children, self._process.pid):
                os.kill(process, signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError


class PostgreSQL(Service):
    """A cluster in which everybody on 127.0.0.1 is trusted; started as an ordinary user, as it insists on."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        if os.geteuid() == 0:
            shutil.chown(directory, "nobody", "nogroup")
        init = [self._program("initdb"), "-D", str(directory / "data"), "-U", "videocall", "-A", "trust", "-N"]
        done = subprocess.run(
            [*self._user(), *init, "-E", "UTF8"], capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stderr

    def command(self) -> list[str]:
        data = str(self.directory / "data")
        settings = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}"]
        return [*self._user(), self._program("postgres"), "-D", data, "-k", str(self.directory), *settings]

    def url(self, database: str = "postgres", user: str = "videocall") -> str:
        return f"postgresql://{user}:hunter2@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        # SIGQUIT: at once, as in a crash. SIGKILL would leave the children behind.
        super().kill(how)

    @staticmethod
    def _program(name: str) -> str:
        found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
        assert found is not None, f"there is no {name}: install postgresql"
        return found

    @staticmethod
    def _user() -> list[str]:
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


class RedisServer(Service):
    """A Redis that keeps nothing on disk: when it is killed, all is gone."""

    def command(self) -> list[str]:
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)]
        return ["redis-server", *where, "--save", "", "--appendonly", "no"]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        return self.ask("PING") == "+PONG"

    def ask(self, command: str) -> str:
        """Send an inline command and return the first line of its answer; nothing when nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                sock.settimeout(5)
                sock.sendall(f"{command}\r\n".encode())
                return sock.makefile().readline().strip()
        except OSError:
            return ""


@contextmanager
def running(make: Callable[[Path], Service]) -> Iterator[Any]:
    """A service until the end of the block. PostgreSQL's user must get to its directory: pytest's are root's alone."""
    directory = Path(tempfile.mkdtemp(prefix="videocall-"))
    try:
        service = make(directory)
        try:
            service.start()
            yield service
        finally:
            service.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
