"""A log judged by the clauses of packs: what it shows to be violated, what it shows to hold, and what it
leaves open. A log is the device's word at best, and evidence for an absence cannot come from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from pathlib import Path

from earwitness.conformance.gate.mute_levels import is_open_claim
from earwitness.conformance.importers.importer import (
    OBSERVATIONS,
    Importer,
)
from earwitness.conformance.running.log_reading import Entry, Log, read_log
from earwitness.model.logic.english import describe_formula
from earwitness.model.logic.formula import event_names
from earwitness.model.logic.partial_monitor import (
    compile_partial,
    partial_input_values,
)
from earwitness.model.logic.partial_semantics import EVERYTHING, LogView
from earwitness.model.logic.partial_step import (
    PartialOutcome,
    SlicedPartialMonitor,
)
from earwitness.model.logic.per_device import Key
from earwitness.model.trace import Observation, TraceError
from earwitness.policies.pack import Clause, Conjunct, Kind, Pack

HARNESS_ALONE = frozenset({"speech", "record.found"})
"""What only the one who speaks and searches in a test can know. A log shows it where it has such an event."""


class LogVerdict(Enum):
    """What a log says of a clause or conjunct, the worst first. NOT_OBSERVABLE: the log cannot show an event
    that decides. NOT_KNOWN: what was before the log began, or was not given, decides. UNDECIDED: a deadline
    was still open when the log, or a piece of it, ended."""

    VIOLATED = "violated"
    NOT_KNOWN = "not known"
    NOT_OBSERVABLE = "not observable"
    UNDECIDED = "undecided"
    NOT_EXERCISED = "not exercised"
    HOLDS = "holds"


class Beginning(Enum):
    """How a piece of a device's log begins."""

    POWER_ON = "the device gains power"
    MID_LIFE = "in mid-life"
    CLOCK_STEPPED_BACK = "the clock stepped back"


@dataclass(frozen=True, slots=True)
class LogPiece:
    """A stretch of one device's log in which time goes forward; it is judged apart from the others."""

    device: str
    beginning: Beginning
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class ConjunctJudgement:
    """What the log says of one conjunct. `exercised` counts events that exercised it for sure,
    `perhaps_exercised` those that may have; `not_known` counts events after which its truth is not known,
    `violations` those after which it did not hold, `first_violation` is the first of them; `unseen` names the
    events that it speaks of and the log cannot show."""

    name: str
    english: str
    verdict: LogVerdict
    reason: str
    exercised: int
    perhaps_exercised: int
    not_known: int
    violations: int
    first_violation: Entry | None
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClauseJudgement:
    """What the log says of a clause: the worst of its conjuncts."""

    id: str
    title: str
    severity: str
    verdict: LogVerdict
    reason: str
    conjuncts: tuple[ConjunctJudgement, ...]


@dataclass(frozen=True, slots=True)
class LogJudgement:
    """What a log says of all clauses. `gaps` counts the places where the clock stepped back, so that what
    happened in between is unknown; with bad lines the judgement is not complete, and nothing is shown to
    hold."""

    clauses: tuple[ClauseJudgement, ...]
    pieces: tuple[LogPiece, ...]
    gaps: int
    log: Log
    sees: Set[str]

    @property
    def is_violated(self) -> bool:
        return any(
            clause.verdict is LogVerdict.VIOLATED for clause in self.clauses
        )

    @property
    def is_complete(self) -> bool:
        return self.log.bad_line_count == 0


def judge_log_file(
    path: Path,
    packs: Sequence[Pack],
    sees: Set[str] | None = None,
    importer: Importer = OBSERVATIONS,
) -> LogJudgement:
    """As `judge_log`, of a file that the importer reads; where nobody says what its source can show, the
    importer may. Raises TraceError where the file cannot be read."""
    shown = importer.sees if sees is None else sees
    try:
        with path.open("rb") as stream:
            return judge_log(read_log(stream, importer), packs, shown)
    except OSError as error:
        raise TraceError(
            f"{path}: cannot be read ({error.strerror}); name a file of {importer.what}"
        ) from None


def judge_log(
    log: Log, packs: Sequence[Pack], sees: Set[str] | None = None
) -> LogJudgement:
    """What the log says of every clause of the packs. `sees` names the events that its source can show; where
    nobody says so, all but what only a test harness knows. Every clause stands in the result."""
    shown = EVERYTHING - HARNESS_ALONE if sees is None else sees
    shown = shown | {entry.seen.event for entry in log.entries}
    watches = [
        _ConjunctWatch(clause, conjunct, LogView(shown))
        for pack in packs
        for clause in pack.clauses
        for conjunct in clause.conjuncts
    ]
    pieces = [
        _judge_piece(entries, beginning, watches)
        for device_entries in _by_device(log.entries)
        for entries, beginning in _split_where_time_steps_back(device_entries)
    ]
    judged = {watch.conjunct.name: watch.judgement(log) for watch in watches}
    return LogJudgement(
        clauses=tuple(
            _judge_clause(clause, judged)
            for pack in packs
            for clause in pack.clauses
        ),
        pieces=tuple(pieces),
        gaps=sum(
            piece.beginning is Beginning.CLOCK_STEPPED_BACK
            for piece in pieces
        ),
        log=log,
        sees=shown,
    )


