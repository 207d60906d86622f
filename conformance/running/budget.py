"""How long a check may take: a wish that the search keeps, and a bound that nothing passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from earwitness.conformance.targets.protocol import TargetError

HARD = 4
"""Times the budget after which the check ends wherever it is: honest targets need less than twice on an idle
machine."""
STRETCH = 3
"""Times the budget within which what a green rests on at least is done all the same: a machine that does much
else at once must not make a check see less."""
PATIENCE = 900.0
"""Seconds that every check may take, whatever its budget: a CI machine that does much else at once needs up
to six times as long."""


@dataclass
class Budget:
    """`seconds` of wall clock from now on."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def used(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.began

    @property
    def left(self) -> float:
        """Seconds until it is used up, 0 at least."""
        return max(0.0, self.seconds - self.used)

    def allows(self, share: float = 1.0) -> bool:
        """Whether that share of the budget is not used up."""
        return self.used < share * self.seconds

    def can_stretch(self) -> bool:
        """Whether the least that is to be done may still be done, though the budget be used up."""
        return self.allows(STRETCH)

    @property
    def longest(self) -> float:
        """Seconds that the check may take at most."""
        return max(HARD * self.seconds, PATIENCE)

    def demand(self) -> None:
        """Raises TargetError where the check as a whole takes far too long, because the target is slow in
        everything it does."""
        if self.used > self.longest:
            raise TargetError(
                f"the check took {self.used:.0f} s of a budget of {self.seconds:.0f} s; "
                "the target is too slow for it: give a larger --budget"
            )
