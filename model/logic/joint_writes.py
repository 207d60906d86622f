"""How generated code writes registers: each only where it changes, none before all that read it, and those
that change together under one condition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Apply,
    Expression,
    Operator,
    Var,
    disjunction,
    negation,
)
from earwitness.model.logic.joint_monitor import DUE

REGISTER = re.compile(r"\bs\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """What a register holds from now on, and when it changes at all.

    >>> RegisterChange(slot=2, condition=TRUE, content=FALSE).slot
    2
    """

    slot: int
    condition: Expression
    content: Expression


def change_of(slot: int, update: Expression) -> RegisterChange:
    """An update told as a change.

    >>> from earwitness.model.expression import Const, Sort, choice
    >>> on, own = Var("on", Sort.BOOL), Var("s[3]", Sort.INT)
    >>> change_of(3, choice(on, Const(7), own)) == RegisterChange(3, on, Const(7))
    True
    >>> change_of(3, own).condition == FALSE
    True
    """
    own = f"s[{slot}]"

    def is_own(part: Expression) -> bool:
        return isinstance(part, Var) and part.name == own

    if is_own(update):
        return RegisterChange(slot, FALSE, update)
    match update:
        case Apply(Operator.ITE, (condition, content, other)) if is_own(
            other
        ):
            return RegisterChange(slot, condition, content)
        case Apply(Operator.ITE, (condition, other, content)) if is_own(
            other
        ):
            return RegisterChange(slot, negation(condition), content)
        case Apply(Operator.OR, parts) if any(map(is_own, parts)):
            rest = [part for part in parts if not is_own(part)]
            return RegisterChange(slot, disjunction(*rest), TRUE)
    return RegisterChange(slot, TRUE, update)


@dataclass(frozen=True, slots=True)
class Write:
    """A change in generated code.

    >>> Write(slot=2, condition=ALWAYS, content="t").reads
    frozenset()
    """

    slot: int
    condition: str
    content: str

    @property
    def reads(self) -> frozenset[int]:
        """The other registers that it looks at.

        >>> Write(slot=2, condition="s[1] < 0", content="s[2] + 1").reads
        frozenset({1})
        """
        found = REGISTER.findall(f"{self.condition} {self.content}")
        return frozenset(map(int, found)) - {self.slot}


ALWAYS = "True"


def writes_source(
    writes: Sequence[Write], waits: Mapping[int, int]
) -> list[str]:
    """The lines of all writes as if they were done at one instant. `waits` are registers that hold since when
    an answer is awaited, with the time after which it is late.

    >>> swap = [Write(1, ALWAYS, "s[2]"), Write(2, ALWAYS, "s[1]"), Write(3, "its_on", "t")]
    >>> for line in writes_source(swap, waits={3: 100}):
    ...     print(line)
    n1 = s[2]
    if its_on:
        s[3] = t
        if 0 <= s[3] and s[3] + 100 < s[0]: s[0] = s[3] + 100
    s[2] = s[1]
    s[1] = n1
    """
    early, ordered = order_writes(writes)
    lines = [early_line(write) for write in early]
    condition = ALWAYS
    for write in ordered:
        if write.condition not in (ALWAYS, condition):
            lines.append(f"if {write.condition}:")
        condition = write.condition
        indent = "" if condition == ALWAYS else "    "
        lines += [f"{indent}{line}" for line in _write_lines(write, waits)]
    return lines


def order_writes(
    writes: Sequence[Write],
) -> tuple[list[Write], list[Write]]:
    """Those whose content must be kept in a variable before any register is written, and all writes in an
    order in which no register is written before all that read it.

    >>> before, after = Write(1, ALWAYS, "t"), Write(2, ALWAYS, "s[1]")
    >>> order_writes([before, after]) == ([], [after, before])
    True
    """
    early: list[Write] = []
    late: list[Write] = []
    ordered: list[Write] = []
    pending = list(writes)
    condition = ALWAYS
    while pending:
        read = {slot: write for write in pending for slot in write.reads}
        ready = [write for write in pending if write.slot not in read]
        if not ready:
            # They read each other in a circle.
            early.append(pending.pop(0))
            late.append(Write(early[-1].slot, ALWAYS, f"n{early[-1].slot}"))
            continue
        alike = [write for write in ready if write.condition == condition]
        chosen = (alike or ready)[0]
        condition = chosen.condition
        pending.remove(chosen)
        ordered.append(chosen)
    return early, [*ordered, *late]


def early_line(write: Write) -> str:
    """Its content in a variable.

    >>> early_line(Write(1, "its_on", "s[2]"))
    'n1 = s[2] if its_on else s[1]'
    """
    if write.condition == ALWAYS:
        return f"n{write.slot} = {write.content}"
    return f"n{write.slot} = {write.content} if {write.condition} else s[{write.slot}]"


def _write_lines(write: Write, waits: Mapping[int, int]) -> Iterator[str]:
    own = f"s[{write.slot}]"
    yield f"{own} = {write.content}"
    if write.slot in waits and write.content != "-1":
        # A wait that begins may be due earlier than all others.
        due = f"{own} + {waits[write.slot]}"
        yield f"if 0 <= {own} and {due} < s[{DUE}]: s[{DUE}] = {due}"
