"""Who answers for a bundle: an in-toto statement about its manifest, in a DSSE envelope, signed with
Ed25519."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from earwitness.conformance.evidence.bundle import (
    SIGNATURE,
    Bundle,
    BundleError,
)
from earwitness.conformance.evidence.records import FORMAT

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = f"urn:earwitness:bundle:{FORMAT}"
PRIVATE_MODE = 0o600
"""A private key is for its owner alone."""


class KeyFileError(ValueError):
    """A file that is no Ed25519 key, or is in the way."""


def generate_key(private: Path) -> Path:
    """Write a new private key, and its public key beside it (`.pub`). Never over a file that is there.
    Raises KeyFileError."""
    public = private.with_name(private.name + ".pub")
    for path in (private, public):
        if path.exists():
            raise KeyFileError(
                f"{path}: is there already; choose another name"
            )
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    descriptor = os.open(
        private,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL,
        PRIVATE_MODE,
    )
    with os.fdopen(descriptor, "wb") as out:
        out.write(secret)
    public.write_bytes(shown)
    return public


def statement(
    bundle: Bundle,
    predicate_type: str,
    predicate: Mapping[str, object],
) -> Mapping[str, object]:
    """An in-toto statement whose subject is the bundle, by the digest of its manifest."""
    subject = {
        "name": f"earwitness-bundle:{bundle.manifest.id}",
        "digest": {"sha256": bundle.digest},
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [subject],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def sign_bundle(bundle: Bundle, private: Path) -> Path:
    """Sign the bundle; an older signature is replaced. Raises KeyFileError."""
    key = _load_private(private)
    envelope = Envelope(_payload_of(bundle), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, _sslib_key(key.public_key())))
    path = bundle.folder / SIGNATURE
    draft = path.with_name(f"report.{SIGNATURE}.draft")
    draft.write_text(
        json.dumps(envelope.to_dict(), indent=1) + "\n",
        "utf-8",
    )
    draft.replace(path)
    return path


def verify_signature(bundle: Bundle, public: Path) -> None:
    """That the bundle is signed by this key, and that the signature speaks of this very bundle. Raises
    BundleError, KeyFileError."""
    key = _sslib_key(_load_public(public))
    path = bundle.folder / SIGNATURE
    try:
        envelope = Envelope.from_dict(json.loads(path.read_bytes()))
        envelope.verify([key], threshold=1)
    except FileNotFoundError:
        raise BundleError(
            f"{path}: there is no signature; sign with 'earwitness sign'"
        ) from None
    except (
        VerificationError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise BundleError(
            f"{path}: the signature is not one by {public} ({type(error).__name__})"
        ) from None
    if (
        envelope.payload_type != PAYLOAD_TYPE
        or envelope.payload != _payload_of(bundle)
    ):
        raise BundleError(f"{path}: the signature speaks of another bundle")


def _payload_of(bundle: Bundle) -> bytes:
    predicate = {
        "format": bundle.manifest.format,
        "exit": bundle.results.exit,
    }
    return json.dumps(
        statement(bundle, PREDICATE_TYPE, predicate),
        sort_keys=True,
    ).encode()


def _sslib_key(key: Ed25519PublicKey) -> SSlibKey:
    raw = key.public_bytes(
        serialization.Encoding.Raw,
        serialization.PublicFormat.Raw,
    )
    return SSlibKey.from_crypto(key, hashlib.sha256(raw).hexdigest())


def _load_private(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(
            path.read_bytes(), password=None
        )
    except (
        OSError,
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
    ) as error:
        raise KeyFileError(
            f"{path}: no private key can be read from it ({error})"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(
            f"{path}: not an Ed25519 key; make one with 'earwitness keygen'"
        )
    return key


def _load_public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (
        OSError,
        ValueError,
        UnsupportedAlgorithm,
    ) as error:
        raise KeyFileError(
            f"{path}: no public key can be read from it ({error})"
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path}: not an Ed25519 key")
    return key
