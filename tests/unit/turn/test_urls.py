import pytest

from videocall.turn import TurnUrl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("turn:turn.example.org", TurnUrl(secure=False, host="turn.example.org", port=3478, transport="udp")),
        ("turn:10.0.0.1:99?transport=tcp", TurnUrl(secure=False, host="10.0.0.1", port=99, transport="tcp")),
        ("turns:turn.example.org", TurnUrl(secure=True, host="turn.example.org", port=5349, transport="tcp")),
        ("turn:[fd00::1]:3479?transport=udp", TurnUrl(secure=False, host="fd00::1", port=3479, transport="udp")),
    ],
)
def test_urls(text: str, expected: TurnUrl) -> None:
    url = TurnUrl.parse(text)
    assert url == expected
    assert TurnUrl.parse(str(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stun:a",
        "turn:",
        "turn:a b",
        "turn:a:0",
        "turn:a:65536",
        "turn:a?transport=sctp",
        "turn://a",
        "turn:::1",
        "turns:a?transport=udp",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="TURN"):
        TurnUrl.parse(text)
