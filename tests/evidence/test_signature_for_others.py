"""A signature of ours is read by sigstore's own code, which shares none with the library that we sign with."""

from __future__ import annotations

import base64
import json

import pytest
from bundles import read, write_bundle
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sigstore.dsse import Envelope, InvalidEnvelope, Statement
from sigstore.errors import Error
from sigstore.hashes import HashAlgorithm, Hashed

from earwitness.conformance.evidence.signature import (
    PREDICATE_TYPE,
    generate_key,
    sign_bundle,
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return read(write_bundle(tmp_path_factory.mktemp("signed") / "out"))


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    private = tmp_path_factory.mktemp("key") / "key"
    generate_key(private)
    return private


@pytest.fixture(scope="module")
def document(bundle, key):
    return json.loads(sign_bundle(bundle, key).read_text())


def verify_by_sigstore(document, key):
    """Sigstore reads the envelope and says which bytes are signed. Raises InvalidSignature."""
    envelope = Envelope._from_json(json.dumps(document))
    public = load_pem_public_key(key.with_suffix(".pub").read_bytes())
    public.verify(envelope.signature, envelope.pae())


def sha256_of(digest):
    return Hashed(
        algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest)
    )


def with_payload(document, change):
    """The envelope after somebody changed what it states, and nothing else."""
    statement = json.loads(base64.b64decode(document["payload"]))
    change(statement)
    payload = json.dumps(statement, sort_keys=True).encode()
    return {**document, "payload": base64.b64encode(payload).decode()}


def test_sigstore_finds_the_signature_good(document, key):
    verify_by_sigstore(document, key)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["predicate"].update(
            exit=0 if s["predicate"]["exit"] else 1
        ),
        lambda s: s["predicate"].update(format=9),
        lambda s: s["subject"][0]["digest"].update(sha256="0" * 64),
        lambda s: s["subject"][0].update(name="earwitness-bundle:another"),
        lambda s: s.update(predicateType="urn:another"),
        lambda s: s.update(surprise=1),
    ],
    ids=["exit", "format", "digest", "name", "kind", "field"],
)
def test_sigstore_refuses_what_was_changed_after_it_was_signed(
    document, key, change
):
    with pytest.raises(InvalidSignature):
        verify_by_sigstore(with_payload(document, change), key)


def test_sigstore_refuses_another_type_another_key_and_no_signature(
    document, key, tmp_path
):
    with pytest.raises(InvalidSignature):
        verify_by_sigstore({**document, "payloadType": "text/plain"}, key)
    generate_key(tmp_path / "other")
    with pytest.raises(InvalidSignature):
        verify_by_sigstore(document, tmp_path / "other")
    with pytest.raises(InvalidEnvelope, match="exactly one signature"):
        verify_by_sigstore({**document, "signatures": []}, key)


def test_what_is_signed_is_a_statement_of_in_toto_about_this_bundle(
    document, bundle
):
    payload = base64.b64decode(document["payload"])
    statement = Statement(payload)
    assert statement._matches_digest(sha256_of(bundle.digest))
    assert not statement._matches_digest(sha256_of("0" * 64))
    told = json.loads(payload)
    assert told["predicateType"] == PREDICATE_TYPE
    with pytest.raises(Error):
        Statement(payload.replace(b'"subject"', b'"object"'))
