import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from videocall.server.listener import ListenError, as_binds, listen


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_accepted_sockets_end_when_their_peer_stalls(stack: ExitStack) -> None:
    (sock,) = [stack.enter_context(sock) for sock in listen("127.0.0.1", 0)]
    stack.enter_context(closing(socket.create_connection(sock.getsockname())))
    accepted, _ = sock.accept()
    with accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


def test_a_name_with_several_addresses_gets_one_port(stack: ExitStack) -> None:
    sockets = [stack.enter_context(sock) for sock in listen("localhost", 0)]
    assert len({sock.getsockname()[1] for sock in sockets}) == 1


def test_a_taken_port_is_one_line_that_names_it(stack: ExitStack) -> None:
    (sock,) = [stack.enter_context(sock) for sock in listen("127.0.0.1", 0)]
    port = sock.getsockname()[1]
    with pytest.raises(ListenError, match=rf"port {port} is taken \(127\.0\.0\.1:{port}\).*--port") as taken:
        listen("127.0.0.1", port)
    assert "\n" not in str(taken.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_named(host: str) -> None:
    with pytest.raises(ListenError, match=f"{host} is not an address of this machine"):
        listen(host, 0)


def test_a_name_that_does_not_resolve_is_named() -> None:
    with pytest.raises(ListenError, match=r"no-such-host\.invalid"):
        listen("no-such-host.invalid", 0)


def test_sockets_are_handed_over(stack: ExitStack) -> None:
    (sock,) = listen("127.0.0.1", 0)
    address = sock.getsockname()
    (bind,) = as_binds([sock])
    assert sock.fileno() == -1
    taken = stack.enter_context(socket.socket(fileno=int(bind.removeprefix("fd://"))))
    assert taken.getsockname() == address