def _by_device(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    def device_of(entry: Entry) -> str:
        return entry.seen.device

    for _, group in groupby(sorted(entries, key=device_of), device_of):
        yield list(group)


def _split_where_time_steps_back(
    entries: Sequence[Entry],
) -> Iterator[tuple[list[Entry], Beginning]]:
    piece: list[Entry] = []
    beginning = Beginning.MID_LIFE
    for entry in entries:
        if piece and entry.seen.time < piece[-1].seen.time:
            yield piece, beginning
            piece = []
            beginning = Beginning.CLOCK_STEPPED_BACK
        piece.append(entry)
    yield piece, beginning


def _judge_piece(
    entries: Sequence[Entry],
    beginning: Beginning,
    watches: Sequence[_ConjunctWatch],
) -> LogPiece:
    first = entries[0].seen
    if (
        beginning is Beginning.MID_LIFE
        and first.event == "power"
        and first.attributes.get("on") is True
    ):
        beginning = Beginning.POWER_ON
    for watch in watches:
        watch.begin(first)
    for entry in entries:
        values = partial_input_values(entry.seen)
        for watch in watches:
            for key, outcome in watch.monitor.feed(entry.seen, values):
                watch.take(entry, key, outcome)
    return LogPiece(
        device=first.device,
        beginning=beginning,
        first_line=entries[0].line,
        last_line=entries[-1].line,
    )


@dataclass
class _ConjunctWatch:
    """One conjunct over all pieces of a log."""

    clause: Clause
    conjunct: Conjunct
    view: LogView
    exercised: int = 0
    perhaps_exercised: int = 0
    not_known: int = 0
    violations: list[Entry] = field(default_factory=list)
    undecided: int = 0
    open_slices: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        monitor = compile_partial(
            self.conjunct.formula,
            self.conjunct.trigger,
            self.view,
        )
        self.monitor = SlicedPartialMonitor(monitor, self.clause.each)
        names = event_names((self.conjunct.formula, self.conjunct.trigger))
        self.unseen = tuple(sorted(names - self.view.sees))

    def begin(self, first: Observation) -> None:
        """A new piece begins; deadlines that were open stay undecided."""
        self.undecided += len(self.open_slices)
        self.open_slices = set()
        self.monitor.begin(first)

    def take(self, entry: Entry, key: Key, outcome: PartialOutcome) -> None:
        """Count what is known after one event of one slice."""
        self.exercised += outcome.must_be_exercised
        self.perhaps_exercised += (
            outcome.may_be_exercised and not outcome.must_be_exercised
        )
        self.not_known += outcome.truth is None
        if outcome.truth is False:
            self.violations.append(entry)
        if outcome.pending:
            self.open_slices.add(key)
        else:
            self.open_slices.discard(key)

    def judgement(self, log: Log) -> ConjunctJudgement:
        """What all pieces together say."""
        verdict, reason = self._verdict_of(log)
        return ConjunctJudgement(
            name=self.conjunct.name,
            english=describe_formula(self.conjunct.formula),
            verdict=verdict,
            reason=reason,
            exercised=self.exercised,
            perhaps_exercised=self.perhaps_exercised,
            not_known=self.not_known,
            violations=len(self.violations),
            first_violation=self.violations[0] if self.violations else None,
            unseen=self.unseen,
        )

    def _verdict_of(self, log: Log) -> tuple[LogVerdict, str]:
        if self.violations:
            return LogVerdict.VIOLATED, self._place_of_violation(log)
        can_be_exercised_unseen = self.view.may_be_hidden(
            self.conjunct.trigger
        )
        if (
            not self.exercised
            and not self.perhaps_exercised
            and not can_be_exercised_unseen
        ):
            return (
                LogVerdict.NOT_EXERCISED,
                "no event of the log exercises it",
            )
        is_open = self.not_known or not self.exercised
        if is_open and self.unseen:
            return (
                LogVerdict.NOT_OBSERVABLE,
                f"the log cannot show {', '.join(self.unseen)}",
            )
        if is_open:
            return (
                LogVerdict.NOT_KNOWN,
                f"not known after {self.not_known} events: what the log lacks decides",
            )
        if log.bad_line_count:
            return (
                LogVerdict.NOT_KNOWN,
                f"{log.bad_line_count} lines of the log could not be read",
            )
        if self.undecided or self.open_slices:
            return (
                LogVerdict.UNDECIDED,
                "a deadline is still open where the log ends",
            )
        return LogVerdict.HOLDS, ""

    def _place_of_violation(self, log: Log) -> str:
        first = self.violations[0]
        reason = f"line {first.line}: {first.seen.event} of {first.seen.device} at {first.seen.time} us"
        if any(line.number < first.line for line in log.bad_lines):
            reason += (
                ", if none of the lines that could not be read says otherwise"
            )
        return reason


LOGS_CANNOT_SHOW = {
    Kind.TWO_RUN: "it compares two runs, and a log is one",
    Kind.ENABLED: "it says what must be possible, and a log shows what was done",
}


def _judge_clause(
    clause: Clause, judged: dict[str, ConjunctJudgement]
) -> ClauseJudgement:
    conjuncts = tuple(judged[conjunct.name] for conjunct in clause.conjuncts)
    verdict, reason = (
        LogVerdict.NOT_OBSERVABLE,
        LOGS_CANNOT_SHOW.get(clause.kind, "it has no formula"),
    )
    if conjuncts:
        order = list(LogVerdict)
        worst = min(
            conjuncts, key=lambda conjunct: order.index(conjunct.verdict)
        )
        verdict, reason = worst.verdict, worst.reason
    if is_open_claim(clause.capability):
        verdict = LogVerdict.NOT_OBSERVABLE
        reason = "a log does not say how much its mute claims to stop"
    return ClauseJudgement(
        id=clause.id,
        title=clause.title,
        severity=clause.severity,
        verdict=verdict,
        reason=reason,
        conjuncts=conjuncts,
    )
