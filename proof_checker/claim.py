"""A claim of a proof beside its system: that it says no more than it may, and what must be shown for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from earwitness.proof_checker.definitions import Definitions
from earwitness.proof_checker.s_expressions import (
    Node,
    ProofError,
    replace_symbols,
    symbols_of,
)

CLAIMS = ("|verdict|", "|property|")
PARTS_OF_CLAIM = ("|state ", "|first ", "|update ", "|conjunct ")
"""All that the file of a claim may define."""


class Claim:
    """A part beside its system: which names are whose, and what must be shown."""

    def __init__(self, system: Definitions, part: Definitions) -> None:
        self.system = system
        self.part = part
        self.told = as_symbols(system.named("told"))
        self.registers = as_symbols(part.named("state"))
        self.states = as_symbols(system.named("state"))
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
            not as_symbols(self.first)
            == as_symbols(self.updates)
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

    def obligations(
        self, steps: Mapping[str, Node]
    ) -> list[tuple[str, Node, str]]:
        """Conditions that must have no model: at first, and for each of the steps by its name."""
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
        wrong: Node = ["not", ["and", invariant, at_first]]
        found: list[tuple[str, Node, str]] = [
            ("at first", ["and", start, wrong], "unsat")
        ]
        for name, step in steps.items():
            lost: Node = ["and", invariant, step, *moves, ["not", kept]]
            found.append((f"kept and safe in {name}", lost, "unsat"))
        return found


def as_symbols(names: Iterable[str]) -> set[str]:
    return {f"|{name}|" for name in names}
