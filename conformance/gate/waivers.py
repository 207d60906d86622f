"""Waivers: decisions by named people to let a clause fail for a while. Each is in every report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from packaging.specifiers import (
    InvalidSpecifier,
    SpecifierSet,
)
from packaging.version import InvalidVersion, Version

from earwitness.conformance.gate.files import (
    GateEntry,
    GateFileError,
    load_gate_file,
)
from earwitness.model.vocabulary import nearest


class WaiverScope(GateEntry, frozen=True):
    """What a waiver is about, beyond its clause: versions of the implementation (`>=1.2,<2`), one failure
    by its fingerprint."""

    versions: str = ""
    fingerprint: str = ""


class Waiver(GateEntry, frozen=True):
    """A decision. It lasts until the end of its last day, in UTC."""

    id: str
    clause: str
    reason: str
    risk: str
    owner: str
    approved_by: str
    expires: date
    scope: WaiverScope = WaiverScope()
    link: str = ""

    def has_expired(self, now: datetime) -> bool:
        """Whether its last day is over."""
        return now.astimezone(UTC).date() > self.expires

    def covers(self, clause: str, version: str, fingerprint: str) -> bool:
        """Whether it speaks of this failure of this version."""
        if clause != self.clause:
            return False
        if self.scope.fingerprint and self.scope.fingerprint != fingerprint:
            return False
        return not self.scope.versions or _is_within(
            version, self.scope.versions
        )


class WaiverFile(GateEntry, frozen=True):
    """A file of waivers."""

    waivers: tuple[Waiver, ...] = ()


def _is_within(version: str, versions: str) -> bool:
    try:
        return SpecifierSet(versions).contains(
            Version(version), prereleases=True
        )
    except InvalidVersion:
        return False


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file. Raises GateFileError for an entry without a reason, an owner, a day; for ids
    that stand twice."""
    content, document = load_gate_file(path, WaiverFile)
    seen: set[str] = set()
    for number, waiver in enumerate(content.waivers):
        place = document.place(["waivers", number])
        for name in (
            "id",
            "clause",
            "reason",
            "risk",
            "owner",
            "approved_by",
        ):
            if not getattr(waiver, name).strip():
                raise GateFileError(
                    f"{place}: {name} is empty; say it, or take the waiver away"
                )
        if waiver.id in seen:
            raise GateFileError(f"{place}: the id '{waiver.id}' stands twice")
        seen.add(waiver.id)
        _check_versions(
            waiver,
            document.place(["waivers", number, "scope"]),
        )
    return content.waivers


def _check_versions(waiver: Waiver, place: str) -> None:
    try:
        SpecifierSet(waiver.scope.versions)
    except InvalidSpecifier:
        raise GateFileError(
            f"{place}: '{waiver.scope.versions}' is no range of versions; write such as '>=1.2,<2'"
        ) from None


def unknown_clauses(
    waivers: Iterable[Waiver], clauses: Iterable[str]
) -> list[str]:
    """A sentence for each waiver whose clause no pack has."""
    known = list(clauses)
    return [
        f"waiver {waiver.id}: no pack of this run has a clause "
        f"'{waiver.clause}'.{nearest(waiver.clause, known)}"
        for waiver in waivers
        if waiver.clause not in known
    ]
