"""Known failures: facts about an implementation. What is listed must still fail, and for the cause that
is given."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from earwitness.conformance.gate.files import (
    GateEntry,
    GateFileError,
    load_gate_file,
)


class KnownFailure(GateEntry, frozen=True):
    """`clause` is an id, or a pattern within one family (`CALL-*`). `event` is the event that violates
    it, where that is known."""

    id: str
    clause: str
    cause: str
    event: str = ""
    fingerprint: str = ""
    link: str = ""

    def covers(self, clause: str, event: str, fingerprint: str) -> bool:
        """Whether this failure is the one that is known."""
        if not fnmatchcase(clause, self.clause):
            return False
        if self.event and self.event != event:
            return False
        return not self.fingerprint or self.fingerprint == fingerprint


class KnownFailureFile(GateEntry, frozen=True):
    """A file of known failures."""

    known_failures: tuple[KnownFailure, ...] = ()


def load_known_failures(path: Path) -> tuple[KnownFailure, ...]:
    """The known failures of a file. Raises GateFileError for a pattern that could hide a failure nobody
    has seen."""
    content, document = load_gate_file(path, KnownFailureFile)
    seen: set[str] = set()
    for number, known in enumerate(content.known_failures):
        place = document.place(["known_failures", number])
        if known.id in seen:
            raise GateFileError(f"{place}: the id '{known.id}' stands twice")
        seen.add(known.id)
        if not known.cause.strip():
            raise GateFileError(f"{place}: cause is empty; say why it fails")
        if _is_too_broad(known):
            raise GateFileError(
                f"{place}: the pattern '{known.clause}' is too broad; name one clause, or one family with "
                "the event that fails"
            )
    return content.known_failures


def _is_too_broad(known: KnownFailure) -> bool:
    """A pattern must keep to one family of clauses, and then say which event fails."""
    if not any(char in known.clause for char in "*?["):
        return False
    family = known.clause.partition("-")[0]
    return (
        any(char in family for char in "*?[")
        or "-" not in known.clause
        or not known.event
    )
