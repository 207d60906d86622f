"""What must be known of a check beside its traces: what could be seen, what is in doubt, what was tried."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.atoms import atoms
from earwitness.conformance.running.certificates import (
    describe_doubt,
)
from earwitness.conformance.running.check_session import (
    UNEXPLAINED,
    CheckSession,
)
from earwitness.conformance.running.judgement import Circumstances, Trial
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.paired_runs import (
    Comparison,
    RunLikeness,
)
from earwitness.conformance.running.past_doors import UNDISCLOSED
from earwitness.conformance.running.sight import sight_of, view_of
from earwitness.conformance.running.trials import try_button, try_controls
from earwitness.conformance.running.twin_runs import UNREAD_STORE
from earwitness.conformance.running.undeclared_stores import UNDECLARED_STORE
from earwitness.model.trace import Origin
from earwitness.policies.pack import Clause, Kind

SENT = "stream.audio"
"""The event of sound that leaves."""

KEPT = "record.found"
"""The event of something of the test that was found in a store."""

BUTTON_BOUND = 100_000
"""Microseconds within which the button must have acted, where no pack says otherwise."""


def circumstances_of(
    session: CheckSession,
    clauses: Sequence[Clause],
    *,
    bound: int = BUTTON_BOUND,
) -> Circumstances:
    """What must be known of a check beside its traces. `bound` is how soon the button must act, in
    microseconds."""
    view = view_of(
        session.hello,
        [run.stores for run in session.runs],
        carried=session.carried,
        confined=session.confined,
    )
    doubts = doubts_of(clauses, session.findings)
    if doubt := describe_doubt(session.certificates):
        doubts["STR-2"] = doubt
    return Circumstances(
        sight={
            **sight_of(view),
            **dict.fromkeys(session.witnessed, Origin.WITNESSED),
        },
        capabilities=session.hello.capabilities,
        heard=session.heard,
        dead=session.dead,
        doubts=doubts,
        trials=trials_of(session, clauses, bound),
    )


def doubts_of(
    clauses: Sequence[Clause], findings: Sequence[Finding]
) -> dict[str, str]:
    """By clause, why findings leave open what was sent or kept."""
    kept = [
        f.text
        for f in findings
        if f.blocking and f.kind in (UNREAD_STORE, UNDECLARED_STORE)
    ]
    about = {
        KEPT: kept[0] if kept else "",
        SENT: doubt_of_what_left(findings),
    }
    return {
        clause: doubt
        for event, doubt in about.items()
        if doubt
        for clause in clauses_about(clauses, event)
    }


def clauses_about(clauses: Sequence[Clause], event: str) -> list[str]:
    """The clauses that rest on an event."""
    return [
        clause.id
        for clause in clauses
        if any(
            atom.name == event
            for conjunct in clause.conjuncts
            for atom in atoms(conjunct.formula)
        )
    ]


def doubt_of_what_left(findings: Sequence[Finding]) -> str:
    """Why it is not known whether sound left, or ''."""
    ways = [
        f.text
        for f in findings
        if f.blocking and f.kind in (UNDISCLOSED, UNEXPLAINED)
    ]
    return f"sound may have left unseen: {ways[0]}" if ways else ""


def trials_of(
    session: CheckSession, clauses: Sequence[Clause], bound: int
) -> dict[str, Trial]:
    """Every clause that no single trace decides, as it was tried."""
    words = {
        name: profile.wake_words[0]
        for name, profile in session.hello.profiles.items()
        if profile.wake_words
    }
    trials = {}
    for clause in clauses:
        if clause.kind is Kind.TWO_RUN and session.comparison is not None:
            trials[clause.id] = trial_of_comparison(session.comparison)
        elif clause.transition == "press_microphone":
            trials[clause.id] = try_button(
                [run.trace for run in session.runs], bound
            )
        elif clause.transition == "organisation_controls_setting":
            trials[clause.id] = try_controls(
                [run.journal for run in session.runs], words
            )
    return trials


def trial_of_comparison(found: Comparison) -> Trial:
    """What paired runs say of the two-run promise."""
    match found.likeness:
        case RunLikeness.APART:
            return Trial(
                verdict=Verdict.VIOLATED,
                evidence=Origin.WITNESSED,
                exercised=found.runs,
                reason=found.reason,
            )
        case RunLikeness.UNKNOWN:
            return Trial(Verdict.INCONCLUSIVE, reason=found.reason)
    return Trial(Verdict.SATISFIED, Origin.WITNESSED, found.runs)
