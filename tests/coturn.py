"""A real coturn on loopback."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

SECRET = "north of the river"


@attrs.frozen
class Coturn:
    """A running server; it relays to 127.0.0.1 only."""

    process: subprocess.Popen[bytes]
    port: int
    tls_port: int

    def url(self, transport: str) -> str:
        return f"turn:127.0.0.1:{self.port}?transport={transport}"


@contextmanager
def running_coturn(directory: Path, *flags: str, peer: str = "127.0.0.1") -> Iterator[Coturn]:
    """Run a server until the end of the block.

    Args:
        directory: for its files.
        flags: how it takes accounts, such as ``--use-auth-secret``, and whatever else.
        peer: the one address that it relays to.
    """
    program = shutil.which("turnserver", path="/usr/bin:/usr/local/bin")
    assert program is not None
    port, tls_port = _free_port(), _free_port()
    command = [
        *(program, "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"),
        *(f"--allowed-peer-ip={peer}", "--denied-peer-ip=0.0.0.0-255.255.255.255"),
        "--denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        *(f"--listening-port={port}", f"--tls-listening-port={tls_port}", "--realm=test", "--no-cli", "--no-dtls"),
        *(f"--pidfile={directory}/pid", f"--userdb={directory}/db", "--log-file=stdout", "--simple-log", *flags),
    ]
    log = directory / "coturn.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait_for(port, process, log)
            yield Coturn(process, port, tls_port)
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until it answers over UDP, which it opens last."""
    deadline = time.monotonic() + 20
    binding = bytes.fromhex("000100002112a442") + bytes(12)
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.1)
        udp.connect(("127.0.0.1", port))
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                udp.send(binding)
                udp.recv(2048)
            except OSError:
                continue
            return


def _free_port() -> int:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        return port
