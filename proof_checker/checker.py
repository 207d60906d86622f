"""Whether a folder holds a whole proof. Nothing in it is believed but the invariants, and these are
checked.

A proof is a manifest, a file for each system, and a file for each part: a claim with an inductive
invariant. For each part the checker derives, and asks a solver in a child process, that

1. the invariant holds in every first state, with the monitor's registers as they are at first;
2. every transition of the system, taken where it holds together with the monitor's update, keeps it,
   and does not make the monitor's verdict false (or lead to a state without the property);

and that the system has first states and every transition can happen at all, so that nothing holds
because nothing is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earwitness.proof_checker.s_expressions import (
    Node,
    ProofError,
    read_commands,
    replace_symbols,
    symbols_of,
    words_of,
    write_node,
)
from earwitness.proof_checker.solver import SOLVER, ask

FORMAT = "earwitness proof 1"
SECONDS = 180
"""Of the solver's own time for one part. The slowest of ours takes some ten."""
MANIFEST = "manifest.json"
OPERATORS = frozenset(
    [
        "and",
        "or",
        "not",
        "=>",
        "=",
        "distinct",
        "ite",
        "<=",
        "<",
        ">=",
        ">",
        "+",
        "-",
        "*",
        "true",
        "false",
    ]
)
SORTS = ("Bool", "Int", "Text")
CLAIMS = ("|verdict|", "|property|")
PARTS_OF_CLAIM = ("|state ", "|first ", "|update ", "|conjunct ")
"""All that the file of a claim may define."""
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


@dataclass
class Definitions:
    """A file's declarations: sorts of names, bodies of definitions by prefix and name, next values of
    the state."""

    name: str
    sorts: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Node] = field(default_factory=dict)
    next_of: dict[str, str] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)

    def named(self, prefix: str) -> dict[str, Node]:
        """The definitions `|prefix x|` by x."""
        return {
            n[len(prefix) + 2 : -1]: b
            for n, b in self.bodies.items()
            if n.startswith(f"|{prefix} ")
        }

    def body(self, name: str) -> Node:
        if name not in self.bodies:
            raise ProofError(f"{self.name}: does not define {name}")
        return self.bodies[name]

    def texts(self) -> set[str]:
        return {name for name in self.sorts if name.startswith('|"')}


def read_definitions(text: str, name: str) -> Definitions:
    """The declarations of a file. Raises ProofError for any other command, a name that is declared
    twice, or an unknown operator."""
    found = Definitions(name)
    for command in read_commands(text, name):
        match command:
            case ["set-logic", "QF_UFLIA"]:
                pass
            case ["set-info", str(key), str(value)] if key.startswith(":"):
                found.info[key] = value
            case ["declare-const", str(symbol), str(sort)] if (
                symbol.startswith("|") and sort in SORTS
            ):
                _add(found, symbol, sort)
            case ["define-fun", str(symbol), [], str(sort), body] if (
                symbol.startswith("|") and sort in SORTS
            ):
                _add(found, symbol, sort)
                found.bodies[symbol] = _plain_body(found, body)
            case _:
                raise ProofError(
                    f"{name}: the command {write_node(command)[:60]} has no place in a proof"
                )
    return found


def _add(found: Definitions, symbol: str, sort: str) -> None:
    if symbol in found.sorts:
        raise ProofError(f"{found.name}: declares {symbol} twice")
    found.sorts[symbol] = sort


def _plain_body(found: Definitions, body: Node) -> Node:
    """A definition without its annotation. What an annotation says of a next value is kept."""
    match body:
        case ["!", inner, ":next", str(following)] if isinstance(inner, str):
            found.next_of[inner] = following
            body = inner
        case ["!", inner, ":init" | ":trans", "true"]:
            body = inner
    strange = words_of(body) - OPERATORS
    if strange:
        raise ProofError(
            f"{found.name}: {sorted(strange)[0][:40]} is no operator of a proof"
        )
    return body


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
    claim = _Claim(system, part)
    claim.refuse_intrusion()
    return _checked(
        possible=[],
        impossible=claim.obligations(),
        system=system,
        part=part,
        name=name,
        seconds=seconds,
    )


