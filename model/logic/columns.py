"""The columns kernel: one compiled loop that runs any monitor over columns of integers, a monitor being a
short program for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Operator,
    Value,
    Var,
)
from earwitness.model.logic.monitor import Monitor, input_values
from earwitness.model.trace import Observation

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]
NOT, AND, OR, EQ, LT, LE, ADD, SUB, ITE = range(9)
"""Codes of the kernel's instructions."""
CODE = {
    Operator.NOT: NOT,
    Operator.AND: AND,
    Operator.OR: OR,
    Operator.EQ: EQ,
    Operator.LT: LT,
    Operator.LE: LE,
    Operator.ADD: ADD,
    Operator.SUB: SUB,
    Operator.ITE: ITE,
}


class KernelMissing(ImportError):
    """Numba is not installed; the message says how to install it."""


@dataclass
class Texts:
    """Text as numbers: it is only compared for equality. One table for all programs and columns that meet.

    >>> texts = Texts()
    >>> texts.number("alexa"), texts.number("echo"), texts.number("alexa"), texts.number(True)
    (0, 1, 0, 1)
    """

    codes: dict[str, int] = field(default_factory=dict)

    def number(self, value: Value) -> int:
        return (
            self.codes.setdefault(value, len(self.codes))
            if isinstance(value, str)
            else int(value)
        )


@dataclass(frozen=True, slots=True)
class Program:
    """A monitor for the kernel, over numbered slots. `code` has rows (instruction, target, three sources);
    `slots` the first contents; `loads` the slot of each column named in `columns`; `moves` rows (register,
    its next content); `results` verdict, trigger and pending.

    >>> program = assemble(MONITOR, Texts())
    >>> program.columns  # what it reads of each event
    ('event', 'time')
    >>> program.code.shape  # so many instructions of five numbers
    (10, 5)
    """

    columns: tuple[str, ...]
    slots: Numbers
    loads: Numbers
    code: Numbers
    moves: Numbers
    results: Numbers


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a monitor says of each event, as 0 or 1; each of shape (events,).

    >>> texts = Texts()
    >>> program = assemble(MONITOR, texts)
    >>> verdicts = run(program, table(LOG, program.columns, texts))
    >>> verdicts.holds.tolist(), verdicts.exercised.tolist(), verdicts.pending.tolist()
    ([1, 1, 0], [0, 1, 1], [0, 0, 0])
    """

    holds: Flags
    exercised: Flags
    pending: Flags


@dataclass
class _Assembler:
    texts: Texts
    contents: list[int] = field(default_factory=list)
    known: dict[Expression, int] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def slot(self, content: int = 0) -> int:
        self.contents.append(content)
        return len(self.contents) - 1

    def place(self, expression: Expression) -> int:
        """The slot that holds the expression's value; what occurs twice is computed once."""
        if expression not in self.known:
            self.known[expression] = self._place_expression(expression)
        return self.known[expression]

    def _place_expression(self, expression: Expression) -> int:
        match expression:
            case Const(value):
                return self.slot(self.texts.number(value))
            case Var(name):
                self.columns[name] = self.slot()
                return self.columns[name]
            case Apply(Operator.AND | Operator.OR as operator, arguments):
                first, *rest = (self.place(a) for a in arguments)
                for other in rest:
                    first = self.emit(CODE[operator], first, other)
                return first
            case Apply(operator, arguments):
                return self.emit(
                    CODE[operator], *(self.place(a) for a in arguments)
                )

    def emit(self, code: int, *sources: int) -> int:
        target = self.slot()
        a, b, c = (*sources, 0, 0)[:3]
        self.rows.append((code, target, a, b, c))
        return target


