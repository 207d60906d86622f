"""Whether promises can be kept together: a trace after which a duty is open and every answer to it breaks
another promise, or after which people and the world may not do what they can do at any time.

ReqCheck (Post, Hoenicke, Podelski 2011) and FRET ask the same of real-time requirements. Asked is
more than that some run keeps all: from *every* trace that kept all so far, each open deadline can be met by
one event that breaks nothing, at once or at the deadline's last instant. Every duty has some time, so that
whoever answers each in turn keeps all of them for ever. What is not covered: a promise that the mere passing
of time breaks without a deadline (such as IND-5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice, product

from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    Value,
    Var,
    at_most,
    conjunction,
    disjunction,
    implication,
    negation,
    plus,
    substitute,
    variables,
)
from earwitness.model.logic.formula import (
    Comparator,
    Compare,
    Event,
    Its,
    Literal,
    events_in,
)
from earwitness.model.logic.monitor import (
    TIME,
    ZERO,
    Monitor,
    Register,
    attribute_input,
    input_values,
    presence_input,
)
from earwitness.model.proof.compare import (
    renamed_monitor,
    unconstrained_system,
)
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.proof import Standing
from earwitness.model.proof.spacer import search_invariant
from earwitness.model.proof.unroll import find_violation
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds, vocabulary
from earwitness.policies.pack import Conjunct, Pack

BY_THE_WORLD = frozenset(
    {
        "power",
        "button.microphone",
        "button.action",
        "shutter",
        "speech",
        "network",
        "server",
        "deletion.request",
        "reset",
        "consent",
        "assignment",
    }
)
"""What people and the world do whenever they like: no answer to a duty, and no promise may forbid it."""
LONGEST_TRACE = 6
"""Events of a trace that leads to a conflict. Of the conflicts in the tests none needs more than 3."""
MOST_ANSWERS = 64
"""Forms of an answer that are tried, for its attributes."""


class Consistency(Enum):
    """What was found of one conjunct."""

    PROVED = "can be kept beside all others"
    SEARCHED = (
        f"no conflict in any trace of up to {LONGEST_TRACE} events, beside"
    )
    CONFLICT = "cannot be kept beside"


@dataclass(frozen=True, slots=True)
class Together:
    """Of one conjunct: whether it can always be kept beside the `others`, which are those that its answers
    concern. In a conflict, a shortest `trace` that kept all and after which it is too late."""

    conjunct: str
    others: tuple[str, ...]
    consistency: Consistency
    trace: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    """An event with the inputs that monitors read of it."""

    event: str
    inputs: Mapping[str, Value]


def check_consistency(
    packs: Sequence[Pack], seconds: int
) -> Iterator[Together]:
    """What was found of each conjunct with a deadline, and of each that speaks of what people and the world
    do. The conjuncts of all packs are to be kept together; `seconds` limits each question."""
    conjuncts = [
        c
        for pack in packs
        for clause in pack.clauses
        for c in clause.conjuncts
    ]
    for conjunct in conjuncts:
        if conjunct.monitor.waits:
            yield _meet_deadlines(conjunct, conjuncts, seconds)
        if _speaks_of_the_world(conjunct):
            yield _allow_the_world(conjunct, seconds)


def _meet_deadlines(
    conjunct: Conjunct, conjuncts: Iterable[Conjunct], seconds: int
) -> Together:
    """Whether each open deadline of the conjunct can be met."""
    others = [c for c in conjuncts if c.name != conjunct.name]
    events = {a.event for a in _answers_to(conjunct, ())}
    concerned = [c for c in others if _forbids_some(c, events)]
    answers = _answers_to(conjunct, concerned)
    joint = _JointMonitor([conjunct, *concerned])
    own = joint.parts[0]
    open_deadline = disjunction(
        *(
            at_most(ZERO, Var(f"0.{w.waiting}", Sort.INT))
            for w in conjunct.monitor.waits
        )
    )
    instants = [
        joint.now,
        *(
            plus(Var(f"0.{w.waiting}", Sort.INT), Const(w.deadline.duration))
            for w in conjunct.monitor.waits
        ),
    ]
    possible = disjunction(
        *(
            _at_event(
                conjunction(
                    negation(own.pending), *(m.verdict for m in joint.parts)
                ),
                answer,
                instant,
            )
            for answer in answers
            for instant in instants
        )
    )
    return joint.ask(
        conjunct.name, implication(open_deadline, possible), seconds
    )


def _allow_the_world(conjunct: Conjunct, seconds: int) -> Together:
    """Whether nothing that people and the world do breaks the conjunct then and there."""
    joint = _JointMonitor([conjunct])
    named = sorted(
        {e.name for e in events_in(conjunct.formula)} & BY_THE_WORLD
    )
    allowed = [
        _at_event(joint.parts[0].verdict, answer, joint.now)
        for name in named
        for answer in _forms_of(Event(name, ()), [conjunct])
        if not _ends_an_outage(answer)
    ]
    return joint.ask(conjunct.name, conjunction(*allowed), seconds)


def _ends_an_outage(answer: _Answer) -> bool:
    """Power comes back only after it was lost, and what it was lost to has been judged."""
    return answer.event == "power" and answer.inputs["its.on"] is True


class _JointMonitor:
    """Conjuncts side by side, as long as all are kept. Registers of the nth begin with its number."""

    now = Var("latest", Sort.INT)
    kept = Var("kept", Sort.BOOL)

    def __init__(self, conjuncts: Sequence[Conjunct]) -> None:
        self.names = tuple(c.name for c in conjuncts)
        self.parts = [
            renamed_monitor(c.monitor, f"{number}.")
            for number, c in enumerate(conjuncts)
        ]

    def ask(self, name: str, condition: Expression, seconds: int) -> Together:
        """Whether the condition holds of the registers after every trace that kept all."""
        monitor = Monitor(
            registers=(
                *(r for part in self.parts for r in part.registers),
                Register(self.now.name, Sort.INT, 0),
                Register(self.kept.name, Sort.BOOL, True),
            ),
            updates={
                **{
                    k: e
                    for part in self.parts
                    for k, e in part.updates.items()
                },
                self.now.name: TIME,
                self.kept.name: conjunction(
                    self.kept, *(part.verdict for part in self.parts)
                ),
            },
            verdict=implication(self.kept, condition),
            trigger=TRUE,
        )
        system = unconstrained_system(*self.parts)
        found = find_violation(
            system=system,
            promise=monitor,
            seconds=seconds,
            deepest=LONGEST_TRACE + 1,
        )
        if found.run is not None:
            # The last step only looks at what was reached.
            trace = found.run.observations()
            return Together(
                conjunct=name,
                others=self.names[1:],
                consistency=Consistency.CONFLICT,
                trace=tuple(trace[: len(found.run.steps) - 1]),
            )
        answer = search_invariant(
            problem=encode(system, monitor),
            system=system,
            promise=monitor,
            seconds=seconds,
        )
        is_proved = answer.standing is Standing.PROVED
        return Together(
            name,
            self.names[1:],
            Consistency.PROVED if is_proved else Consistency.SEARCHED,
        )


def _at_event(
    condition: Expression, answer: _Answer, instant: Expression
) -> Expression:
    """The condition as it would be if the answer came at the instant."""
    inputs: dict[str, Expression] = {
        name: Const(value) for name, value in answer.inputs.items()
    }
    return substitute(
        condition, {**inputs, "event": Const(answer.event), "time": instant}
    )


def _speaks_of_the_world(conjunct: Conjunct) -> bool:
    """Whether an event of the world could break the conjunct at all."""
    named = {e.name for e in events_in(conjunct.formula)} & BY_THE_WORLD
    return _forbids_some(conjunct, named)


def _forbids_some(conjunct: Conjunct, events: Iterable[str]) -> bool:
    """Whether the conjunct's verdict may depend on these events beyond what time does to it."""
    monitor = conjunct.monitor
    calm = _at_event(monitor.verdict, _no_event(), TIME)
    return any(
        substitute(monitor.verdict, {"event": Const(name)})
        not in (TRUE, calm)
        for name in events
    )


