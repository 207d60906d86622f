"""Generated steps as functions, and the choice among those of their own for values that come often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from earwitness.model.expression import Sort, Value
from earwitness.model.logic.joint_source import JointStep
from earwitness.model.vocabulary import vocabulary

MOST_SHAPES = 1_000
"""Orders of attributes whose function is found without sorting; a stranger's log could have any number of
them."""
WORTH_A_STEP = 100
"""Events with the same values after which they get a step of their own: to make it takes as long as a
thousand events."""
MOST_VALUES = 64
"""Steps of their own of one kind of event."""


def compile_joint_step(source: str, **names: object) -> JointStep:
    """The function `step` of a source, which may use these names.

    >>> from earwitness.model.logic.joint_source import IDLE_SOURCE
    >>> step = compile_joint_step(IDLE_SOURCE)
    >>> step([], 0, {})  # no monitor was exercised, and none is broken
    (0, 0)
    """
    space: dict[str, Any] = dict(names)
    exec(compile(source, "<joint step>", "exec"), space)
    step: JointStep = space["step"]
    return step


class StepsByValues(dict[tuple[Value, ...], JointStep]):
    """Steps by the values of some attributes: the plain step, until the same values have come so often that a
    step of their own is worth its making.

    >>> from earwitness.model.logic.joint_source import IDLE_SOURCE, idle_step
    >>> steps = StepsByValues(idle_step, lambda values: compile_joint_step(IDLE_SOURCE))
    >>> all(steps[True, "red"] is idle_step for _ in range(WORTH_A_STEP))
    True
    >>> steps[True, "red"] is idle_step
    False
    """

    def __init__(
        self,
        plain: JointStep,
        make: Callable[[tuple[Value, ...]], JointStep],
    ) -> None:
        super().__init__()
        self.plain, self.make = plain, make
        self.came: Counter[tuple[Value, ...]] = Counter()

    def __missing__(self, values: tuple[Value, ...]) -> JointStep:
        if len(self.came) < MOST_SHAPES or values in self.came:
            self.came[values] += 1
        if self.came[values] <= WORTH_A_STEP or len(self) >= MOST_VALUES:
            return self.plain
        made = self[values] = self.make(values)
        return made


def tellable_names(step: JointStep, shape: tuple[str, ...]) -> list[str]:
    """The attributes that a step looks at and that have few values.

    >>> step = compile_joint_step("def step(s, t, a): return (a['on'], a['text'])")
    >>> tellable_names(step, ("on", "text", "voice"))
    ['on']
    """
    known = vocabulary().attributes
    looked_at = step.__code__.co_consts
    return [
        name
        for name in shape
        if name in looked_at
        and (known[name].sort is Sort.BOOL or known[name].choices)
    ]


def step_by_values(
    names: Sequence[str], steps: Mapping[tuple[Value, ...], JointStep]
) -> JointStep:
    """The step that chooses among others.

    >>> from earwitness.model.logic.joint_source import idle_step
    >>> chosen = step_by_values(["on"], {(True,): idle_step})
    >>> chosen([], 0, {"on": True})
    (0, 0)
    """
    key = "".join(f"a[{name!r}], " for name in names)
    source = f"def step(s, t, a):\n    return steps[{key}](s, t, a)\n"
    return compile_joint_step(source, steps=steps)
