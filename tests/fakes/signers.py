"""Those who sign tokens with keys of their own."""

import json
import time
from functools import cache
from typing import Any

import jwt
from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm


@frozen
class Signer:
    """A key pair with an id."""

    kid: str | None
    algorithm: str
    private: Any = field(repr=False)

    def sign(self, claims: dict[str, Any] | None = None, *, algorithm: str = "", kid: str | None = None) -> str:
        whole = {"exp": int(time.time()) + 3600, "rooms": {"daily": {"role": "host"}}, **(claims or {})}
        headers = {"kid": kid or self.kid} if kid or self.kid else {}
        return jwt.encode(whole, self.private, algorithm or self.algorithm, headers)

    @property
    def jwk(self) -> dict[str, Any]:
        kind = RSAAlgorithm if self.algorithm.startswith("RS") else ECAlgorithm
        public: dict[str, Any] = json.loads(kind.to_jwk(self.private.public_key()))
        public.pop("key_ops", None)
        return public | ({"kid": self.kid} if self.kid else {})


@cache  # making RSA keys takes long
def rsa_signer(kid: str | None = "r1", bits: int = 2048) -> Signer:
    return Signer(kid, "RS256", rsa.generate_private_key(public_exponent=65537, key_size=bits))


@cache
def ec_signer(kid: str | None = "e1", curve: str = "secp256r1") -> Signer:
    curves = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1()}
    return Signer(kid, {"secp256r1": "ES256", "secp384r1": "ES384"}[curve], ec.generate_private_key(curves[curve]))


def key_set(*entries: Any) -> bytes:
    return json.dumps({"keys": [entry.jwk if isinstance(entry, Signer) else entry for entry in entries]}).encode()
