"""One implementation examined: driven by a plan, judged by packs. Without proofs and without a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from earwitness.conformance.gate.verdict import ClauseResult, Exit, gate
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.check_session import (
    SEARCH_SHARE,
    CheckSession,
    Keep,
    SearchPlan,
    Tell,
)
from earwitness.conformance.running.circumstances import (
    BUTTON_BOUND,
    circumstances_of,
)
from earwitness.conformance.running.companions import (
    Companions,
    begin_companions,
)
from earwitness.conformance.running.conduct import conduct
from earwitness.conformance.running.fast_form import (
    FastForm,
    SearchBeside,
    Searched,
    SearchOrder,
    search_fast_form,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.judgement import Circumstances, judge
from earwitness.conformance.running.second_instance import (
    SecondInstance,
    SecondOrder,
)
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import (
    OpenedTarget,
    TargetOptions,
    open_target,
)
from earwitness.conformance.targets.reference import fast_form_of
from earwitness.conformance.vectors.vector import Vector
from earwitness.conformance.vectors.vector_file import read_vectors
from earwitness.model.proof.proof import Standing
from earwitness.model.trace import Observation
from earwitness.policies.pack import Clause, Pack
from earwitness.policies.proving.tasks import PROGRESS


@dataclass(frozen=True, slots=True)
class Plan:
    """What a check is to do: at most so many sequences of the search, so many seconds for one proof, a budget
    of seconds for the implementation, and reasons for what it cannot do."""

    # Limits where nobody gave others; the command gives its own. Chosen: a check of about a minute.
    examples: int = 200
    # Of one proof.
    seconds: int = 60
    proofs: bool = True
    seed: int = 0
    # Chosen: a check of about a minute.
    budget: float = 55.0
    excuses: Mapping[str, str] = field(default_factory=dict)
    """Capability -> why it is not there, from a capability file."""
    confinement: Confinement = Confinement.SEALED
    witnesses: tuple[str, ...] = ()
    """Installed witnesses that look for themselves, by name."""
    only: tuple[str, ...] = ()
    """Clauses that the check is about, by the beginnings of their ids; all where none is given. The others
    are left out, and so such a check is never green."""
    enough: frozenset[str] = frozenset()
    """Clauses of which the first violation ends the check, and of which alone a shorter way is looked for."""

    def is_about(self, clause: str) -> bool:
        """Whether the check is about a clause."""
        return not self.only or clause.startswith(self.only)

    def is_explained(self, clause: str) -> bool:
        """Whether a shorter way to violate the clause is looked for."""
        return self.is_about(clause) and (
            not self.enough or clause in self.enough
        )


@dataclass(frozen=True, slots=True)
class Examination:
    """What an implementation came to. `reason` says why the exit is not 0 where no clause does."""

    session: CheckSession
    circumstances: Circumstances
    results: tuple[ClauseResult, ...]
    exit: Exit
    reason: str


def ignore_line(line: str) -> None:
    """Tell nobody."""


def keep_nothing(number: int, trace: Sequence[Observation]) -> None:
    """Keep no observation."""


def examine(
    target: str,
    packs: Sequence[Pack],
    plan: Plan,
    *,
    tell: Tell = ignore_line,
    keep: Keep = keep_nothing,
    proved: Mapping[str, Standing] | None = None,
    opened: OpenedTarget | None = None,
) -> Examination:
    """Drive the target and judge it. `proved` is what proofs over the model came to, to be shown beside the
    verdicts; `opened` is that target, where it is open already. Raises TargetError where the target cannot be
    driven at all."""
    clauses = tuple(clause for pack in packs for clause in pack.clauses)
    options = TargetOptions(
        confinement=plan.confinement, witnesses=plan.witnesses
    )
    budget = Budget(plan.budget)

    def begin_company() -> Companions:
        return begin_companions(
            target,
            options,
            clauses,
            seed=plan.seed,
            budget=budget,
            sequences=plan.examples,
        )

    with ExitStack() as resources:
        search_plan = replace(
            _search_plan(
                target=target, packs=packs, plan=plan, budget=budget
            ),
            # A witness looks at one instance, so there is no other.
            second=None
            if plan.witnesses
            else lambda compares: SecondInstance(
                SecondOrder(
                    target=target,
                    options=options,
                    clauses=clauses,
                    seed=plan.seed,
                    budget=budget,
                    compares=compares,
                )
            ),
            company=None if plan.witnesses else begin_company,
        )
        if search_plan.beside is not None:
            resources.enter_context(search_plan.beside)
        harness = resources.enter_context(
            Harness(
                target=opened.hand_over()
                if opened is not None
                else open_target(target, options),
                clauses=clauses,
                seed=plan.seed,
                budget=budget,
                hello=opened.hello if opened is not None else None,
            )
        )
        tell(f"driving {harness.hello.name}")
        session = conduct(
            harness=harness,
            plan=search_plan,
            tell=tell,
            keep=keep,
            is_chosen=plan.is_explained,
            enough=plan.enough,
        )
    bound = next(
        (
            pack.parameters["cut"]
            for pack in packs
            if "cut" in pack.parameters
        ),
        BUTTON_BOUND,
    )
    standings = proved or {}
    known = circumstances_of(session, clauses, bound=bound)
    circumstances = replace(
        known,
        doubts={**known.doubts, **left_out(clauses, plan)},
        excuses=plan.excuses,
        proved={name: standing.value for name, standing in standings.items()},
    )
    results = judge(
        clauses, [run.tally for run in session.runs], circumstances
    )
    code, reason = _decide_exit(
        results=results,
        expected=frozenset(c.id for c in clauses),
        session=session,
        standings=standings,
    )
    return Examination(
        session=session,
        circumstances=circumstances,
        results=results,
        exit=code,
        reason=reason,
    )


def left_out(clauses: Iterable[Clause], plan: Plan) -> dict[str, str]:
    """For each clause that the check is not about, why nothing is said of it."""
    return {
        clause.id: f"left out: this check was about {', '.join(plan.only)} alone"
        for clause in clauses
        if not plan.is_about(clause.id)
    }


def _search_plan(
    target: str, packs: Sequence[Pack], plan: Plan, budget: Budget
) -> SearchPlan:
    clauses = tuple(clause for pack in packs for clause in pack.clauses)
    vectors = shipped_vectors(packs)
    left = frozenset(left_out(clauses, plan))
    name = fast_form_of(target)
    if not name or plan.witnesses:
        return SearchPlan(plan.examples, vectors)

    def open_fast_form() -> FastForm:
        return FastForm(
            name=name, clauses=clauses, seed=plan.seed, budget=budget
        )

    order = SearchOrder(
        name,
        clauses,
        vectors,
        seed=plan.seed,
        budget=budget,
        share=SEARCH_SHARE,
        sequences=plan.examples,
        ignored=left,
    )

    def search_again(ignored: frozenset[str]) -> Searched:
        return search_fast_form(replace(order, ignored=left | ignored))

    return SearchPlan(
        sequences=plan.examples,
        vectors=vectors,
        fast_form=open_fast_form,
        beside=SearchBeside(order) if plan.examples else None,
        again=search_again,
    )


def shipped_vectors(packs: Sequence[Pack]) -> tuple[Vector, ...]:
    """Those that come with the packs."""
    files = [pack.file.with_name("vectors.json") for pack in packs]
    return tuple(
        vector
        for file in files
        if file.is_file()
        for vector in read_vectors(file)
    )


def _decide_exit(
    results: tuple[ClauseResult, ...],
    expected: frozenset[str],
    session: CheckSession,
    standings: Mapping[str, Standing],
) -> tuple[Exit, str]:
    code = gate(results, expected)
    if code is Exit.VIOLATED:
        return code, ""
    if session.dead:
        return Exit.NOT_DRIVABLE, session.dead
    reasons = [
        finding.text for finding in session.findings if finding.blocking
    ]
    reasons += [
        f"the model refutes {name}"
        for name, standing in standings.items()
        if standing is Standing.REFUTED
    ]
    if standings.get(PROGRESS, Standing.PROVED) is not Standing.PROVED:
        reasons.append("it is not proved that the model's time never stops")
    if reasons and code is Exit.SATISFIED:
        return Exit.INCONCLUSIVE, reasons[0]
    return code, ""
