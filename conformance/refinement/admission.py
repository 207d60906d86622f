"""The trace of one device against a model: is it what is seen of one of the model's runs?

A set of model states is kept, those in which the model can be after what was seen so far. Between
two observations the model may take silent rows, at both ends of the gap and where a limit would
otherwise pass; at an observation it takes a row that emits the event, with its free choices bound to
the attributes. No state left: the device did what the proved model cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.conformance.refinement.row_parts import corresponds_to
from earwitness.conformance.refinement.rows import ObservedRow, RowTable
from earwitness.model.expression import Value
from earwitness.model.systems.correspondence import Correspondence
from earwitness.model.systems.runs import ModelRun, State, Step, is_run_of
from earwitness.model.systems.transition_system import System
from earwitness.model.trace import Observation

MOST_TRIED = 15_000
"""Model states from which silent rows are tried for one trace, some seconds; honest traces need a
thousand."""
WAYS_BACK = (10, 100, 1_000_000)
"""How many observations are explained again where none of the states known explains the next one; at last
all."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The trace is what is seen of `run`. `taken` counts the rows, `left_out` the observations of which
    the model does not speak, by reason."""

    run: ModelRun
    observed: int
    taken: Mapping[str, int]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Refused:
    """Observation number `at` is none that the proved model can make. `row` came nearest, and `because`
    says what of it fails; `admitted` is the run as far as it went."""

    at: int
    observation: Observation
    row: str
    because: str
    admitted: ModelRun
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Too much would have to be tried to explain observation number `at`. `row` came nearest in what was
    tried, and `because` says what of it failed."""

    at: int
    observation: Observation
    row: str
    because: str


Admission = Admitted | Refused | Undecided


def admit_trace(
    observations: Sequence[Observation],
    system: System,
    correspondence: Correspondence | None = None,
    tolerance: int = 0,
) -> Admission:
    """Whether the observations of one device, in their order, are what is seen of a run of the system.

    `tolerance` is how many microseconds a limit may be passed: the precision of the clock that dated
    the observations."""
    return Admitter(
        system, correspondence or Correspondence(), tolerance
    ).admit(observations)


def replays_trace(
    run: ModelRun,
    observations: Sequence[Observation],
    system: System,
    correspondence: Correspondence,
) -> bool:
    """Whether a stored run is one of the system and shows exactly these observations: no search, for
    who reads a bundle."""
    shown = [
        s
        for s, step in zip(run.observations(), run.steps, strict=True)
        if step.transition.emits
    ]
    wanted = [
        o for o in observations if correspondence.reason_unmodelled(o) is None
    ]
    alike = len(shown) == len(wanted) and all(
        corresponds_to(step, seen, correspondence)
        for step, seen in zip(shown, wanted, strict=True)
    )
    return alike and is_run_of(system, run)


@dataclass(frozen=True, slots=True)
class _Node:
    """A state the model can be in, with the steps that lead there."""

    state: State
    step: Step | None = None
    before: _Node | None = None

    def run(self) -> ModelRun:
        steps: list[Step] = []
        node = self
        while node.before is not None:
            if node.step is not None:
                steps.append(node.step)
            node = node.before
        return ModelRun(node.state, tuple(reversed(steps)))


Frontier = dict[tuple[Value, ...], _Node]


