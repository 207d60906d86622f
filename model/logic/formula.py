"""The syntax tree of the clause language. Every time bound is one-sided, so every operator needs a fixed
number of registers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from earwitness.model.expression import Sort, Value


class Side(Enum):
    """`within D`: at most D ago. `for D`: at least D ago."""

    WITHIN = "within"
    FOR = "for"


@dataclass(frozen=True, slots=True)
class Bound:
    """A one-sided bound on how long ago, in microseconds.

    >>> parse_formula("once within 2 s tone").bound
    Bound(side=<Side.WITHIN: 'within'>, duration=2000000)
    """

    side: Side
    duration: int


class Comparator(Enum):
    """How two terms are compared."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant.

    >>> parse_formula("its bytes < 5").right
    Literal(value=5)
    """

    value: Value


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the current event.

    >>> parse_formula("last tone.time < now").right
    Now()
    """


@dataclass(frozen=True, slots=True)
class Its:
    """An attribute of the current event; undefined where the event has none of that name.

    >>> parse_formula("its bytes < 5").left
    Its(attribute='bytes', sort=<Sort.INT: 'integer'>)
    """

    attribute: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Last:
    """An attribute (or `time`) of the latest event of a type, the current one included; undefined before the
    first.

    >>> parse_formula("last tone.time < now").left
    Last(event='tone', attribute='time', sort=<Sort.INT: 'integer'>)
    """

    event: str
    attribute: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Sum:
    """Addition, or subtraction where `sign` is -1.

    >>> parse_formula("last tone.time + 5 < now").left.sign
    1
    """

    left: Term
    sign: int
    right: Term


Term = Literal | Now | Its | Last | Sum


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`.

    >>> parse_formula("true")
    Truth(value=True)
    """

    value: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison; false where a side is undefined.

    >>> parse_formula("its bytes < 5").relation
    <Comparator.LT: '<'>
    """

    relation: Comparator
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Event:
    """The current event has this name and fulfils all conditions.

    >>> parse_formula("tone")
    Event(name='tone', conditions=())
    >>> len(parse_formula("stream.audio(voice = true, encrypted = false)").conditions)
    2
    """

    name: str
    conditions: tuple[Compare, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold.

    >>> parse_formula("not tone")
    Not(operand=Event(name='tone', conditions=()))
    """

    operand: Formula


@dataclass(frozen=True, slots=True)
class And:
    """Both hold.

    >>> parse_formula("tone and true") == And(Event("tone"), Truth(True))
    True
    """

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Or:
    """One of them holds, or both.

    >>> parse_formula("tone or true") == Or(Event("tone"), Truth(True))
    True
    """

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Implies:
    """Where the left side holds, so does the right one.

    >>> parse_formula("tone implies true") == Implies(Event("tone"), Truth(True))
    True
    """

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Previously:
    """It held at the event before this one (within the bound); false at the first event.

    >>> parse_formula("previously tone") == Previously(None, Event("tone"))
    True
    """

    bound: Bound | None
    operand: Formula


@dataclass(frozen=True, slots=True)
class Once:
    """The operand holds now or held before (within the bound).

    >>> parse_formula("once tone") == Once(None, Event("tone"))
    True
    """

    bound: Bound | None
    operand: Formula


@dataclass(frozen=True, slots=True)
class Historically:
    """The operand holds now and held at every event before (within the bound).

    >>> parse_formula("historically not tone") == Historically(None, Not(Event("tone")))
    True
    """

    bound: Bound | None
    operand: Formula


@dataclass(frozen=True, slots=True)
class Since:
    """`right` held once (within the bound) and `left` at every event after it.

    >>> parse_formula("not tone since wake_word") == Since(None, Not(Event("tone")), Event("wake_word"))
    True
    """

    bound: Bound | None
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Count:
    """At most `most` events of the last `duration`, the current one included, fulfil the operand.

    >>> parse_formula("count tone within 2 s <= 3") == Count(3, 2 * SECOND, Event("tone"))
    True
    """

    most: int
    duration: int
    operand: Formula


@dataclass(frozen=True, slots=True)
class Latch:
    """A named state: the value whose pattern matched last (the current event included); unknown, so false,
    before any did. Where several patterns match one event the first counts.

    >>> from earwitness.model.logic.parser import Scope
    >>> scope = Scope({}, {"talk": {"on": "wake_word", "off": "tone"}})
    >>> [value for value, _ in parse_formula("talk is on", scope).patterns]
    ['on', 'off']
    """

    state: str
    value: str
    patterns: tuple[tuple[str, Formula], ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Every trigger so far got its response within the duration, or still has time.

    >>> answer = parse_formula("tone within 2 s after wake_word")
    >>> answer == Deadline(IS_TONE, 2 * SECOND, Event("wake_word"))
    True
    """

    response: Formula
    duration: int
    trigger: Formula


Formula = (
    Truth
    | Compare
    | Event
    | Not
    | And
    | Or
    | Implies
    | Previously
    | Once
    | Historically
    | Since
    | Count
    | Latch
    | Deadline
)


def events_in(formula: object) -> frozenset[Event]:
    """All event atoms of a formula, those in the patterns of its states included.

    >>> sorted(atom.name for atom in events_in(Implies(Event("tone"), Once(None, Event("stream.open")))))
    ['stream.open', 'tone']
    """
    own = frozenset({formula}) if isinstance(formula, Event) else frozenset()
    return own.union(*(events_in(part) for part in direct_parts(formula)))


def direct_parts(formula: object) -> tuple[object, ...]:
    """The direct parts of a formula or term: formulas, terms, and what stands in tuples of them.

    >>> direct_parts(Not(Event("tone")))
    (Event(name='tone', conditions=()),)
    """
    if isinstance(formula, tuple):
        return formula
    names = getattr(formula, "__dataclass_fields__", ())
    return tuple(getattr(formula, name) for name in names)


def event_names(formula: object) -> frozenset[str]:
    """The names of all events that a formula speaks of, those after `last` included.

    >>> sorted(event_names(parse_formula("last tone.time < now or wake_word")))
    ['tone', 'wake_word']
    """
    own = set()
    if isinstance(formula, Event):
        own.add(formula.name)
    if isinstance(formula, Last):
        own.add(formula.event)
    return frozenset(own).union(
        *(event_names(part) for part in direct_parts(formula))
    )
