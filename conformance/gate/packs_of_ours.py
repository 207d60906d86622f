"""What a gate says of packs under the name of one that comes with Earwitness: who reads the name must get the
promises that belong to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.policy import Notice
from earwitness.policies.pack import Clause, Pack, find, shipped_packs


def about_the_packs(
    bundle: Bundle, packs: Iterable[Pack]
) -> Iterator[Notice]:
    """Invalid evidence, where a pack has name and version of ours and asks for something else; told, where
    its version is another."""
    shipped = shipped_packs()
    written = {record.name: record.sha256 for record in bundle.manifest.packs}
    for pack in packs:
        path = shipped.get(pack.name)
        if (
            path is None
            or _digest_of(path.read_bytes()) == written[pack.name]
        ):
            continue
        ours = find(pack.name)
        if pack.version != ours.version:
            yield Notice(
                Exit.SATISFIED,
                f"pack {pack.name} is of version {pack.version}; with this Earwitness comes version "
                f"{ours.version}, which may ask for something else",
            )
            continue
        changed = _what_differs(pack, ours)
        if changed:
            yield Notice(
                Exit.EVIDENCE_INVALID,
                f"pack {pack.name}, version {pack.version}, is not the one that comes with Earwitness under "
                f"that name: {', '.join(changed)} ask for something else; give a pack of your own a name "
                "of its own",
            )


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _what_differs(pack: Pack, ours: Pack) -> list[str]:
    """Clauses that are in one of the two alone, or ask for something else."""
    one, other = ({c.id: _asks(c) for c in p.clauses} for p in (pack, ours))
    return sorted(
        name for name in {*one, *other} if one.get(name) != other.get(name)
    )


def _asks(clause: Clause) -> tuple[object, ...]:
    """All by which a gate judges: the revision is that of the promise; the ways say which evidence a strict
    profile asks for."""
    return clause.revision, clause.ways
