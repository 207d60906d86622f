"""Who may say what to the cloud: each device has a credential of its own, the driver one that speaks for
all."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

EVERYBODY = ""
"""The party that may speak for every device: whoever set the cloud up."""


class NotAllowed(ValueError):
    """A message that this party may not send."""


def issue_credentials(devices: Iterable[str]) -> Mapping[str, str]:
    """A credential for each device and one for everybody, new every time; by party."""
    parties = (EVERYBODY, *devices)
    # 24 random bytes: nobody guesses them.
    return {party: secrets.token_urlsafe(24) for party in parties}


def find_party(credentials: Mapping[str, str], credential: object) -> str:
    """Whose credential it is. Raises NotAllowed."""
    given = str(credential).encode("utf-8", "replace")
    for party, issued in credentials.items():
        if secrets.compare_digest(given, issued.encode()):
            return party
    raise NotAllowed("this credential is not known")
