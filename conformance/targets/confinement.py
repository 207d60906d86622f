"""How firmly a target is held while it is judged."""

from __future__ import annotations

from enum import Enum


class Confinement(Enum):
    """From the firmest to none. What rests on *nothing else left the target* is witnessed only where it is
    sealed."""

    SEALED = "sealed"
    """A network, a file tree and a process tree of its own: no byte and no file escapes unseen."""
    FENCED = "fenced"
    """Connections and writes elsewhere are denied by the kernel as far as it can; what is denied is not
    seen."""
    OPEN = "open"
    """Not held: a second connection or a file elsewhere is not looked for."""
