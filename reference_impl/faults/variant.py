"""What a member of the zoo is: a fault, a liar that hides one, or an honest variation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any

CLOUD_MODULES = frozenset(
    {
        "cloud",
        "liars.cloud",
        "liars.ciphers",
        "liars.numbers",
        "honest.cloud",
    }
)
"""Modules of this package whose classes replace the cloud. Only these are imported in the cloud's process."""


@dataclass(frozen=True, slots=True)
class Variant:
    """`module` of this package holds the class `kind`, which replaces the honest device, cloud or session."""

    module: str
    kind: str

    @property
    def part(self) -> str:
        """What it replaces, as far as its module tells: the cloud, or else the device or the whole
        session."""
        return "cloud" if self.module in CLOUD_MODULES else "device"

    def load(self) -> Any:
        module = import_module(
            f"earwitness.reference_impl.faults.{self.module}"
        )
        return getattr(module, self.kind)


@dataclass(frozen=True, slots=True)
class Fault(Variant):
    """Breaks a clause openly."""

    clause: str


class Hiding(Enum):
    """How a liar hides what it does."""

    ENCODING = "encoding"
    CHANNEL = "channel"
    PLACE = "place"
    MOMENT = "moment"
    DECLARATION = "declaration"
    CAPABILITY = "capability"
    AWARENESS = "test awareness"


@dataclass(frozen=True, slots=True)
class Liar(Variant):
    """Breaks a promise and hides it. One of the clauses in `owes` must be refused; where there is none, the
    run must not be green."""

    hiding: Hiding
    owes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Honest(Variant):
    """Keeps every promise, in another way than the reference. It must be judged like the reference."""
