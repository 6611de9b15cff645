import pytest
from starlette.requests import HTTPConnection

from videocall.server.access import Access, is_local

KEYS = ("first-key-0123456789", "second-key-012345678")


def request(address: str | None = "203.0.113.7", **headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw, "client": (address, 1) if address is not None else None})


@pytest.mark.parametrize("given", [f"Bearer {KEYS[0]}", f"bearer {KEYS[1]} "])
def test_each_key_is_good(given: str) -> None:
    assert Access(KEYS).has_key(request(authorization=given))


@pytest.mark.parametrize(
    "given",
    ["", KEYS[0], f"Basic {KEYS[0]}", "Bearer", "Bearer ", f"Bearer {KEYS[0]}x", f"Bearer {KEYS[0][:-1]}", "Bearer ä"],
)
def test_anything_else_is_not(given: str) -> None:
    assert not Access(KEYS).has_key(request(authorization=given))
    assert not Access().has_key(request(authorization=given))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_an_operator_unless_it_is_a_proxy(address: str) -> None:
    assert is_local(request(address))
    for header in ("forwarded", "x_forwarded_for", "x_real_ip", "via"):
        assert not Access().is_operator(request(address, **{header: "203.0.113.7"}))


@pytest.mark.parametrize("address", ["203.0.113.7", "10.0.0.1", "", "testclient", None])
def test_others_are_not(address: str | None) -> None:
    assert not Access(KEYS).is_operator(request(address))


def test_keys_are_not_in_its_representation() -> None:
    assert KEYS[0] not in repr(Access(KEYS))