def assemble(monitor: Monitor, texts: Texts) -> Program:
    """The program of a monitor, its texts numbered by `texts`.

    >>> assemble(MONITOR, Texts()).results.shape  # the slots of verdict, trigger and pending
    (3,)
    """
    made = _Assembler(texts)
    for register in monitor.registers:
        made.known[Var(register.name, register.sort)] = made.slot(
            texts.number(register.initial)
        )
    moves = [
        (made.known[Var(r.name, r.sort)], made.place(monitor.updates[r.name]))
        for r in monitor.registers
    ]
    results = [
        made.place(e)
        for e in (monitor.verdict, monitor.trigger, monitor.pending)
    ]

    def numbers(rows: Sequence[Any], width: int | None = None) -> Numbers:
        shape = (len(rows),) if width is None else (len(rows), width)
        return np.array(rows, np.int64).reshape(shape)

    return Program(
        columns=tuple(made.columns),
        slots=numbers(made.contents),
        loads=numbers(list(made.columns.values())),
        # Five numbers a row: operator, target, and up to three registers that are read.
        code=numbers(made.rows, 5),
        moves=numbers(moves, 2),
        results=numbers(results),
    )


def table(
    trace: Sequence[Observation], columns: Sequence[str], texts: Texts
) -> Numbers:
    """The inputs that a program reads, of shape (columns, events).

    >>> table(LOG, ("time", "event"), Texts()).tolist()  # wake_word is text 0, tone is text 1
    [[1000000, 2000000, 9000000], [0, 1, 1]]
    """
    found = np.empty((len(columns), len(trace)), np.int64)
    for number, seen in enumerate(trace):
        values = input_values(seen)
        for row, name in enumerate(columns):
            found[row, number] = texts.number(values[name])
    return found


def run(program: Program, columns: Numbers) -> Verdicts:
    """What the monitor says of each event of one slice, from its first state. Raises KernelMissing.

    >>> texts = Texts()
    >>> program = assemble(MONITOR, texts)
    >>> run(program, table(LOG, program.columns, texts)).holds.tolist()
    [1, 1, 0]
    """
    verdicts = np.empty(
        # Three rows, one for each result of the program.
        (3, columns.shape[1]),
        np.uint8,
    )
    kernel()(
        program.slots.copy(),
        program.loads,
        program.code,
        program.moves,
        program.results,
        columns,
        verdicts,
    )
    return Verdicts(*verdicts)


@cache
def kernel() -> Callable[..., None]:
    """The loop as machine code, compiled once and kept on disk. Raises KernelMissing.

    >>> kernel() is kernel()  # compiled once
    True
    """
    try:
        from numba import njit
    except ImportError:
        raise KernelMissing(
            "the columns kernel needs numba: pip install 'earwitness[fast]'"
        ) from None
    compiled: Callable[..., None] = njit(cache=True, nogil=True)(_run_columns)
    return compiled


def _run_columns(
    slots: Numbers,
    loads: Numbers,
    code: Numbers,
    moves: Numbers,
    results: Numbers,
    columns: Numbers,
    verdicts: Flags,
) -> None:
    fresh = np.empty(len(moves), np.int64)
    for event in range(columns.shape[1]):
        for column in range(len(loads)):
            slots[loads[column]] = columns[column, event]
        for row in range(len(code)):
            instruction, target = code[row, 0], code[row, 1]
            a = slots[code[row, 2]]
            b = slots[code[row, 3]]
            if instruction == NOT:
                slots[target] = 1 - a
            elif instruction == AND:
                slots[target] = a & b
            elif instruction == OR:
                slots[target] = a | b
            elif instruction == EQ:
                slots[target] = a == b
            elif instruction == LT:
                slots[target] = a < b
            elif instruction == LE:
                slots[target] = a <= b
            elif instruction == ADD:
                slots[target] = a + b
            elif instruction == SUB:
                slots[target] = a - b
            else:
                slots[target] = b if a else slots[code[row, 4]]
        # The same three results.
        for result in range(3):
            verdicts[result, event] = slots[results[result]]
        # All at once: a register may be the next content of another.
        for move in range(len(moves)):
            fresh[move] = slots[moves[move, 1]]
        for move in range(len(moves)):
            slots[moves[move, 0]] = fresh[move]
