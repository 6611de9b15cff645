import pytest
from starlette.datastructures import Headers

from videocall.server.security import content_security_policy, origin_allowed

ALLOWED = frozenset({"https://app.example.org", "http://127.0.0.1:3000"})


def headers(host: str | None, *origins: str) -> Headers:
    raw = [(b"origin", origin.encode()) for origin in origins]
    return Headers(raw=[(b"host", host.encode()), *raw] if host else raw)


@pytest.mark.parametrize(
    ("host", "origins"),
    [
        ("127.0.0.1:8080", ()),
        ("127.0.0.1:8080", ("http://127.0.0.1:8080",)),
        ("Meet.Example.org", ("https://meet.example.org",)),
        ("meet.example.org:8443", ("https://meet.example.org:8443",)),
        ("[::1]:8080", ("http://[::1]:8080",)),
        ("127.0.0.1:8080", ("https://app.example.org",)),
        ("127.0.0.1:8080", ("http://127.0.0.1:3000",)),
    ],
)
def test_our_own_page_the_allowed_ones_and_clients_without_origin_may_connect(host: str, origins: tuple[str]) -> None:
    assert origin_allowed(headers(host, *origins), ALLOWED)


@pytest.mark.parametrize(
    ("host", "origins"),
    [
        ("127.0.0.1:8080", ("https://evil.example",)),
        ("127.0.0.1:8080", ("http://127.0.0.1:8081",)),
        ("127.0.0.1:8080", ("http://127.0.0.1",)),
        ("127.0.0.1:8080", ("null",)),
        ("127.0.0.1:8080", ("",)),
        ("127.0.0.1:8080", ("file://127.0.0.1:8080",)),
        ("127.0.0.1:8080", ("http://127.0.0.1:8080@evil.example",)),
        ("127.0.0.1:8080", ("http://[",)),
        ("127.0.0.1:8080", ("http://127.0.0.1:8080", "https://evil.example")),
        ("meet.example.org", ("https://meet.example.org.evil.example",)),
        ("meet.example.org", ("https://app.example.org:444",)),
        (None, ("https://evil.example",)),
        (None, ("http://",)),
    ],
)
def test_every_other_page_may_not(host: str | None, origins: tuple[str]) -> None:
    assert not origin_allowed(headers(host, *origins), ALLOWED)


def test_the_policy_names_no_third_party() -> None:
    policy = content_security_policy("meet.example.org:8443")
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'self' ws://meet.example.org:8443 wss://meet.example.org:8443"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'self'"
    others = {source for value in directives.values() for source in value.split()}
    own = {"ws://meet.example.org:8443", "wss://meet.example.org:8443", "data:", "blob:"}
    assert {source for source in others if not source.startswith("'")} == own
    assert "'unsafe-inline'" not in others
    assert "'unsafe-eval'" not in others


@pytest.mark.parametrize("host", ["", "a; script-src *", "a\n", "evil.example https://b", "a/b", "*"])
def test_a_host_that_is_none_gets_into_no_policy(host: str) -> None:
    assert content_security_policy(host) == content_security_policy("")