class _Claim:
    """A part beside its system: which names are whose, and what must be shown."""

    def __init__(self, system: Definitions, part: Definitions) -> None:
        self.system = system
        self.part = part
        self.told = _symbols(system.named("told"))
        self.registers = _symbols(part.named("state"))
        self.states = _symbols(system.named("state"))
        self.states |= self.registers
        self.texts = system.texts() | part.texts()
        # A clause that is judged slice by slice names a constant, which may be any value.
        slices = [name for name in self.states if name.startswith("|slice.")]
        self.told.update(slices)
        self.following = {**system.next_of, **part.next_of}
        self.first = part.named("first")
        self.updates = part.named("update")

    def refuse_intrusion(self) -> None:
        """The part may name the system's state, but change nothing of it; its registers are its own,
        and functions of what is told."""
        shared = sorted(
            (self.system.sorts.keys() & self.part.sorts.keys()) - self.texts
        )
        if shared:
            raise ProofError(
                f"{self.part.name}: declares {shared[0]}, which the system has"
            )
        for file, own in (
            (self.system, self.states - self.registers),
            (self.part, self.registers),
        ):
            if file.next_of != {
                symbol: f"{symbol[:-1]}.next|" for symbol in own
            }:
                raise ProofError(
                    f"{file.name}: the state and its next values are not one to one"
                )
        self.refuse_fixed_values()
        if set(self.following.values()) & self.states:
            raise ProofError(
                f"{self.part.name}: a next value is part of the state"
            )
        if (
            not _symbols(self.first)
            == _symbols(self.updates)
            == self.registers
        ):
            raise ProofError(
                f"{self.part.name}: a register has no first value or no update"
            )
        for register in self.first:
            self.allow(self.first[register], self.texts)
            self.allow(
                self.updates[register],
                self.told | self.registers | self.texts,
            )
        for body in self.part.named("conjunct").values():
            self.allow(body, self.states | self.texts)

    def refuse_fixed_values(self) -> None:
        """What a run decides is declared, never defined: a register that is fixed, or two texts that are one,
        would make every step impossible, and whatever is claimed of it true."""
        free = self.states | set(self.following.values()) | self.texts
        for file in (self.system, self.part):
            fixed = sorted(free & file.bodies.keys())
            if fixed:
                raise ProofError(
                    f"{file.name}: defines {fixed[0]}, which a run decides"
                )
            odd = sorted(t for t in file.texts() if file.sorts[t] != "Text")
            if odd:
                raise ProofError(
                    f"{file.name}: {odd[0]} is a text and no {file.sorts[odd[0]]}"
                )
        own = self.registers | {self.following[r] for r in self.registers}
        foreign = sorted(
            symbol
            for symbol in self.part.sorts.keys() - own - self.texts
            if symbol not in CLAIMS and not symbol.startswith(PARTS_OF_CLAIM)
        )
        if foreign:
            raise ProofError(
                f"{self.part.name}: {foreign[0]} has no place in a claim"
            )

    def allow(self, body: Node, names: set[str]) -> None:
        strange = sorted(symbols_of(body) - names)
        if strange:
            raise ProofError(
                f"{self.part.name}: uses {strange[0]} where it may not"
            )

    def wanted(self) -> tuple[Node, Node]:
        """What must hold at first, and at or after every step: a property of states, or a monitor's
        verdict."""
        if "|property|" in self.part.bodies:
            held = self.part.body("|property|")
            self.allow(held, self.states | self.texts)
            return held, replace_symbols(held, self.following)
        verdict = self.part.body("|verdict|")
        self.allow(verdict, self.told | self.registers | self.texts)
        return "true", verdict

    def obligations(self) -> list[tuple[str, Node]]:
        """Conditions that must have no model."""
        at_first, at_step = self.wanted()
        invariant: Node = [
            "and",
            "true",
            *self.part.named("conjunct").values(),
        ]
        begins: list[Node] = [
            ["=", f"|{name}|", body] for name, body in self.first.items()
        ]
        start: Node = ["and", self.system.body("|first states|"), *begins]
        moves: list[Node] = [
            ["=", self.following[f"|{n}|"], body]
            for n, body in self.updates.items()
        ]
        kept: Node = [
            "and",
            replace_symbols(invariant, self.following),
            at_step,
        ]
        found: list[tuple[str, Node]] = [
            (
                "at first",
                ["and", start, ["not", ["and", invariant, at_first]]],
            )
        ]
        for row in self.system.named("transition"):
            step: Node = ["and", invariant, f"|transition {row}|", *moves]
            found.append(
                (f"kept and safe in {row}", ["and", step, ["not", kept]])
            )
        return found


def _symbols(names: Iterable[str]) -> set[str]:
    return {f"|{name}|" for name in names}


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
