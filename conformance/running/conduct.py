"""How a target is tried: tour, certificates, paired runs, search. What each brings is kept as it comes, and
each violated clause is shrunk."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from earwitness.conformance.gate.verdict import Verdict, weakest
from earwitness.conformance.running.atoms import atoms
from earwitness.conformance.running.certificates import (
    CertificateRun,
    describe_doubt,
    try_certificates,
)
from earwitness.conformance.running.fast_form import (
    FastForm,
    SearchBeside,
    Searched,
)
from earwitness.conformance.running.harness import Harness, Run, clause_of
from earwitness.conformance.running.judgement import Circumstances, Trial
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.paired_runs import (
    Comparison,
    RunLikeness,
    compare,
)
from earwitness.conformance.running.past_doors import UNDISCLOSED
from earwitness.conformance.running.possible import is_served
from earwitness.conformance.running.satellite_tour import (
    chapters_of,
    variants,
    was_tried,
)
from earwitness.conformance.running.search import Runner, search
from earwitness.conformance.running.second_instance import (
    STORM,
    STORMS_SHARE,
    TWO_RUNS,
    SecondInstance,
    can_have_second,
)
from earwitness.conformance.running.shrink import (
    MOST_RUNS,
    Failure,
    failure_of,
    shrink,
)
from earwitness.conformance.running.sight import sight_of, view_of
from earwitness.conformance.running.storms import try_storms
from earwitness.conformance.running.tour import tour
from earwitness.conformance.running.trials import try_button, try_controls
from earwitness.conformance.running.twin_runs import (
    KEEPING,
    TwinResult,
    describe_twins,
    try_twins,
)
from earwitness.conformance.running.undeclared_stores import UNDECLARED_STORE
from earwitness.conformance.targets.protocol import Hello, TargetError
from earwitness.conformance.targets.witnessed_target import witnessed_by
from earwitness.conformance.vectors.vector import Vector
from earwitness.conformance.witnesses.certificates import Outcome
from earwitness.conformance.witnesses.twins import TwinOutcome
from earwitness.model.trace import Observation, Origin
from earwitness.policies.pack import Clause, Kind

Tell = Callable[[str], None]
Keep = Callable[[int, Sequence[Observation]], None]
"""Takes the observations of each run, with its number, as soon as the run is over."""
FEW_RUNS = 12
"""Runs for shrinking each clause after the second: they mostly fail by the same cause."""
FEWEST_RUNS = 4
"""Runs for shrinking where each takes seconds and the scenarios are short anyway."""
SEARCH_SHARE = 0.85
"""Share of the budget after which no new sequence is begun: the rest is for shrinking and writing."""
TWINS_SHARE = 0.6
"""Share of the budget after which twins are tried on no further device."""
SENT = "stream.audio"
"""The event of sound that leaves."""
KEPT = "record.found"
"""The event of something of the test that was found in a store."""
UNREAD_STORE = "unread store"
"""The kind of a finding: a store grows with what is said, by what nobody could read."""
UNEXPLAINED = "unexplained"
"""The kind of a finding: more left than may be, of what nobody could read."""
BUTTON_BOUND = 100_000
"""Microseconds within which the button must have acted, where no pack says otherwise."""


@dataclass
class CheckSession:
    """What the runs of one check have come to."""

    hello: Hello
    runs: list[Run] = field(default_factory=list)
    purposes: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    comparison: Comparison | None = None
    certificates: list[CertificateRun] = field(default_factory=list)
    twins: list[TwinResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    searched: list[Searched] = field(default_factory=list)
    dead: str = ""
    carried: bool = False
    confined: bool = False
    witnessed: frozenset[str] = frozenset()
    """Events that witnesses see which whoever runs the check has named."""

    @property
    def heard(self) -> Origin | None:
        """On whose word it rests that requests were heard and answered."""
        known = [run.heard for run in self.runs if run.heard is not None]
        return weakest(known)


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """At most so many sequences, beginning with ways to what the model has. A target with a fast form is
    searched there, `beside` what is done with the target itself, and `again` without the clauses whose
    violations were not confirmed."""

    sequences: int
    vectors: tuple[Vector, ...] = ()
    fast_form: Callable[[], FastForm] | None = None
    beside: SearchBeside | None = None
    again: Callable[[frozenset[str]], Searched] | None = None
    second: Callable[[bool], SecondInstance] | None = None
    """Begins a second instance of the target, which compares paired runs or does not."""


def conduct(
    harness: Harness,
    plan: SearchPlan,
    tell: Tell,
    keep: Keep,
    is_chosen: Callable[[str], bool] = lambda clause: True,
    enough: frozenset[str] = frozenset(),
) -> CheckSession:
    """Try everything. Whatever the target does wrong ends in the session, never in an error. Of violations of
    clauses that are not chosen no shorter way is looked for; with the first violation of one of `enough` all
    ends, as nothing that follows takes it back."""
    session = CheckSession(
        harness.hello,
        carried=harness.watched,
        confined=harness.confined,
        witnessed=witnessed_by(harness.target),
    )
    conductor = _Conductor(
        harness=harness,
        session=session,
        plan=plan,
        tell=tell,
        keep=keep,
        is_chosen=is_chosen,
        enough=enough,
    )
    try:
        conductor.conduct()
    except _EnoughSeen:
        pass
    except TargetError as error:
        session.dead = session.dead or str(error)
    finally:
        conductor.close()
    last = harness.end()
    if last is not None:
        with contextlib.suppress(_EnoughSeen):
            conductor.take(last, "end")
    session.findings += harness.past_doors.findings()
    session.findings += harness.stores.undeclared.findings()
    return session


class _EnoughSeen(Exception):
    """What was waited for was seen."""


@dataclass
class _Conductor:
    harness: Harness
    session: CheckSession
    plan: SearchPlan
    tell: Tell
    keep: Keep
    is_chosen: Callable[[str], bool]
    enough: frozenset[str]
    _fast_form: FastForm | None = None
    _second: SecondInstance | None = None

    @property
    def is_patient(self) -> bool:
        """Whether the search goes on after a violation. A target nobody here wrote breaks several promises at
        once, and whoever wrote it wants to know them all."""
        return is_served(self.session.hello)

    def close(self) -> None:
        """End what runs beside, and the fast form."""
        self.stop_beside()
        if self._second is not None:
            self._second.stop()
        if self._fast_form is not None:
            self._fast_form.close()

    def conduct(self) -> None:
        harness, session = self.harness, self.session
        if self.plan.second is not None and can_have_second(harness):
            self._second = self.plan.second(self.shows_metrics)
        self.begin("tour: requests, presses, power, network, calls")
        first = harness.run(
            tour(harness.hello, random.Random(f"tour {harness.seed}"))
        )
        self.take(first, "tour")
        self.tell(
            f"tour done: {len(first.trace)} observations, {first.voice} uploads of voice witnessed"
        )
        self.try_chapters()
        if session.dead:
            return
        self.begin("certificates: strangers answer at the doors")
        for tried in try_certificates(harness):
            session.certificates.append(tried)
            self.take(tried.run, "certificate")
            if tried.outcome is Outcome.ACCEPTED and not any(
                o.event == "stream.audio" for o in tried.run.trace
            ):
                text = f"{tried.device} accepted a certificate of {tried.presented.value}"
                session.findings.append(
                    Finding(
                        "certificate accepted",
                        text,
                        tried.device,
                        blocking=True,
                    )
                )
        self.begin("twins: the same steps with speech and without")
        for twins in try_twins(
            harness, lambda: harness.budget.allows(TWINS_SHARE)
        ):
            session.twins.append(twins)
            if (
                twins.situation == KEEPING
                and twins.comparison.outcome is TwinOutcome.APART
            ):
                text = f"{twins.device} keeps what nobody can read of a request: {twins.comparison.sentence}"
                session.findings.append(
                    Finding(UNREAD_STORE, text, twins.device, blocking=True)
                )
            self.take(twins.run, f"twins: {twins.situation}")
        self.tell(f"twins done: {describe_twins(session.twins)}")
        self.begin("storms and paired runs: faults in pairs; other voices")
        if not self.take_second():
            self.try_storms()
            self.compare_pairs()
        if session.comparison is not None:
            look = session.comparison.likeness.value
            self.tell(
                f"runs in other words and other voices look {look} to those who see metrics"
            )
        sequences = self.plan.sequences
        if not sequences or (session.failures and not self.is_patient):
            return
        self.begin(f"search: at most {self.plan.sequences} sequences")
        found = self.found_beside()
        if found is not None:
            self.confirm_found(found)
        else:
            self.search(first)

    @property
    def shows_metrics(self) -> bool:
        """Whether somebody can be asked what metrics there are."""
        return self.session.hello.capabilities.get("access", False)

    def take_second(self) -> bool:
        """What a second instance came to, and whether there was one that could be driven."""
        if self._second is None:
            return False
        try:
            found = self._second.found()
        except TargetError as error:
            self.tell(f"no second instance: {error}")
            return False
        session = self.session
        session.comparison = found.comparison
        session.findings += [
            finding
            for finding in found.findings
            if finding not in session.findings
        ]
        for purpose, run in found.runs:
            self.take(run, purpose)
        return True

    def try_storms(self) -> None:
        for weathered in try_storms(
            self.harness, lambda: self.harness.budget.allows(STORMS_SHARE)
        ):
            self.take(weathered.run, STORM)
            if weathered.finding is not None:
                self.session.findings.append(weathered.finding)

    def compare_pairs(self) -> None:
        if self.shows_metrics:
            self.session.comparison = compare(
                self.harness, lambda run: self.take(run, TWO_RUNS)
            )

    def search(self, first: Run) -> None:
        """On the target itself."""
        state = search(
            runner=self.harness,
            keep_on=self.goes_on,
            take=lambda run: self.take(run, "search"),
            before=first.trace,
            vectors=self.plan.vectors,
        )
        self.note_search(
            Searched(
                where="on the target itself",
                sequences=state.sequences,
                steps=state.steps,
                items=frozenset(state.visits),
                facts=state.facts,
            )
        )

    def begin(self, what: str) -> None:
        """Tell what is tried next, and how much of the budget is left."""
        self.tell(f"{what} ({self.harness.budget.left:.0f} s left)")

    def try_chapters(self) -> None:
        """Each in a run of its own; every run but the last ends as the next begins, with a control."""
        harness, session = self.harness, self.session
        chance = random.Random(f"chapters {harness.seed}")
        for name, scenario in chapters_of(harness.hello, chance):
            if session.dead or harness.broken:
                return
            for tried in variants(scenario):
                run = harness.run(tried, control_before=False)
                self.take(run, f"tour: {name}")
                if run.dead or was_tried(run):
                    break
            self.tell(f"tried {name}")

    def found_beside(self) -> Searched | None:
        """What the search on the fast form found; None where there is none, or it broke."""
        if self.plan.beside is None:
            return None
        try:
            return self.plan.beside.found()
        except TargetError as error:
            self.session.findings.append(Finding("not searched", str(error)))
            return None

    def confirm_found(self, found: Searched) -> None:
        """Confirm it; what is not confirmed is searched on without."""
        unconfirmed = frozenset[str]()
        while True:
            self.note_search(found)
            unconfirmed |= {failure.clause for failure in found.failures}
            if not found.failures or self.confirm(found.failures):
                return
            if self.plan.again is None or not self.budget_allows():
                return
            found = self.plan.again(unconfirmed)

    def note_search(self, found: Searched) -> None:
        self.session.searched.append(found)
        self.tell(
            f"search done {found.where}: {found.sequences} sequences of {found.steps} steps,"
            f" {len(found.items)} items visited"
        )

    def confirm(self, failures: Sequence[Failure]) -> bool:
        """Run on the target what violated a clause on its fast form; whether any of it was confirmed."""
        for failure in failures:
            run = self.harness.run(failure.scenario)
            self.take(run, "search")
            if failure.clause not in self.session.failures:
                text = (
                    f"{failure.clause} is violated by {len(failure.scenario)} steps on the fast form,"
                    " and was not on the target"
                )
                self.session.findings.append(Finding("not confirmed", text))
        return bool(self.session.failures)

    def budget_allows(self) -> bool:
        return self.harness.budget.allows(SEARCH_SHARE)

    def goes_on(self, done: int) -> bool:
        """Whether the search begins another sequence."""
        session = self.session
        return (
            done < self.plan.sequences
            and self.budget_allows()
            and (self.is_patient or not session.failures)
            and not session.dead
        )

    def take(self, run: Run, purpose: str) -> None:
        """Keep a run, and shrink every clause that it is the first to violate."""
        session = self.session
        self.keep(len(session.runs), run.trace)
        session.runs.append(run)
        session.purposes.append(purpose)
        session.findings += [
            f for f in run.findings if f not in session.findings
        ]
        known = {f.kind for f in session.findings}
        session.findings += [
            Finding(UNEXPLAINED, text, blocking=True)
            for text in run.unexplained
            if UNEXPLAINED not in known
        ]
        violated = dict.fromkeys(clause_of(name) for name in run.violated())
        for clause in violated:
            if clause not in session.failures and self.is_chosen(clause):
                self.tell(f"{clause} is violated; looking for a shorter way")
                session.failures[clause] = self.shorten(run, clause)
        session.dead = session.dead or run.dead
        if self.enough.intersection(violated):
            raise _EnoughSeen

    def shorten(self, run: Run, clause: str) -> Failure:
        """The shortest scenario found that violates the clause on the target itself."""
        failure = failure_of(run, clause)
        assert failure is not None
        if len(run.scenario) <= 1 or not self.harness.budget.allows():
            return failure
        most = FEW_RUNS if len(self.session.failures) > 1 else MOST_RUNS
        if self.is_patient:
            most = FEWEST_RUNS
        if self.plan.fast_form is None:
            return self.shrink_on(
                runner=self.harness, run=run, clause=clause, most=most
            )
        shorter = self.shortened_on_fast_form(run, clause, most)
        return shorter or self.shrink_on(
            runner=self.harness, run=run, clause=clause, most=FEW_RUNS
        )

    def shortened_on_fast_form(
        self, run: Run, clause: str, most: int
    ) -> Failure | None:
        """As it is on the target itself; None where the fast form, or the target after it, does not violate
        the clause."""
        self.stop_beside()
        form = self.fast_form()
        again = form.run(run.scenario, controls=False)
        if failure_of(again, clause) is None:
            return None
        short = self.shrink_on(
            runner=form, run=again, clause=clause, most=most
        )
        confirmed = self.harness.run(short.scenario, controls=False)
        return failure_of(confirmed, clause)

    def shrink_on(
        self, runner: Runner, run: Run, clause: str, most: int
    ) -> Failure:
        return shrink(
            runner=runner,
            clause=clause,
            run=run,
            most=most,
            goes_on=self.harness.budget.allows,
        )

    def stop_beside(self) -> None:
        """What it would find is not needed: something is violated already, or all is over."""
        if self.plan.beside is not None:
            self.plan.beside.stop()

    def fast_form(self) -> FastForm:
        if self._fast_form is None:
            assert self.plan.fast_form is not None
            self._fast_form = self.plan.fast_form()
        return self._fast_form


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
        failures={
            clause: number for number, clause in enumerate(session.failures)
        },
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
