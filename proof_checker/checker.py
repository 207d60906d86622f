"""Whether a folder holds a whole proof. Nothing in it is believed but the invariants, and these are
checked.

A proof is a manifest, a file for each system, and a file for each part: a claim with an inductive
invariant. For each part the checker derives, and asks a solver in a child process, that

1. the invariant holds in every first state, with the monitor's registers as they are at first;
2. every transition of the system, taken where it holds together with the monitor's update, keeps it,
   and does not make the monitor's verdict false (or lead to a state without the property);

and that the system has first states and every transition can happen at all, so that nothing holds
because nothing is there.

It is short, so that whoever does not trust us can read it whole: `s_expressions` reads a file, `manifest`
says which files there are, `definitions` what may be in one, `claim` derives what must be shown, `solver`
asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from earwitness.proof_checker.claim import Claim
from earwitness.proof_checker.definitions import Definitions, read_definitions
from earwitness.proof_checker.manifest import (
    MANIFEST,
    read_file_of,
    read_manifest,
)
from earwitness.proof_checker.s_expressions import (
    Node,
    ProofError,
    write_node,
)
from earwitness.proof_checker.solver import SOLVER, ask

SECONDS = 180
"""Of the solver's own time for one part. The slowest of ours takes some seconds."""
ANSWERS = {"sat", "unsat", "unknown"}
CHILDREN = 2
"""Solvers at once where a whole folder is checked: chosen for a machine with two cores."""


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part with the number of obligations that hold, or the first that does not."""

    name: str
    file: str
    obligations: int
    failed: str = ""
    solver: str = SOLVER


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a part, or about the system where there is none: conditions, each with the answer
    that is wanted."""

    name: str
    part: Definitions | None
    conditions: Sequence[tuple[str, Node, str]]


def check_folder(
    folder: Path, seconds: int = SECONDS
) -> Iterator[CheckedPart]:
    """Every part of the manifest, checked. Raises ProofError where the folder is not what its manifest
    says."""
    manifest = read_manifest(folder)
    parts = [
        (entry, _read_as(folder, entry, ":part", entry["name"]))
        for entry in manifest["parts"]
    ]
    for entry, part in parts:
        if entry["system"] not in manifest["systems"]:
            raise ProofError(
                f"{MANIFEST}: part {entry['name']} is about no system of this proof"
            )
        if part.info.get(":system") != f"|{entry['system']}|":
            raise ProofError(
                f"{entry['file']}: is not about the system that the manifest says"
            )
    for name, entry in manifest["systems"].items():
        system = _read_as(folder, entry, ":system", name)
        yield from _answered(
            system, [question_about_system(name, system)], seconds
        )
        own = [(e["name"], part) for e, part in parts if e["system"] == name]
        yield from check_parts(system, own, seconds, CHILDREN)


def _read_as(
    folder: Path, entry: Mapping[str, str], kind: str, name: str
) -> Definitions:
    """A file that says of itself what the manifest says."""
    found = read_definitions(read_file_of(folder, entry), entry["file"])
    if found.info.get(kind) != f"|{name}|":
        raise ProofError(
            f"{entry['file']}: is not the {kind[1:]} '{name}' that the manifest says it is"
        )
    return found


def check_parts(
    system: Definitions,
    parts: Sequence[tuple[str, Definitions]],
    seconds: int,
    children: int = 1,
) -> Iterator[CheckedPart]:
    """The obligations of each claim, derived and asked. Raises ProofError where a claim says more than a
    claim may."""
    claims = {}
    for name, part in parts:
        claims[name] = Claim(system, part)
        claims[name].refuse_intrusion()
    rows = {row: f"|transition {row}|" for row in system.named("transition")}
    together: Node = ["or", "false", *rows.values()]
    quick = [
        Question(name, claim.part, claim.obligations({"any row": together}))
        for name, claim in claims.items()
    ]
    for answer in _answered(system, quick, seconds, children):
        claim = claims[answer.name]
        if not answer.failed:
            yield replace(answer, obligations=1 + len(rows))
            continue
        # Row by row, to name the one that is at fault.
        named = claim.obligations(rows)
        slow = [Question(answer.name, claim.part, named)]
        found = next(iter(_answered(system, slow, seconds)))
        yield found if found.failed else answer


