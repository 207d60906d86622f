"""The order in which a target is tried: tour, certificates, paired runs, search. What each brings is kept as
it comes, and each violated clause is shrunk."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from earwitness.conformance.running.certificates import (
    try_certificates,
)
from earwitness.conformance.running.check_session import (
    FEW_RUNS,
    SEARCH_SHARE,
    TWINS_SHARE,
    CheckSession,
    EnoughSeen,
    Keep,
    SearchPlan,
    Tell,
)
from earwitness.conformance.running.fast_form import (
    FastForm,
    Searched,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.long_quiet import try_long_quiet
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.paired_runs import (
    compare,
)
from earwitness.conformance.running.run import Run, clause_of
from earwitness.conformance.running.search import Runner, search
from earwitness.conformance.running.second_instance import (
    LONG_QUIET,
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
from earwitness.conformance.running.storms import try_storms
from earwitness.conformance.running.tour import tour
from earwitness.conformance.running.twin_runs import (
    describe_twins,
    try_twins,
)
from earwitness.conformance.targets.protocol import TargetError


@dataclass
class Conductor:
    harness: Harness
    session: CheckSession
    plan: SearchPlan
    tell: Tell
    keep: Keep
    is_chosen: Callable[[str], bool]
    enough: frozenset[str]
    beside: list[Finding] = field(default_factory=list)
    """What other instances found in all their runs together."""
    _fast_form: FastForm | None = None
    _second: SecondInstance | None = None

    def close(self) -> None:
        """End what runs beside, and the fast form."""
        self.stop_beside()
        if self._second is not None:
            self._second.stop()
        if self._fast_form is not None:
            self._fast_form.close()

    def conduct(self) -> None:
        harness, session = self.harness, self.session
        self.begin_others()
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
            self.note(tried.finding)
        self.begin("twins: the same steps with speech and without")
        for twins in try_twins(
            harness, lambda: harness.budget.allows(TWINS_SHARE)
        ):
            session.twins.append(twins)
            self.note(twins.finding)
            self.take(twins.run, f"twins: {twins.situation}")
        self.tell(f"twins done: {describe_twins(session.twins)}")
        self.begin(
            "paired runs in other voices, a long quiet, and storms of faults"
        )
        self.try_patience()
        if session.comparison is not None:
            look = session.comparison.likeness.value
            self.tell(
                f"runs in other words and other voices look {look} to those who see metrics"
            )
        if self.plan.sequences and self.may_search():
            self.search_further(first)

    def begin_others(self) -> None:
        """More instances, where the target allows it."""
        if self.plan.second is not None and can_have_second(self.harness):
            self._second = self.plan.second(self.session.shows_metrics)

    def try_chapters(self) -> None:
        """Further parts of the tour, where the target has any."""

    def try_patience(self) -> None:
        """Paired runs, a long quiet and storms, on a second instance or here."""
        if not self.take_second():
            self.try_long_quiet()
            self.try_storms()
            self.compare_pairs()

    def may_search(self) -> bool:
        """Whether a search is still worth it: one violation is enough."""
        return not self.session.failures

    def search_further(self, first: Run) -> None:
        """On the fast form where there is one, or else on the target itself."""
        self.begin(f"search: at most {self.plan.sequences} sequences")
        found = self.found_beside()
        if found is not None:
            self.confirm_found(found)
        else:
            self.search(first)

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

    def try_long_quiet(self) -> None:
        quiet = try_long_quiet(self.harness)
        if quiet is not None:
            self.take(quiet.run, LONG_QUIET)

    def try_storms(self) -> None:
        for weathered in try_storms(
            self.harness, lambda: self.harness.budget.allows(STORMS_SHARE)
        ):
            self.take(weathered.run, STORM)
            self.note(weathered.finding)

    def compare_pairs(self) -> None:
        if self.session.shows_metrics:
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

    def note(self, finding: Finding | None) -> None:
        """Keep what was found, if anything was."""
        if finding is not None:
            self.session.findings.append(finding)

    def begin(self, what: str) -> None:
        """Tell what is tried next, and how much of the budget is left."""
        self.tell(f"{what} ({self.harness.budget.left:.0f} s left)")

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
            and self.may_search()
            and not session.dead
        )

    def take(self, run: Run, purpose: str) -> None:
        """Keep a run, and shrink every clause that it is the first to violate."""
        session = self.session
        self.keep(len(session.runs), run.trace)
        session.add(run, purpose)
        violated = dict.fromkeys(clause_of(name) for name in run.violated())
        for clause in violated:
            if clause not in session.failures and self.is_chosen(clause):
                self.take_violation(run, clause)
        session.dead = session.dead or run.dead
        if self.enough.intersection(violated):
            raise EnoughSeen

    def take_violation(self, run: Run, clause: str) -> None:
        """The first of a clause."""
        self.tell(f"{clause} is violated; looking for a shorter way")
        self.session.failures[clause] = self.shorten(run, clause)

    def shorten(self, run: Run, clause: str) -> Failure:
        """The shortest scenario found that violates the clause on the target itself."""
        failure = failure_of(run, clause)
        assert failure is not None
        if len(run.scenario) <= 1 or not self.harness.budget.allows():
            return failure
        most = self.runs_for_shortening()
        if self.plan.fast_form is None:
            return self.shrink_on(
                runner=self.harness, run=run, clause=clause, most=most
            )
        shorter = self.shortened_on_fast_form(run, clause, most)
        return shorter or self.shrink_on(
            runner=self.harness, run=run, clause=clause, most=FEW_RUNS
        )

    def runs_for_shortening(self) -> int:
        """At most, for the next clause."""
        return FEW_RUNS if len(self.session.failures) > 1 else MOST_RUNS

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
