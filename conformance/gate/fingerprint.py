"""What stays the same of a failure from run to run: the clause, and the event that violates it."""

from __future__ import annotations

import hashlib
import json

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.records import FailureRecord

LASTING = (
    "event",
    "color",
    "on",
    "kind",
    "symbol",
    "category",
    "store",
    "resource",
    "role",
    "decision",
    "leg",
    "cause",
    "voice",
)
"""Attributes that do not depend on the instant: names from closed lists, and truths."""


def violating_event(failure: FailureRecord | None) -> str:
    """The name of the event at which the clause is violated; empty where nobody knows."""
    if failure is None or not 0 <= failure.at < len(failure.trace):
        return ""
    return str(failure.trace[failure.at]["event"])


def fingerprint(bundle: Bundle, clause: str) -> str:
    """Sixteen characters that name the failure of a clause, the same in every run that fails in the same
    way."""
    failure = bundle.failures.get(clause)
    kept: dict[str, object] = {"clause": clause}
    if failure is not None and violating_event(failure):
        entry = failure.trace[failure.at]
        kept |= {name: entry[name] for name in LASTING if name in entry}
    return hashlib.sha256(
        json.dumps(kept, sort_keys=True).encode()
    ).hexdigest()[:16]
