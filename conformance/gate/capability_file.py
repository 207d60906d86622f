"""The capability file: what a product has, and why it lacks the rest. Switching a capability off never
turns a run green by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from earwitness.conformance.gate.files import (
    GateEntry,
    GateFileError,
    load_gate_file,
)
from earwitness.model.vocabulary import nearest, vocabulary


class CapabilityFile(GateEntry, frozen=True):
    """`has` lists what the product can do; `refuses` gives for each capability that it lacks the reason."""

    has: tuple[str, ...] = ()
    refuses: Mapping[str, str] = {}


def load_capabilities(path: Path) -> CapabilityFile:
    """The capability file. Raises GateFileError for a name that is not in the closed list, or a refusal
    without a reason."""
    content, document = load_gate_file(path, CapabilityFile)
    for number, name in enumerate(content.has):
        _refuse_unknown(name, document.place(["has", number]))
    for name, reason in content.refuses.items():
        place = document.place(["refuses", name])
        _refuse_unknown(name, place)
        if not reason.strip():
            raise GateFileError(
                f"{place}: '{name}' is refused without a reason; say why the product lacks it"
            )
        if name in content.has:
            raise GateFileError(
                f"{place}: '{name}' is both had and refused; choose one"
            )
    return content


def _refuse_unknown(name: str, place: str) -> None:
    known = vocabulary().capabilities
    if name not in known:
        raise GateFileError(
            f"{place}: there is no capability '{name}'.{nearest(name, known)}"
        )


def capability_contradictions(
    stated: CapabilityFile, declared: Mapping[str, bool]
) -> list[str]:
    """A sentence for each capability of which the file and the target say different things."""
    missing = [name for name in stated.has if not declared.get(name, False)]
    surplus = [name for name in stated.refuses if declared.get(name, False)]
    return [
        *(
            f"the capability file says the product has '{name}', the target says it has not"
            for name in missing
        ),
        *(
            f"the capability file refuses '{name}', the target says it has it"
            for name in surplus
        ),
    ]