def _no_event() -> _Answer:
    tick = Observation(Microseconds(0), "", "tick")
    values = {
        name: value
        for name, value in input_values(tick).items()
        if name not in ("time", "event")
    }
    return _Answer("tick", values)


def _answers_to(
    conjunct: Conjunct, concerned: Sequence[Conjunct]
) -> list[_Answer]:
    """The events that the conjunct's deadlines wait for and that are not the world's."""
    patterns = {
        pattern: None
        for wait in conjunct.monitor.waits
        for pattern in sorted(events_in(wait.deadline.response), key=repr)
        if pattern.name not in BY_THE_WORLD
    }
    return [
        answer
        for pattern in patterns
        for answer in _forms_of(pattern, [conjunct, *concerned])
    ]


def _forms_of(pattern: Event, concerned: Sequence[Conjunct]) -> list[_Answer]:
    """The event with every choice of those attributes that somebody reads."""
    fixed = dict(_conditions_of(pattern))
    read = {
        v.name
        for c in concerned
        for e in (c.monitor.verdict, c.monitor.pending)
        for v in variables(e)
    }
    open_attributes = [
        name
        for name in vocabulary().events[pattern.name].attributes
        if name not in fixed and attribute_input(name).name in read
    ]
    optional = vocabulary().events[pattern.name].optional
    choices = [
        _values_of(name, concerned, may_lack=name in optional)
        for name in open_attributes
    ]
    calm = _no_event().inputs
    found = []
    for chosen in islice(product(*choices), MOST_ANSWERS):
        given = {
            **fixed,
            **{
                n: v
                for n, v in zip(open_attributes, chosen, strict=True)
                if v is not None
            },
        }
        inputs = dict(calm)
        for name, value in given.items():
            inputs[attribute_input(name).name] = value
            inputs[presence_input(name).name] = True
        found.append(_Answer(pattern.name, inputs))
    return found


def _conditions_of(pattern: Event) -> Iterator[tuple[str, Value]]:
    for condition in pattern.conditions:
        match condition:
            case Compare(Comparator.EQ, Its(name, _), Literal(value)):
                yield name, value


def _values_of(
    attribute: str, concerned: Sequence[Conjunct], *, may_lack: bool
) -> tuple[Value | None, ...]:
    """Every value that a promise speaks of and one more, and none where it need not be named."""
    known = vocabulary().attributes[attribute]
    spoken_of = sorted(
        {
            str(value)
            for c in concerned
            for event in events_in(c.formula)
            for name, value in _conditions_of(event)
            if name == attribute
        }
    )
    values: dict[Sort, tuple[Value, ...]] = {
        Sort.BOOL: (False, True),
        Sort.INT: (0,),
        Sort.TEXT: (*known.choices[:1], *spoken_of),
    }
    none: tuple[Value | None, ...] = (None,)
    found = values[known.sort] or none
    return (*none, *found) if may_lack else found
