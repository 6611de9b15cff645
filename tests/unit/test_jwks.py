"""Key sets: what is taken out of them, and tokens that were signed with their keys."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.fakes.signers import Signer, ec_signer, key_set, rsa_signer

from videocall.jwks import JwksError, find_key, parse_jwks
from videocall.protocol import ProtocolError
from videocall.tokens import Verifier

SECRET = "correct horse battery staple, twice over"


class Keys:
    def __init__(self, *entries: Any) -> None:
        self.keys = parse_jwks(key_set(*entries))

    async def find(self, kid: str | None, algorithm: str) -> object | None:
        return find_key(self.keys, kid, algorithm)


@pytest.mark.parametrize("signer", [rsa_signer(), ec_signer()])
async def test_a_token_that_one_of_the_keys_signed_is_ours(signer: Signer) -> None:
    verifier = Verifier(keys=Keys(rsa_signer(), ec_signer()))
    admission = await verifier.admit(signer.sign({"sub": "ada", "rooms": {"*": {"role": "viewer"}}}), "daily")
    assert (admission.identity, admission.role) == ("ada", "viewer")


async def test_a_secret_and_keys_are_good_beside_each_other() -> None:
    verifier = Verifier(SECRET, Keys(rsa_signer()))
    by_secret = evolve(rsa_signer(), private=SECRET, algorithm="HS256", kid=None).sign()
    for token in (by_secret, rsa_signer().sign()):
        assert (await verifier.admit(token, "daily")).role == "host"


def forged_with_the_public_key() -> list[str]:
    """What is signed by HMAC, with the public key for a secret: every form of it that somebody might take for one."""
    public = rsa_signer().private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(rsa_signer().jwk).encode()
    forged: list[str] = []
    for secret in (pem, pem.strip(), jwk, key_set(rsa_signer())):
        for kid in ({"kid": "r1"}, {}):
            parts = [{"alg": "HS256", "typ": "JWT", **kid}, {"exp": int(time.time()) + 3600, "rooms": {"*": {}}}]
            text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
            digest = hmac.new(secret, text, hashlib.sha256).digest()
            forged.append((text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode())
    return forged


@pytest.mark.parametrize("verifier", [Verifier(keys=Keys(rsa_signer())), Verifier(SECRET, Keys(rsa_signer()))])
async def test_a_public_key_is_no_secret(verifier: Verifier) -> None:
    for token in forged_with_the_public_key():
        with pytest.raises(ProtocolError, match="TOKEN_INVALID"):
            await verifier.admit(token, "daily")


@pytest.mark.parametrize(
    "token",
    [
        evolve(rsa_signer(), private="").sign(algorithm="none"),
        rsa_signer().sign(algorithm="RS512"),
        rsa_signer().sign(algorithm="PS256"),
        rsa_signer().sign(kid="e1"),
        rsa_signer().sign(kid="no such key"),
        rsa_signer("r2").sign(kid="r1"),
        ec_signer().sign(kid="r1"),
        ec_signer("e2").sign(kid="e1"),
        evolve(rsa_signer(), private=SECRET, algorithm="HS256").sign(),
    ],
)
async def test_what_no_key_signed_is_invalid(token: str) -> None:
    with pytest.raises(ProtocolError, match="TOKEN_INVALID"):
        await Verifier(keys=Keys(rsa_signer(), ec_signer())).admit(token, "daily")


async def test_claims_are_checked_as_those_of_other_tokens() -> None:
    verifier = Verifier(keys=Keys(rsa_signer()))
    with pytest.raises(ProtocolError, match="TOKEN_EXPIRED"):
        await verifier.admit(rsa_signer().sign({"exp": int(time.time()) - 60}), "daily")
    for claims, room_id in (({}, "weekly"), ({"aud": "other"}, "daily"), ({"exp": None}, "daily")):
        with pytest.raises(ProtocolError, match="TOKEN_INVALID"):
            await verifier.admit(rsa_signer().sign(claims), room_id)


async def test_without_a_key_id_the_only_key_of_the_kind_is_meant() -> None:
    nameless = evolve(rsa_signer(), kid=None)
    assert (await Verifier(keys=Keys(rsa_signer(), ec_signer())).admit(nameless.sign(), "daily")).role == "host"
    with pytest.raises(ProtocolError, match="TOKEN_INVALID"):
        await Verifier(keys=Keys(rsa_signer(), rsa_signer("r2"))).admit(nameless.sign(), "daily")


def test_keys_of_other_kinds_are_left_out() -> None:
    others = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "o"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "o", "alg": "RS256"},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": "RSA", "n": "AQAB"},
        {"kty": "RSA"},
        {},
        {"kty": 7},
        rsa_signer("enc").jwk | {"use": "enc"},
        rsa_signer("r512").jwk | {"alg": "RS512"},
        rsa_signer("weak", 1024),
        ec_signer("e384", "secp384r1"),
        json.loads(_private_jwk()),
    ]
    assert [key.kid for key in parse_jwks(key_set(*others, rsa_signer()))] == ["r1"]
    with pytest.raises(JwksError, match="no public key"):
        parse_jwks(key_set(*others))


def _private_jwk() -> str:
    from jwt.algorithms import RSAAlgorithm

    private: str = RSAAlgorithm.to_jwk(rsa_signer("private").private)
    return private


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"keys": 1}', b'{"keys": [1]}', b"\xff", b"[" * 100_000])
def test_what_is_no_key_set(text: bytes) -> None:
    with pytest.raises(JwksError):
        parse_jwks(text)


def test_keys_are_not_shown() -> None:
    [key] = parse_jwks(key_set(rsa_signer()))
    assert "RSA" not in repr(key)