@dataclass
class Admitter:
    """Admits one trace after another; what it derives of the system is derived once."""

    system: System
    correspondence: Correspondence
    tolerance: int = 0
    table: RowTable = field(init=False)
    tried: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.table = RowTable(
            self.system, self.correspondence, self.tolerance
        )

    def admit(self, observations: Sequence[Observation]) -> Admission:
        """Silent rows are taken only where an observation needs them. Where that leads nowhere, what was
        seen last is explained again with all silent rows, from further and further back."""
        modelled, left_out = self.apart(observations)
        self.tried = 0
        history = [self.beginning()]
        for number, (at, seen) in enumerate(modelled):
            now = modelled[number - 1][1].time if number else 0
            following = self.follow(history[-1], now, seen)
            refusal: Refused | None = None
            for back in WAYS_BACK:
                if following or self.tried > MOST_TRIED:
                    break
                begin = max(0, number - back)
                following, refusal = self.explain_again(
                    history[begin], modelled[: number + 1], begin
                )
                if refusal is not None and begin == 0:
                    return replace(refusal, left_out=left_out)
            if not following:
                ready = self.let_time_pass(history[-1], now, seen)
                near = refusal or self.refusal(
                    at=at, seen=seen, frontier=history[-1], ready=ready
                )
                return Undecided(
                    at=at,
                    observation=seen,
                    row=near.row,
                    because=near.because,
                )
            history.append(following)
        run = next(iter(history[-1].values())).run()
        taken = Counter(step.transition.name for step in run.steps)
        return Admitted(
            run=run, observed=len(modelled), taken=taken, left_out=left_out
        )

    def apart(
        self, observations: Sequence[Observation]
    ) -> tuple[list[tuple[int, Observation]], Counter[str]]:
        """What the model speaks of, with its place in the trace; how often it does not, by reason."""
        modelled = []
        left_out: Counter[str] = Counter()
        for at, seen in enumerate(observations):
            reason = self.correspondence.reason_unmodelled(seen)
            if reason is None:
                modelled.append((at, seen))
            else:
                left_out[reason] += 1
        return modelled, left_out

    def beginning(self) -> Frontier:
        return self.keyed(
            _Node(state) for state in self.system.first_states()
        )

    def follow(
        self, frontier: Frontier, now: int, seen: Observation
    ) -> Frontier:
        """The states after the observation: without silent rows if any are, with them otherwise."""
        at_once = self.keyed(
            following
            for node in frontier.values()
            if self.table.latest_instant(node.state) >= seen.time
            for following in self.after(node, seen)
        )
        return at_once or self.follow_fully(frontier, now, seen)[1]

    def follow_fully(
        self, frontier: Frontier, now: int, seen: Observation
    ) -> tuple[Frontier, Frontier]:
        """The states just before the observation, and those after it."""
        ready = self.let_time_pass(frontier, now, seen)
        return ready, self.keyed(
            following
            for node in ready.values()
            for following in self.after(node, seen)
        )

    def explain_again(
        self,
        frontier: Frontier,
        modelled: Sequence[tuple[int, Observation]],
        begin: int,
    ) -> tuple[Frontier, Refused | None]:
        """The states after the last observation, with all silent rows from number `begin` on; else why
        there are none."""
        for number in range(begin, len(modelled)):
            at, seen = modelled[number]
            now = modelled[number - 1][1].time if number else 0
            ready, following = self.follow_fully(frontier, now, seen)
            if self.tried > MOST_TRIED:
                return {}, None
            if not following:
                return {}, self.refusal(
                    at=at, seen=seen, frontier=frontier, ready=ready
                )
            frontier = following
        return frontier, None

    def keyed(self, nodes: Iterable[_Node]) -> Frontier:
        """One node for each state, as far as states differ in what can show."""
        found: Frontier = {}
        for node in nodes:
            found.setdefault(self.table.key(node.state), node)
        return found

    def let_time_pass(
        self, frontier: Frontier, now: int, seen: Observation
    ) -> Frontier:
        """The states just before the observation: silent rows at the beginning of the gap, at limits
        within it, at its end."""
        silent = self.table.silent_rows_before(seen.event)
        waiting = list(self.closed_under(frontier, silent, now).items())
        visited = {key for key, _ in waiting}
        ready: Frontier = {}
        while waiting and self.tried <= MOST_TRIED:
            key, node = waiting.pop()
            due = self.table.latest_instant(node.state)
            if due >= seen.time:
                ready.setdefault(key, node)
                continue
            late = self.silently(node, silent, due)
            waiting += [(k, n) for k, n in late.items() if k not in visited]
            visited |= late.keys()
        return self.closed_under(ready, silent, seen.time)

    def closed_under(
        self, frontier: Frontier, rows: Sequence[ObservedRow], time: int
    ) -> Frontier:
        """All states that these rows lead to at one instant."""
        found = dict(frontier)
        fresh = list(frontier.values())
        while fresh and self.tried <= MOST_TRIED:
            node = fresh.pop()
            for key, following in self.silently(node, rows, time).items():
                if key not in found:
                    found[key] = following
                    fresh.append(following)
        return found

    def silently(
        self, node: _Node, rows: Sequence[ObservedRow], time: int
    ) -> Frontier:
        self.tried += 1
        if time > self.table.latest_instant(node.state):
            return {}
        return self.keyed(
            _Node(
                row.after(node.state, chosen, time),
                Step(row.transition, time, chosen),
                node,
            )
            for row in rows
            for chosen in row.enabled_choices(node.state, time)
        )

    def after(self, node: _Node, seen: Observation) -> Iterable[_Node]:
        """The states after a row that shows as this observation."""
        for row in self.table.rows_emitting(seen.event):
            for chosen in row.choices_for(node.state, seen):
                state = row.after(node.state, chosen, seen.time)
                yield _Node(
                    state, Step(row.transition, seen.time, chosen), node
                )

    def refusal(
        self,
        at: int,
        seen: Observation,
        frontier: Frontier,
        ready: Frontier,
    ) -> Refused:
        if not ready:
            row, because = self.table.limit_passed(
                [n.state for n in frontier.values()], seen.time
            )
        else:
            row, because = self.table.nearest_failure(
                [n.state for n in ready.values()], seen
            )
        so_far = next(iter(frontier.values())).run()
        return Refused(
            at=at,
            observation=seen,
            row=row,
            because=because,
            admitted=so_far,
            left_out={},
        )
