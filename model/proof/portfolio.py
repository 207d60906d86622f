"""Whether a promise holds of a system: the cheap engines first, each for what it is good at."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earwitness.model.proof.encoding import Problem, encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import (
    allows_violation,
    minimal_core,
    read_lemmas,
    recall_invariant,
    write_invariant,
)
from earwitness.model.proof.named_terms import TermError
from earwitness.model.proof.proof import Proof, ProvedConjunct, Standing
from earwitness.model.proof.spacer import (
    SolverAnswer,
    run_spacer,
    search_invariant,
)
from earwitness.model.proof.unroll import BoundedSearch, find_violation
from earwitness.model.systems.cone import cone_of_influence, timed_variables
from earwitness.model.systems.explicit_search import Goal, find_shortest_run
from earwitness.model.systems.random_walk import walk_violates
from earwitness.model.systems.runs import ModelRun, complete_run, is_run_of
from earwitness.model.systems.state_property import (
    Promise,
    StateProperty,
    holds_at_first,
)
from earwitness.model.systems.transition_system import System

SECONDS = 60
"""Limit of one engine on one promise, unless the caller says otherwise."""
QUICK_LOOK = 100_000
"""States searched, and random steps taken, for a violation before a proof is tried: about a second."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An invariant that still names the whole system's variables, or a shortest violating run, or why
    there is neither.

    >>> decide(MICROPHONE_SYSTEM, BROKEN_PROMISE).standing.value
    'refuted'
    """

    standing: Standing
    invariant: tuple[str, ...] = ()
    run: ModelRun | None = None
    reason: str = ""
    was_searched: bool = True


def prove_promises(
    clause: str,
    system: System,
    promises: Mapping[str, Promise],
    stored: Mapping[str, Sequence[str]] | None = None,
    seconds: int = SECONDS,
) -> Proof:
    """Whether every promise holds in every run. `stored` are invariants of an earlier proof, by the
    promises' names: where they still are inductive they spare the search. The first promise that is
    refuted or inconclusive decides.

    >>> prove_promises("MIC-2", MICROPHONE_SYSTEM, {"MIC-2.1": KEPT_PROMISE}).standing.value
    'proved'
    """
    started = clock.perf_counter()
    proved: list[ProvedConjunct] = []
    for name, promise in promises.items():
        decision = decide(
            system=system,
            promise=promise,
            stored=(stored or {}).get(name),
            seconds=seconds,
        )
        spent = round(clock.perf_counter() - started, 3)
        if decision.standing is not Standing.PROVED:
            return Proof(
                clause=clause,
                standing=decision.standing,
                seconds=spent,
                conjuncts=tuple(proved),
                failed=name,
                run=decision.run,
                reason=decision.reason,
            )
        proved.append(
            ProvedConjunct(
                name=name,
                promise=promise,
                invariant=decision.invariant,
                was_searched=decision.was_searched,
            )
        )
    return Proof(
        clause=clause,
        standing=Standing.PROVED,
        seconds=round(clock.perf_counter() - started, 3),
        conjuncts=tuple(proved),
    )


def decide(
    system: System,
    promise: Promise,
    stored: Sequence[str] | None = None,
    seconds: int = SECONDS,
) -> Decision:
    """A stored invariant first; then explicit search and random walks for a violation, lemmas and
    Spacer for a proof, and longer and longer runs where these found nothing.

    >>> decision = decide(MICROPHONE_SYSTEM, BROKEN_PROMISE)
    >>> decision.standing.value, [step.transition.name for step in decision.run.steps]
    ('refuted', ['switch', 'press', 'switch'])
    """
    whole = encode(system, promise)
    known = recall_invariant(whole, stored) if stored is not None else None
    if known is not None:
        return Decision(
            Standing.PROVED, tuple(stored or ()), was_searched=False
        )
    found = _find_quickly(system, promise)
    if found is not None:
        return Decision(Standing.REFUTED, run=found)
    answer = _search_cone(
        system=system, promise=promise, whole=whole, seconds=seconds
    )
    if answer.standing is Standing.PROVED:
        return _check_answer(whole, promise, answer)
    return _refuted_or_open(
        system=system, promise=promise, answer=answer, seconds=seconds
    )


def decide_with_lemmas(
    system: System,
    promise: Promise,
    known: Sequence[str],
    seconds: int = SECONDS,
) -> Decision:
    """Spacer, helped by conjuncts of other invariants that hold here too: no guess is made, no run is
    looked for. Where it finds no proof nothing is said of the promise.

    >>> known = decide(MICROPHONE_SYSTEM, KEPT_PROMISE).invariant
    >>> decide_with_lemmas(MICROPHONE_SYSTEM, KEPT_PROMISE, known).standing.value
    'proved'
    """
    whole = encode(system, promise)
    cone = cone_of_influence(system, promise, timed_variables(system))
    problem = encode(cone, promise, whole.encoding)
    hints = [
        problem.encoding.term(hint, problem.before) for hint in cone.hints
    ]
    lemmas = inductive_subset(problem, [*read_lemmas(problem, known), *hints])
    if not allows_violation(problem, lemmas):
        answer = SolverAnswer(
            Standing.PROVED, tuple(minimal_core(problem, lemmas))
        )
    else:
        answer = run_spacer(problem, lemmas, seconds)
        if answer.standing is Standing.PROVED:
            answer = SolverAnswer(
                Standing.PROVED,
                tuple(minimal_core(problem, [*lemmas, *answer.invariant])),
            )
    if answer.standing is not Standing.PROVED:
        return Decision(
            Standing.INCONCLUSIVE,
            reason=answer.reason or "no proof from known lemmas",
        )
    return _check_answer(whole, promise, answer)


def _find_quickly(system: System, promise: Promise) -> ModelRun | None:
    if isinstance(promise, StateProperty) and not holds_at_first(
        system, promise.verdict
    ):
        return ModelRun(next(system.first_states()), ())
    return complete_run(
        system,
        find_shortest_run(
            system=system,
            promise=promise,
            goal=Goal.VIOLATED,
            limit=QUICK_LOOK,
        ),
    )


def _search_cone(
    system: System, promise: Promise, whole: Problem, seconds: int
) -> SolverAnswer:
    """First in the promise's cone. The cone allows more than the system, so only with all that limits
    speak of can it refute. Random walks take longer than lemmas that suffice, and shorter than Spacer."""
    timed = cone_of_influence(system, promise, timed_variables(system))
    cone = cone_of_influence(system, promise)
    refuted = False

    def look_for_violation() -> bool:
        nonlocal refuted
        refuted = walk_violates(timed, promise, QUICK_LOOK)
        return refuted

    answer = search_invariant(
        problem=encode(cone, promise, whole.encoding),
        system=cone,
        promise=promise,
        seconds=seconds,
        is_refuted=look_for_violation,
    )
    if answer.standing is Standing.PROVED or refuted:
        return answer
    return search_invariant(
        problem=encode(timed, promise, whole.encoding),
        system=timed,
        promise=promise,
        seconds=seconds,
    )


def _check_answer(
    whole: Problem, promise: Promise, answer: SolverAnswer
) -> Decision:
    try:
        texts = write_invariant(whole, answer.invariant)
    except TermError as error:
        return Decision(
            Standing.INCONCLUSIVE,
            reason=f"the invariant found cannot be written down: {error}",
        )
    if isinstance(promise, StateProperty):
        # What holds after every step is an invariant itself; a checker then needs no other rule.
        property_text = write_invariant(whole, [whole.first_verdict])
        texts = (
            *texts,
            *(text for text in property_text if text not in texts),
        )
    if recall_invariant(whole, texts) is None:
        return Decision(
            Standing.INCONCLUSIVE,
            reason="the invariant found does not hold of the whole system",
        )
    return Decision(Standing.PROVED, texts)


def _refuted_or_open(
    system: System, promise: Promise, answer: SolverAnswer, seconds: int
) -> Decision:
    bounded = find_whole_violation(system, promise, seconds)
    if bounded.run is not None:
        return Decision(Standing.REFUTED, run=bounded.run)
    if answer.standing is Standing.REFUTED:
        reason = (
            f"refuted, but the shortest run has more than {bounded.depth} events "
            f"and was not found within {seconds} s"
        )
        return Decision(Standing.REFUTED, reason=reason)
    reason = (
        f"the solver gave no answer within {seconds} s ({answer.reason}); "
        f"no run of up to {bounded.depth} events violates it"
    )
    return Decision(Standing.INCONCLUSIVE, reason=reason)


def find_whole_violation(
    system: System, promise: Promise, seconds: int
) -> BoundedSearch:
    """A run of fewest events of the whole system that violates the promise, if one was found. The cone
    allows more, so what it admits at a depth, and the system does too, is shortest; only where the
    system does not is more of it looked at.

    >>> run = find_whole_violation(MICROPHONE_SYSTEM, BROKEN_PROMISE, seconds=10).run
    >>> [step.transition.name for step in run.steps]
    ['switch', 'press', 'switch']
    """
    bounded = find_violation(
        cone_of_influence(system, promise), promise, seconds
    )
    run = complete_run(system, bounded.run)
    if run is None or is_run_of(system, run):
        return BoundedSearch(run, bounded.depth)
    timed = cone_of_influence(system, promise, timed_variables(system))
    bounded = find_violation(timed, promise, seconds)
    return BoundedSearch(complete_run(system, bounded.run), bounded.depth)
