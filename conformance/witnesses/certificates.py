"""Certificates that a door presents: good ones, and those that an honest device refuses."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

import trustme

WRONG_NAME = "another-server.invalid"
"""No device looks for a server of this name: the ending is reserved for names that do not exist (RFC
2606)."""
DEFAULT_NAME = "localhost"


class Presented(Enum):
    """Which certificate a door shows to who connects."""

    TRUSTED = "trusted"
    UNKNOWN_AUTHORITY = "unknown authority"
    WRONG_NAME = "wrong name"
    EXPIRED = "expired"


TRIALS = (
    Presented.UNKNOWN_AUTHORITY,
    Presented.WRONG_NAME,
    Presented.EXPIRED,
)


class Outcome(Enum):
    """What a device did at a door with a bad certificate."""

    REFUSED = "refused"
    ACCEPTED = "accepted"
    NEVER_CAME = "never came"


@dataclass(frozen=True, slots=True)
class CertificateTrial:
    """One certificate shown to one device: how often it came, and what it did. One acceptance outweighs
    all refusals."""

    device: str
    presented: Presented
    refused: int
    accepted: int

    @property
    def outcome(self) -> Outcome:
        if self.accepted:
            return Outcome.ACCEPTED
        return Outcome.REFUSED if self.refused else Outcome.NEVER_CAME


class CertificateMaker:
    """Makes contexts for the server's side of TLS, one for each name, certificate and protocol inside."""

    def __init__(self) -> None:
        self._trusted = trustme.CA(organization_name="Earwitness relay")
        self._unknown = trustme.CA(
            organization_name="Nobody trusts this authority"
        )
        self._contexts: dict[tuple[str, str, Presented], ssl.SSLContext] = {}

    @property
    def authority(self) -> str:
        """The authority that devices are told to trust, as PEM."""
        return str(self._trusted.cert_pem.bytes(), "ascii")

    def context(
        self, name: str, protocol: str, presented: Presented
    ) -> ssl.SSLContext:
        """A context that presents such a certificate for a server of that name, and speaks `protocol`
        inside if any."""
        key = (name or DEFAULT_NAME, protocol, presented)
        if key not in self._contexts:
            # A device may ask for any number of names; only so many are remembered.
            if len(self._contexts) >= 256:
                self._contexts.clear()
            self._contexts[key] = self._make_context(*key)
        return self._contexts[key]

    def _make_context(
        self, name: str, protocol: str, presented: Presented
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if protocol:
            context.set_alpn_protocols([protocol])
        authority = (
            self._unknown
            if presented is Presented.UNKNOWN_AUTHORITY
            else self._trusted
        )
        names = (
            _usable_name(name)
            if presented is not Presented.WRONG_NAME
            else WRONG_NAME
        )
        now = datetime.now(UTC)
        ends = (
            # 30 days: chosen, longer than any check; it began over a year ago, so that an expired one
            # is in order.
            now + timedelta(days=30)
            if presented is not Presented.EXPIRED
            else now - timedelta(days=1)
        )
        authority.issue_cert(
            names,
            # 400 days: chosen, so that the expired one, too, was valid once.
            not_before=now - timedelta(days=400),
            not_after=ends,
        ).configure_cert(context)
        return context


def _usable_name(name: str) -> str:
    """The name where a certificate can bear it, else the usual one: what a device asks for may be
    anything."""
    plain = name.replace("-", "").replace(".", "").replace(":", "")
    return (
        name
        if plain.isalnum() and plain.isascii() and len(name) < 64
        else DEFAULT_NAME
    )
