"""How a target is tried whose time is mostly real, and which nobody here wrote: more instances side by side
share the chapters of its tour, a violation stops nothing, and a shorter way is looked for last, with what is
left of the budget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from earwitness.conformance.running.chapters import (
    Chapter,
    may_try_chapters,
    read_chapters,
    try_chapter,
)
from earwitness.conformance.running.check_session import (
    FEWEST_RUNS,
    SERVED_SEARCH_SHARE,
    TWINS_SHARE,
)
from earwitness.conformance.running.companions import (
    Companions,
    Told,
    claim,
)
from earwitness.conformance.running.conductor import Conductor
from earwitness.conformance.running.long_quiet import try_long_quiet
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.second_instance import (
    LONG_QUIET,
    can_have_second,
)
from earwitness.conformance.running.shrink import failure_of

GRACE = 0.05
"""Share of the budget for what companions have begun when the search ends: 20 s, as a slow sequence takes."""
REPLAY = "what was violated once, tried again"
"""The purpose of a run: whether a violation that one run showed is seen again by the same steps."""


@dataclass
class ServedConductor(Conductor):
    _company: Companions | None = None
    _is_hearing: bool = False
    _done: set[str] = field(default_factory=set)
    """Chapters that were tried."""
    _long: dict[str, Run] = field(default_factory=dict)
    """By clause, a run that violates it, for which a shorter way is still to be looked for."""

    def close(self) -> None:
        if self._company is not None:
            self._company.stop()
        super().close()

    def conduct(self) -> None:
        super().conduct()
        self.await_companions()
        self.shorten_late()

    def begin_others(self) -> None:
        if self.plan.company is not None and can_have_second(self.harness):
            self._company = self.plan.company()

    def try_patience(self) -> None:
        if self._company is None:
            self.try_long_quiet()
            self.try_storms()
        self.compare_pairs()

    def try_long_quiet(self) -> None:
        quiet = try_long_quiet(
            self.harness,
            goes_on=lambda: self.harness.budget.allows(TWINS_SHARE),
        )
        if quiet is not None:
            self.take(quiet.run, LONG_QUIET)

    def may_search(self) -> bool:
        """Whoever wrote it wants to know all that is wrong."""
        return True

    def budget_allows(self) -> bool:
        return self.harness.budget.allows(SERVED_SEARCH_SHARE)

    def take(self, run: Run, purpose: str) -> None:
        """A device that does not work after a run, and does once it is started again, is no dead one: that is
        told, what the run violated stays, and nothing else is concluded from it."""
        if run.dead and self._works_again():
            text = f"after '{purpose}' it did not work until it was started again: {run.dead}"
            self.note(Finding("not healed", text, blocking=True))
            if not run.violated():
                return
            run = replace(run, dead="")
        super().take(run, purpose)
        self.hear_companions()

    def _works_again(self) -> bool:
        """Whether a request alone is answered, by a device that answered one before."""
        session = self.session
        if session.dead or self.harness.broken or not session.runs:
            return False
        return not self.harness.run(()).dead

    def take_violation(self, run: Run, clause: str) -> None:
        self.tell(f"{clause} is violated")
        failure = failure_of(run, clause)
        assert failure is not None
        self.session.failures[clause], self._long[clause] = failure, run

    def runs_for_shortening(self) -> int:
        return FEWEST_RUNS

    def try_chapters(self) -> None:
        """Each in a run of its own, shared with the companions. What one of those took and did not finish is
        done here."""
        chapters = read_chapters(self.harness.hello, self.harness.seed)
        company = self._company
        for chapter in chapters:
            self.hear_companions()
            if company is None or claim(company.claims, chapter):
                self.try_chapter(chapter)
        while (
            company is not None
            and not self._done.issuperset(c.name for c in chapters)
            and not company.are_over
            and may_try_chapters(self.harness.budget)
        ):
            # A second: how late it is seen that there is no time left.
            self.hear_companions(1.0)
        for chapter in chapters:
            if chapter.name not in self._done:
                self.try_chapter(chapter)

    def try_chapter(self, chapter: Chapter) -> None:
        session = self.session
        if session.dead or self.harness.broken:
            return
        if not may_try_chapters(self.harness.budget):
            text = f"not tried, as the budget was used up: {chapter.name}"
            # A green must not rest on less where the machine is busy.
            self.note(Finding("not tried", text, blocking=True))
            return
        for run in try_chapter(self.harness, chapter):
            self.take(run, chapter.purpose)
        self.finish_chapter(chapter.name)

    def finish_chapter(self, name: str) -> None:
        self._done.add(name)
        self.tell(f"tried {name}")

    def hear_companions(self, seconds: float = 0.0) -> None:
        """Take what they told since the last time; where that is nothing, wait for it so long."""
        company = self._company
        if company is None or self._is_hearing:
            return
        self._is_hearing = True
        try:
            for told in company.told(seconds):
                self.take_told(told)
        finally:
            self._is_hearing = False
        while company.lost:
            self.tell(f"an instance beside ended: {company.lost.pop()}")

    def take_told(self, told: Told) -> None:
        run = told.run
        if run is not None and run.dead:
            # One of many instances on a busy machine may fail once. Twice, it is the target's.
            if self.session.dead or self.harness.broken:
                return
            self.tell(f"again, as an instance beside ended: {run.dead}")
            if run.violated():
                # Whatever it died of, that was seen.
                self.take(replace(run, dead=""), told.purpose)
            run = self.harness.run(run.scenario)
        if run is not None:
            self.take(run, told.purpose)
        if told.chapter:
            self.finish_chapter(told.chapter)
        if told.searched is not None:
            self.note_search(told.searched)
        self.beside += [f for f in told.findings if f not in self.beside]

    def await_companions(self) -> None:
        """Until they have searched as long as they may, and a little longer for what they have begun."""
        while (
            self._company is not None
            and not self._company.are_over
            and not self.session.dead
            and self.harness.budget.allows(SERVED_SEARCH_SHARE + GRACE)
        ):
            self.hear_companions(1.0)  # As above.
        self.hear_companions()
        if self._company is not None:
            self._company.stop()

    def shorten_late(self) -> None:
        """A shorter way for each violated clause, as long as the budget lasts, after what one run alone
        showed was tried again."""
        long = tuple(self._long.items())
        for clause, run in long:
            if self._may_go_on() and self._times_violated(clause) == 1:
                self.tell(f"trying again what violated {clause}")
                self.take(self.harness.run(run.scenario), REPLAY)
        for clause, run in long:
            if not self._may_go_on():
                return
            self.tell(f"looking for a shorter way to violate {clause}")
            self.session.failures[clause] = self.shorten(run, clause)

    def _may_go_on(self) -> bool:
        return (
            self.harness.budget.allows()
            and not self.harness.broken
            and not self.session.dead
        )

    def _times_violated(self, clause: str) -> int:
        """In how many runs."""
        return sum(
            failure_of(run, clause) is not None for run in self.session.runs
        )
