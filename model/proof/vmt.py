"""Systems, promises and invariants as VMT-LIB: SMT-LIB definitions that say which is a next value, the
first states, a step.

VMT-LIB rather than constrained Horn clauses, because it keeps the system apart from what is claimed
of it: the system is one file for a whole pack, named row by named row, and a person can read in it
what was proved of what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Sort,
    Value,
    Var,
    at_most,
    conjunction,
    disjunction,
    equal,
    implication,
    plus,
)
from earwitness.model.proof.encoding import REGISTER
from earwitness.model.systems.cone import observed_inputs
from earwitness.model.systems.runs import free_variables
from earwitness.model.systems.state_property import (
    NOW,
    Promise,
    StateProperty,
)
from earwitness.model.systems.transition_system import (
    PASS_TIME,
    TIME,
    Limit,
    System,
    Transition,
)
from earwitness.model.vocabulary import vocabulary

SORTS = {Sort.BOOL: "Bool", Sort.INT: "Int", Sort.TEXT: "Text"}
NEXT = ".next"
_TOKEN = re.compile(r'"[^"]*"|[^\s()"]+')
_OPERATORS = frozenset(
    (
        "and",
        "or",
        "not",
        "=>",
        "=",
        "distinct",
        "ite",
        "<=",
        "<",
        ">=",
        ">",
        "+",
        "-",
        "*",
    )
)


def system_file(system: System) -> str:
    """The transition system: its texts, its state with next values, what monitors are told, and one
    definition a row.

    >>> system_file(MICROPHONE_SYSTEM).splitlines()[1]
    '(set-info :system |microphone|)'
    """
    state = {v.name: v.sort for v in system.variables} | {NOW: Sort.INT}
    free = {
        v.name: v.sort for t in system.transitions for v in free_variables(t)
    }
    told = {"time": Sort.INT} | _monitor_inputs()
    emitted = {name for t in system.transitions for name in t.attributes}
    rows = {
        f"transition {t.name}": _write_row(system, t, emitted)
        for t in system.transitions
    }
    limits = {
        f"limit {x.name}": _write_expression(_in_time(x))
        for x in system.limits
    }
    body = [
        *_declare_all(state),
        *_declare_all({name + NEXT: sort for name, sort in state.items()}),
        *_declare_all(told | free),
        *(_define_state(name, sort) for name, sort in state.items()),
        *(
            _define_function(f"told {name}", sort, _quote_symbol(name))
            for name, sort in told.items()
        ),
        *(
            _define_function(name, Sort.BOOL, text)
            for name, text in limits.items()
        ),
        _define_function(
            "in time",
            Sort.BOOL,
            _all_of(["(<= |now| |time|)", *map(_quote_symbol, limits)]),
        ),
        _define_function(
            "never told", Sort.BOOL, _all_of(list(_never_told(emitted)))
        ),
        _define_function(
            "first states",
            Sort.BOOL,
            f"(! {_write_expression(_first_states(system))} :init true)",
        ),
        *(
            _define_function(name, Sort.BOOL, text)
            for name, text in rows.items()
        ),
        _define_function(
            "step",
            Sort.BOOL,
            f"(! (or false {' '.join(map(_quote_symbol, rows))}) :trans true)",
        ),
    ]
    return _write_file(
        [f"(set-info :system {_quote_symbol(system.name)})"], body
    )


def conjunct_header(
    name: str, system: str, clause: str, promise: Promise
) -> str:
    """What is claimed of the system under that name: the clause as it is written and its monitor, or a
    property of states.

    >>> header = conjunct_header("MIC-1", system="microphone", clause="not tone", promise=BROKEN_PROMISE)
    >>> header.splitlines()[1]
    '(set-info :part |MIC-1|)'
    """
    head = [
        f"(set-info :part {_quote_symbol(name)})",
        f"(set-info :system {_quote_symbol(system)})",
        f"(set-info :clause {_quote_symbol(_one_line(clause))})",
    ]
    if isinstance(promise, StateProperty):
        return _write_file(
            head,
            [
                _define_function(
                    "property", Sort.BOOL, _write_expression(promise.verdict)
                )
            ],
        )
    names: Mapping[str, Expression] = {
        r.name: Var(REGISTER + r.name, r.sort) for r in promise.registers
    }
    registers = {REGISTER + r.name: r.sort for r in promise.registers}
    body = [
        *_declare_all(registers),
        *_declare_all({n + NEXT: sort for n, sort in registers.items()}),
    ]
    for register in promise.registers:
        here = REGISTER + register.name
        update = _write_expression(promise.updates[register.name], names)
        body += [
            _define_state(here, register.sort),
            _define_function(
                f"first {here}",
                register.sort,
                _write_constant(register.initial),
            ),
            _define_function(f"update {here}", register.sort, update),
        ]
    return _write_file(
        head,
        [
            *body,
            _define_function(
                "verdict",
                Sort.BOOL,
                _write_expression(promise.verdict, names),
            ),
        ],
    )


def conjunct_file(header: str, invariant: Sequence[str]) -> str:
    """The claim with its invariant, conjunct by conjunct, from texts that name variables and texts.

    >>> header = conjunct_header("MIC-1", system="microphone", clause="not tone", promise=BROKEN_PROMISE)
    >>> conjunct_file(header, ["(<= 0 pressed_at)"]).splitlines()[-1]
    '(define-fun |conjunct 1| () Bool (<= 0 |pressed_at|))'
    """
    declared = set(
        re.findall(
            r'^\(declare-const (\|"[^|]*"\|) Text\)$', header, re.MULTILINE
        )
    )
    texts = dict.fromkeys(
        _quote_symbol(t)
        for conjunct in invariant
        for t in re.findall(r'"[^"]*"', conjunct)
    )
    lines = [
        f"(declare-const {text} Text)"
        for text in texts
        if text not in declared
    ]
    for number, conjunct in enumerate(invariant, start=1):
        lines.append(
            _define_function(
                f"conjunct {number}",
                Sort.BOOL,
                _TOKEN.sub(_quote_token, conjunct),
            )
        )
    return header + "".join(f"{line}\n" for line in lines)


def _quote_token(token: re.Match[str]) -> str:
    """A token of a named term in SMT-LIB: symbols in bars, negative numbers by minus."""
    text = token[0]
    if text in _OPERATORS or text in ("true", "false") or text.isdigit():
        return text
    return (
        f"(- {text[1:]})"
        if re.fullmatch(r"-\d+", text)
        else _quote_symbol(text)
    )


def _monitor_inputs() -> dict[str, Sort]:
    """What a monitor is told of each step."""
    found = {"event": Sort.TEXT}
    for name, attribute in vocabulary().attributes.items():
        found |= {f"has.{name}": Sort.BOOL, f"its.{name}": attribute.sort}
    return found


def _write_row(
    system: System, transition: Transition, emitted: Collection[str]
) -> str:
    """The transition as one condition on the state before and after it and on what is told of it."""
    parts = [
        "|in time|",
        "|never told|",
        _write_expression(transition.guard),
        "(= |now.next| |time|)",
    ]
    for variable in system.variables:
        update = transition.updates.get(variable.name, variable.var)
        parts.append(
            f"(= {_quote_symbol(variable.name + NEXT)} {_write_expression(update)})"
        )
    inputs = observed_inputs(transition)
    for name in ("event", *_inputs_of(emitted)):
        parts.append(
            f"(= {_quote_symbol(name)} {_write_expression(inputs[name])})"
        )
    return _all_of(parts)


def _inputs_of(attributes: Collection[str]) -> Iterator[str]:
    for name in vocabulary().attributes:
        if name in attributes:
            yield f"has.{name}"
            yield f"its.{name}"


def _never_told(emitted: Collection[str]) -> Iterator[str]:
    """Attributes that no transition gives: absent, with their defaults."""
    silent = observed_inputs(PASS_TIME)
    for name in _inputs_of(vocabulary().attributes.keys() - set(emitted)):
        yield f"(= {_quote_symbol(name)} {_write_expression(silent[name])})"


def _in_time(limit: Limit) -> Expression:
    latest = plus(limit.since, Const(limit.bound))
    return implication(limit.condition, at_most(TIME, latest))


def _first_states(system: System) -> Expression:
    begins = [
        disjunction(*(equal(v.var, Const(value)) for value in v.initial))
        for v in system.variables
        if v.initial
    ]
    return conjunction(
        *begins, equal(Var(NOW, Sort.INT), Const(0)), system.initially
    )


def _write_file(head: Iterable[str], body: Sequence[str]) -> str:
    """Texts are constants of their own; whoever reads the file takes them as distinct."""
    texts = dict.fromkeys(re.findall(r'\|"[^|]*"\|', "\n".join(body)))
    declared = [f"(declare-const {text} Text)" for text in texts]
    lines = ["(set-logic QF_UFLIA)", *head, *declared, *body]
    return "".join(f"{line}\n" for line in lines)


def _declare_all(names: Mapping[str, Sort]) -> list[str]:
    return [
        f"(declare-const {_quote_symbol(name)} {SORTS[sort]})"
        for name, sort in names.items()
    ]


def _define_state(name: str, sort: Sort) -> str:
    return _define_function(
        f"state {name}",
        sort,
        f"(! {_quote_symbol(name)} :next {_quote_symbol(name + NEXT)})",
    )


def _define_function(name: str, sort: Sort, body: str) -> str:
    return f"(define-fun {_quote_symbol(name)} () {SORTS[sort]} {body})"


def _all_of(conditions: Sequence[str]) -> str:
    return f"(and true {' '.join(conditions)})"


def _quote_symbol(name: str) -> str:
    """A quoted symbol. Bars and backslashes cannot stand in one."""
    return "|" + name.replace("|", "/").replace("\\", "/") + "|"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _write_constant(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quote_symbol(f'"{value}"')
    return str(value) if value >= 0 else f"(- {-value})"


def _write_expression(
    e: Expression, renamed: Mapping[str, Expression] | None = None
) -> str:
    match e:
        case Const(value):
            return _write_constant(value)
        case Var(name):
            other = (renamed or {}).get(name)
            return _quote_symbol(
                other.name if isinstance(other, Var) else name
            )
        case Apply(operator, arguments):
            return f"({operator.value} {' '.join(_write_expression(a, renamed) for a in arguments)})"
