"""A pack, and a trace, as files for MonPoly and VeriMon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from earwitness.model.logic.mfotl import (
    NotInMfotl,
    mfotl_formula,
    mfotl_log,
    mfotl_signature,
)
from earwitness.model.logic.per_device import Key, key_of, project
from earwitness.model.trace import Observation
from earwitness.policies.pack import Pack


@dataclass(frozen=True, slots=True)
class MfotlExport:
    """The files of an export by name, and the conjuncts that cannot be said, each with the reason."""

    files: Mapping[str, str]
    left_out: Mapping[str, str]


def export_mfotl(
    pack: Pack, trace: Iterable[Observation] = ()
) -> MfotlExport:
    """One formula for each conjunct, the signature, and one log for each slice of the trace: `d1.log`, or
    `d1-7.log` for stream 7 of device d1."""
    files = {"clauses.sig": mfotl_signature()}
    left_out = {}
    for clause in pack.clauses:
        for conjunct in clause.conjuncts:
            try:
                files[f"{conjunct.name}.mfotl"] = (
                    f"{mfotl_formula(conjunct.formula)}\n"
                )
            except NotInMfotl as error:
                left_out[conjunct.name] = str(error)
    seen = list(trace)
    for each in {clause.each for clause in pack.clauses}:
        for key in slices_of(seen, each):
            name = "-".join(_file_name_part(str(part)) for part in key)
            files[f"{name}.log"] = mfotl_log(
                project(
                    seen,
                    each,
                    key,
                )
            )
    return MfotlExport(files, left_out)


def slices_of(
    trace: Iterable[Observation], each: tuple[str, ...]
) -> list[Key]:
    """The slices that a trace names, in the order of their first event."""
    return list(
        dict.fromkeys(
            key
            for seen in trace
            if (
                key := key_of(
                    seen,
                    each,
                )
            )
            is not None
        )
    )


def _file_name_part(text: str) -> str:
    """A device's name as part of a file name, whatever it is."""
    return "".join(
        c if c.isalnum() or c == "_" else f"%{ord(c):x}" for c in text
    )[:100]


def write_mfotl(export: MfotlExport, folder: Path) -> None:
    """Write the files into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in export.files.items():
        (folder / name).write_text(text, encoding="utf-8")
