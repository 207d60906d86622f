"""Whether a folder holds a whole proof. Nothing in it is believed but the invariants, and these are
checked.

A proof is a manifest, a file for each system, and a file for each part: a claim with an inductive
invariant. For each part the checker derives, and asks a solver in a child process, that

1. the invariant holds in every first state, with the monitor's registers as they are at first;
2. every transition of the system, taken where it holds together with the monitor's update, keeps it,
   and does not make the monitor's verdict false (or lead to a state without the property);

and that the system has first states and every transition can happen at all, so that nothing holds
because nothing is there.

It is short, so that whoever does not trust us can read it whole: `s_expressions` reads a file, `definitions`
says what may be in it, `claim` derives what must be shown, `solver` asks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earwitness.proof_checker.claim import Claim
from earwitness.proof_checker.definitions import Definitions, read_definitions
from earwitness.proof_checker.s_expressions import (
    Node,
    ProofError,
    write_node,
)
from earwitness.proof_checker.solver import SOLVER, ask

FORMAT = "earwitness proof 1"
SECONDS = 180
"""Of the solver's own time for one part. The slowest of ours takes some ten."""
MANIFEST = "manifest.json"
LARGEST_FILE = 1 << 24
"""Bytes; our largest has half a megabyte."""


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part with the number of obligations that hold, or the first that does not."""

    name: str
    file: str
    obligations: int
    failed: str = ""
    solver: str = SOLVER


def check_folder(
    folder: Path, seconds: int = SECONDS
) -> Iterator[CheckedPart]:
    """Every part of the manifest, checked. Raises ProofError where the folder is not what its manifest
    says."""
    manifest = read_manifest(folder)
    systems = {}
    for name, entry in manifest["systems"].items():
        systems[name] = read_definitions(
            _content(folder, entry), entry["file"]
        )
        if systems[name].info.get(":system") != f"|{name}|":
            raise ProofError(
                f"{entry['file']}: is not the system '{name}' that the manifest says it is"
            )
        yield check_system(name, systems[name], seconds)
    for entry in manifest["parts"]:
        if entry["system"] not in systems:
            raise ProofError(
                f"{MANIFEST}: part {entry['name']} is about no system of this proof"
            )
        part = read_definitions(_content(folder, entry), entry["file"])
        if (
            part.info.get(":part") != f"|{entry['name']}|"
            or part.info.get(":system") != f"|{entry['system']}|"
        ):
            raise ProofError(
                f"{entry['file']}: is not the part '{entry['name']}' that the manifest says it is"
            )
        yield check_part(
            name=entry["name"],
            system=systems[entry["system"]],
            part=part,
            seconds=seconds,
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, with every file of the folder accounted for. Raises ProofError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = [
            e["file"]
            for e in (*manifest["systems"].values(), *manifest["parts"])
        ]
        names = [e["name"] for e in manifest["parts"]]
        known = manifest["format"] == FORMAT
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise ProofError(
            f"{folder / MANIFEST}: is no manifest of a proof ({error})"
        ) from None
    if not known or not names:
        raise ProofError(
            f"{folder / MANIFEST}: is of another format, or lists no part"
        )
    doubled = sorted(
        {
            name
            for name in (*names, *files)
            if (*names, *files).count(name) > 1
        }
        - set(names)
        & set(files)
    )
    if doubled:
        raise ProofError(f"{MANIFEST}: lists {doubled[0]} twice")
    foreign = sorted(
        p.name
        for p in folder.iterdir()
        if p.suffix == ".vmt" and p.name not in files
    )
    if foreign:
        raise ProofError(f"{folder / foreign[0]}: is not in the manifest")
    return dict(manifest)


def _content(folder: Path, entry: dict[str, Any]) -> str:
    """The text of a file of the folder itself, as the manifest knows it."""
    name = str(entry["file"])
    path = folder / name
    if Path(name).name != name or path.is_symlink() or not path.is_file():
        raise ProofError(
            f"{path}: is missing, or is no plain file of this folder"
        )
    if path.stat().st_size > LARGEST_FILE:
        raise ProofError(f"{path}: is larger than {LARGEST_FILE} bytes")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ProofError(
            f"{path}: is not the file that the manifest names; its SHA-256 differs"
        )
    return content.decode("utf-8", "replace")


def check_part(
    name: str, system: Definitions, part: Definitions, seconds: int
) -> CheckedPart:
    """The obligations of one claim, derived and asked. Raises ProofError where the claim says more than
    a claim may."""
    claim = Claim(system, part)
    claim.refuse_intrusion()
    return _checked(
        possible=[],
        impossible=claim.obligations(),
        system=system,
        part=part,
        name=name,
        seconds=seconds,
    )


def check_system(name: str, system: Definitions, seconds: int) -> CheckedPart:
    """That the system has first states and that each of its transitions is possible, or a proof would
    be about nothing. Raises ProofError where a step is something else than one of its rows."""
    rows = [f"|transition {n}|" for n in system.named("transition")]
    if not rows or system.body("|step|") != ["or", "false", *rows]:
        raise ProofError(
            f"{system.name}: a step is not exactly one of its transitions"
        )
    first: Node = system.body("|first states|")
    possible = [
        ("has a first state", first),
        *((f"{row[1:-1]} can happen", row) for row in rows),
    ]
    return _checked(
        possible=possible,
        impossible=[],
        system=system,
        part=None,
        name=f"system {name}",
        seconds=seconds,
    )


def _checked(
    possible: list[tuple[str, Node]],
    impossible: list[tuple[str, Node]],
    system: Definitions,
    part: Definitions | None,
    name: str,
    seconds: int,
) -> CheckedPart:
    """Ask that each of `possible` has a model and each of `impossible` has none."""
    file = part.name if part is not None else system.name
    wanted = [(n, c, "sat") for n, c in possible] + [
        (n, c, "unsat") for n, c in impossible
    ]
    script = _prelude(system, part)
    for _, condition, _ in wanted:
        script += [
            "(push 1)",
            f"(assert {write_node(condition)})",
            "(check-sat)",
            "(pop 1)",
        ]
    answers = ask("\n".join(script), seconds)
    for number, (obligation, _, expected) in enumerate(wanted):
        answer = answers[number] if number < len(answers) else "no answer"
        if answer != expected:
            return CheckedPart(
                name=name,
                file=file,
                obligations=number,
                failed=f"{obligation}: {answer}",
            )
    return CheckedPart(name, file, len(wanted))


def _prelude(system: Definitions, part: Definitions | None) -> list[str]:
    """All names of both files, written again by us; texts are distinct."""
    lines = ["(set-logic QF_UFLIA)", "(declare-sort Text 0)"]
    declared: set[str] = set()
    for file in (system, part) if part is not None else (system,):
        for symbol, sort in file.sorts.items():
            if symbol in file.bodies:
                lines.append(
                    f"(define-fun {symbol} () {sort} {write_node(file.bodies[symbol])})"
                )
            elif symbol not in declared:
                lines.append(f"(declare-const {symbol} {sort})")
            declared.add(symbol)
    texts = sorted(symbol for symbol in declared if symbol.startswith('|"'))
    if len(texts) > 1:
        lines.append(f"(assert (distinct {' '.join(texts)}))")
    return lines