def question_about_system(name: str, system: Definitions) -> Question:
    """That the system has first states and that each of its transitions is possible, or a proof would
    be about nothing. Raises ProofError where a step is something else than one of its rows."""
    rows = [f"|transition {n}|" for n in system.named("transition")]
    if not rows or system.body("|step|") != ["or", "false", *rows]:
        raise ProofError(
            f"{system.name}: a step is not exactly one of its transitions"
        )
    first: Node = system.body("|first states|")
    possible = [("has a first state", first, "sat")]
    possible += [(f"{row[1:-1]} can happen", row, "sat") for row in rows]
    return Question(f"system {name}", None, possible)


def _answered(
    system: Definitions,
    questions: Sequence[Question],
    seconds: int,
    children: int = 1,
) -> Iterator[CheckedPart]:
    """Each of so many children answers a share of the questions about a system."""
    shares = [questions[n::children] for n in range(children)]
    with ThreadPoolExecutor(children) as pool:
        found = pool.map(lambda s: _asked_of_one(system, s, seconds), shares)
        parts = {part.name: part for share in found for part in share}
    yield from (parts[question.name] for question in questions)


def _asked_of_one(
    system: Definitions, questions: Sequence[Question], seconds: int
) -> list[CheckedPart]:
    """One child answers all questions. Where it ends early the question that it was at has failed, and
    another goes on behind it."""
    waiting, found = list(questions), []
    while waiting:
        script = _declarations(system, ())
        for question in waiting:
            script += _script_of(question, system)
        answers = ask("\n".join(script), seconds * len(waiting))
        has_ended = False
        while waiting and not has_ended:
            question = waiting.pop(0)
            own = answers[: len(question.conditions)]
            answers = answers[len(question.conditions) :]
            # What came instead of an answer is the child's last word.
            has_ended = not set(own) <= ANSWERS or not own
            found.append(_judge(question, own, system))
    return found


def _judge(
    question: Question, answers: Sequence[str], system: Definitions
) -> CheckedPart:
    file = question.part.name if question.part is not None else system.name
    for number, (obligation, _, wanted) in enumerate(question.conditions):
        answer = answers[number] if number < len(answers) else "no answer"
        if answer != wanted:
            return CheckedPart(
                name=question.name,
                file=file,
                obligations=number,
                failed=f"{obligation}: {answer}",
            )
    return CheckedPart(question.name, file, len(question.conditions))


def _script_of(question: Question, system: Definitions) -> list[str]:
    lines = ["(push 1)"]
    if question.part is not None:
        lines += _declarations(question.part, system.texts())
    for _, condition, _ in question.conditions:
        lines += [
            "(push 1)",
            f"(assert {write_node(condition)})",
            "(check-sat)",
            "(pop 1)",
        ]
    return [*lines, "(pop 1)"]


def _declarations(file: Definitions, texts: Iterable[str]) -> list[str]:
    """All names of a file, written again by us beside the `texts` that are declared. Texts are distinct."""
    known = set(texts)
    lines = [] if known else ["(set-logic QF_UFLIA)", "(declare-sort Text 0)"]
    for symbol, sort in file.sorts.items():
        if symbol in file.bodies:
            body = write_node(file.bodies[symbol])
            lines.append(f"(define-fun {symbol} () {sort} {body})")
        elif symbol not in known:
            lines.append(f"(declare-const {symbol} {sort})")
    distinct = sorted(known | file.texts())
    if len(distinct) > 1:
        lines.append(f"(assert (distinct {' '.join(distinct)}))")
    return lines
