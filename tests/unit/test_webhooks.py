import base64
import hashlib
import hmac

import pytest

from videocall import webhooks

SECRET = "a secret of the receiver and the server"
BODY = b'{"id":"evt_1","event":"room.started","at":1,"data":{"roomId":"daily"}}'
NOW = 1_767_225_600.5


def message(secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    return webhooks.headers(webhooks.secret_bytes(secret), "evt_1", body, NOW)


def test_what_was_signed_is_read() -> None:
    event = webhooks.verify(SECRET, message(), BODY, now=NOW + 299)
    assert event == {"id": "evt_1", "event": "room.started", "at": 1, "data": {"roomId": "daily"}}


def test_the_signature_is_the_one_of_the_standard() -> None:
    key = b"0123456789abcdef01234567"
    secret = "whsec_" + base64.b64encode(key).decode()
    signature = base64.b64encode(hmac.new(key, b"evt_1.1767225600." + BODY, hashlib.sha256).digest()).decode()
    assert message(secret)["webhook-signature"] == f"v1,{signature}"


def test_names_of_headers_are_no_matter_of_case_and_several_signatures_may_be_there() -> None:
    headers = {name.title(): value for name, value in message().items()}
    headers["Webhook-Signature"] = "v1a,other v1,bm90IHRoaXM= " + headers["Webhook-Signature"]
    assert webhooks.verify(SECRET, headers, BODY, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": "1767225601"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "\u0661"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ä"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(webhooks.WebhookError):
        webhooks.verify(SECRET, {**message(), **change}, BODY, now=NOW)


def test_another_body_another_secret_and_another_time_are_refused() -> None:
    with pytest.raises(webhooks.WebhookError, match="signed"):
        webhooks.verify(SECRET, message(), BODY + b" ", now=NOW)
    with pytest.raises(webhooks.WebhookError, match="signed"):
        webhooks.verify(SECRET[::-1], message(), BODY, now=NOW)
    for now in (NOW - 302, NOW + 302):
        with pytest.raises(webhooks.WebhookError, match="too old"):
            webhooks.verify(SECRET, message(), BODY, now=now)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{"])
def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(webhooks.WebhookError, match="no JSON"):
        webhooks.verify(SECRET, message(body=body), body, now=NOW)


@pytest.mark.parametrize("secret", ["", "short", "whsec_" + "A" * 24, "whsec_%" + "A" * 40])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64"):
        webhooks.verify(secret, message(), BODY)
