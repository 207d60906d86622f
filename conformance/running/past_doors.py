"""What leaves a cell other than by a door: read like everything else that leaves, and listed as undisclosed.

Between processes of a target anything may go, but what goes to its cloud past the relay is read and counted
like what the relay carries."""

from __future__ import annotations

from dataclasses import dataclass, field

from earwitness.conformance.running.moment import Finding
from earwitness.conformance.targets.cell import Cell
from earwitness.conformance.targets.packets import NAMES
from earwitness.conformance.targets.traffic import FlowPiece
from earwitness.conformance.witnesses.completeness import (
    Undisclosed,
    UndisclosedKind,
)
from earwitness.conformance.witnesses.relay import (
    Crossing,
    monotonic_microseconds,
)
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.model.vocabulary import Microseconds

DECLARED = "declared peer"
"""The kind of a finding: somebody beside the cloud whom the target had named. What goes there is read and
counted all the same."""
UNDISCLOSED = "undisclosed"
"""The kind of a finding: a way that nobody declared."""
SOMEWHERE = ""
"""The device of what left a cell: it holds them all, and nobody can tell which one it was."""
MOST_LETTERS_OF_NAMES = 256
"""Letters of different names that a target may look up: an honest one asks for a dozen servers at most, and
this is less than two seconds of speech in any coding."""
MOST_LISTED = 20
"""Peers that are listed one by one: a target that tries every address of the world need not fill a report."""
ONE_LINE = ("udp", "icmp", NAMES)
"""Protocols without connections: their pieces are read one after the other, whoever they went to."""


@dataclass
class PastDoors:
    """Takes what the cell saw. Without one, nothing is known of it."""

    cell: Cell | None
    declared: frozenset[str] = frozenset()
    """Whom the target says it speaks to beside its cloud."""
    _cloud: int = 0
    _seen: dict[Undisclosed, None] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)
    _names: dict[str, None] = field(default_factory=dict)
    _spoken_to: dict[str, None] = field(default_factory=dict)

    def watch_cloud(self, port: int) -> None:
        """From now on what goes to that port of the target's own goes past the relay. What went there before
        was its way, as nobody had shown it another."""
        self.take()
        self._cloud = port

    def take(self) -> list[Crossing]:
        """What left since the last look."""
        if self.cell is None:
            return []
        left = [
            piece
            for piece in self.cell.take_flows()
            if not piece.local or self._is_cloud(piece)
        ]
        for piece in left:
            self._note_piece(piece)
        return [self._crossing_of(piece) for piece in left]

    def findings(self) -> list[Finding]:
        """Each way that was taken, once. Names that were looked up forbid a green only where they are so many
        that they may say something."""
        found = [
            Finding(UNDISCLOSED, seen.sentence, blocking=True)
            for seen in list(self._seen)[:MOST_LISTED]
        ]
        more = len(self._seen) - len(found)
        if more:
            text = f"{more} peers more"
            found.append(Finding(UNDISCLOSED, text, blocking=True))
        found += [
            Finding(DECLARED, f"{peer} was spoken to, as was declared")
            for peer in self._spoken_to
        ]
        names = [name for name in self._names if name not in self.declared]
        letters = sum(map(len, names))
        if names:
            text = (
                f"{len(names)} names were looked up: {', '.join(names[:5])}"
            )
            many = letters > MOST_LETTERS_OF_NAMES
            found.append(Finding(UNDISCLOSED, text, blocking=many))
        return found

    def _is_cloud(self, piece: FlowPiece) -> bool:
        return bool(self._cloud) and piece.peer.endswith(f":{self._cloud}")

    def _note_piece(self, piece: FlowPiece) -> None:
        if piece.protocol == NAMES:
            self._names[piece.name] = None
            return
        if piece.local:
            # A driver may have business of its own with its cloud, such as a reset; its bytes are counted.
            return
        host = piece.peer.rpartition(":")[0]
        known = self.declared & {piece.peer, host, piece.name}
        if known:
            self._spoken_to |= dict.fromkeys(known)
            return
        where = f"{piece.name} at {piece.peer}" if piece.name else piece.peer
        self._seen[
            Undisclosed(UndisclosedKind.PEER, where, piece.protocol)
        ] = None

    def _crossing_of(self, piece: FlowPiece) -> Crossing:
        content = piece.content
        if piece.protocol == NAMES:
            content = _told_by_name(piece.name)
        kind = piece.protocol if piece.protocol in ONE_LINE else piece.peer
        number = self._lines.setdefault(kind, -1 - len(self._lines))
        lost = piece.size - len(piece.content)
        return Crossing(
            device=SOMEWHERE,
            time_taken=Microseconds(monotonic_microseconds()),
            direction=Direction.FROM_DEVICE,
            content=content,
            encrypted=False,
            protocol=piece.protocol,
            connection=number,
            part=Part.RAW,
            size=piece.size,
            peer=piece.peer,
            reason=f"{lost} bytes were not kept" if lost > 0 else "",
        )


def _told_by_name(name: str) -> bytes:
    """What a name can say: all of it but the last part, which is somebody's domain."""
    parts = name.split(".")
    return "".join(parts[:-1] or parts).encode("utf-8", "replace")
