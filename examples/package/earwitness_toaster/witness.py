"""A meter in the toaster's plug: it sees for itself whether the toaster has power."""

from __future__ import annotations

from earwitness.conformance.witnesses.witness import CellWitness

PLUG = CellWitness(
    name="plug",
    sees="the current in the plug",
    seen=frozenset({"power"}),
)
