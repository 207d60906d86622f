"""Proof certificates: an inductive invariant as plain SMT-LIB obligations, re-checked by cvc5 from the file alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import z3

from earwitness.model.proof.encoding import Problem


def write_obligations(clause: str, problem: Problem, invariant: Sequence[Any]) -> str:
    """The obligations of a proof: the invariant holds at first, every transition keeps it, and it excludes a violation.
    Each `check-sat` must answer unsat; the `echo` before it names the obligation."""
    names = list(problem.before)
    declared = {str(v): v for v in problem.before.values()} | {"time": z3.Int("time")}
    for rule in problem.rules:
        declared |= {str(v): v for v in rule.free}
    lines = [f"; clause {clause}: every check-sat must answer unsat", "(set-logic QF_LIA)"]
    lines += [f"(declare-const {v.sexpr()} {v.sort().sexpr()})" for v in declared.values()]
    parameters = " ".join(f"({problem.before[n].sexpr()} {problem.before[n].sort().sexpr()})" for n in names)
    lines.append(f"(define-fun Invariant ({parameters}) Bool (and true {' '.join(map(_flat, invariant))}))")
    here = "(Invariant " + " ".join(problem.before[n].sexpr() for n in names) + ")"

    def obligation(name: str, *assertions: str) -> None:
        lines.extend(
            [f'(echo "{name}")', "(push 1)", *(f"(assert {a})" for a in assertions), "(check-sat)", "(pop 1)"]
        )

    obligation("initial", _flat(problem.initial), f"(not {here})")
    for rule in problem.rules:
        after = "(Invariant " + " ".join(_flat(rule.after[n]) for n in names) + ")"
        obligation(f"kept by {rule.transition.name}", here, _flat(rule.enabled), f"(not {after})")
        obligation(
            f"safe in {rule.transition.name}", here, _flat(rule.enabled), f"(not {_flat(rule.verdict)})"
        )
    return "\n".join(lines) + "\n"


def _flat(term: Any) -> str:
    return " ".join(str(term.sexpr()).split())


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a second solver says of a certificate: how many obligations, and the first that failed, if any."""

    obligations: int
    failed: str | None
    solver: str


def recheck_certificate(path: Path) -> Recheck:
    """Re-check a certificate file with cvc5. A malformed file fails with the solver's complaint."""
    import cvc5

    solver = cvc5.Solver()
    solver.setOption("incremental", "true")
    version = f"cvc5 {getattr(cvc5, '__version__', '')}".strip()
    parser = cvc5.InputParser(solver)
    count, name = 0, "start of file"
    try:
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, path.read_text("utf-8"), path.name)
        symbols = parser.getSymbolManager()
        while not (command := parser.nextCommand()).isNull():
            said = str(command.invoke(solver, symbols)).strip()
            text = str(command)
            if text.startswith("(echo"):
                name = said.strip('"')
            elif text.startswith("(check-sat"):
                count += 1
                if said != "unsat":
                    return Recheck(count, f"{name}: {said}", version)
            elif "error" in said:
                return Recheck(count, f"{name}: {said}", version)
    except (
        Exception
    ) as error:  # cvc5 raises its own and standard exceptions for bad input; all mean "not a proof"
        return Recheck(count, f"{name}: {str(error).splitlines()[0]}", version)
    return Recheck(count, None if count else "the file holds no obligation", version)
