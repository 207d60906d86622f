"""A device's own key. It signs what the device says of a call's keys, so that nobody who carries the
message can put his in their place."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)


class Forged(Exception):
    """A description was not signed by the device it is said to come from."""


class Identity:
    """A key pair, made when the device is set up; `trusted` holds the public keys of the other devices of
    the household, by name."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.trusted: dict[str, Ed25519PublicKey] = {}

    @property
    def public(self) -> Ed25519PublicKey:
        return self._key.public_key()

    def signed(self, text: str) -> str:
        signature = self._key.sign(text.encode())
        return signature.hex()

    def verify(self, name: str, text: str, signature: str) -> None:
        """Raises Forged, also for a device that is not known."""
        key = self.trusted.get(name)
        try:
            if key is None:
                raise Forged(f"'{name}' is not a device of this household")
            key.verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, ValueError):
            raise Forged(
                f"the description of the call was not signed by '{name}'"
            ) from None
