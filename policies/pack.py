"""Packs of promises: their parts as data, and where they are found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from earwitness.model.logic.formula import Formula
from earwitness.model.logic.monitor import Monitor
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import nearest
from earwitness.policies.models import MODELS, small_parameters

if TYPE_CHECKING:
    from earwitness.model.systems.model import Model

PACKS = ("alexa-smart-properties", "voice-baseline")
"""Judged by unless others are named, in the library and on the command line."""
SEVERITIES = ("low", "medium", "high", "critical")
"""Of a clause, from the least to the most."""

MOST_READ = 32
"""Packs that are remembered as they were read: those of a check, and those that a proof reads with other
parameters."""
PARAMETER = re.compile(r"\$([a-z_]+)")
"""How a formula names a parameter."""


class PackError(ValueError):
    """One sentence a line: file:line:column, the clause, what is wrong."""


class Kind(Enum):
    """What a clause quantifies over: one run (always), two runs, or what is possible in every reachable
    state."""

    ALWAYS = "always"
    TWO_RUN = "two_run"
    ENABLED = "enabled"


class Way(Enum):
    """How a clause can be known."""

    PROVED = "proved"
    SEARCHED = "searched"
    WITNESSED = "witnessed"
    AUDITED = "audited"


@dataclass(frozen=True, slots=True)
class Conjunct:
    """One part of a promise that is exercised, judged and evidenced by itself. `name` is the clause's id and
    a number, `MIC-3.1`.

    It asks nothing of a device without its `capability`. `needs` is the weakest origin that satisfies it:
    WITNESSED asks the harness to have seen all of it, DEVICE takes the device's word.
    """

    name: str
    title: str
    text: str
    formula: Formula
    trigger: Formula
    monitor: Monitor
    needs: Origin
    capability: str | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise. `formula` and `monitor` are the conjunction of the conjuncts, for the proofs; None where
    there is no conjunct.

    `transition` names what kind ENABLED wants possible, `observer` who of kind TWO_RUN must not tell two
    runs apart.
    """

    id: str
    title: str
    source: tuple[str, ...]
    severity: str
    ways: frozenset[Way]
    kind: Kind
    capability: str | None
    each: tuple[str, ...]
    needs: Origin
    conjuncts: tuple[Conjunct, ...]
    formula: Formula | None
    monitor: Monitor | None
    transition: str | None = None
    observer: str | None = None
    revision: str = ""
    """Made from what it promises: another one promises something else."""
    pack: str = field(default="", compare=False)
    """The name of its pack, and below the version: where it stands is no part of what it promises."""
    pack_version: int = field(default=0, compare=False)

    @property
    def text(self) -> str:
        """The formulas of all conjuncts as they are written, joined."""
        if len(self.conjuncts) == 1:
            return self.conjuncts[0].text
        return "\nand ".join(
            f"({conjunct.text})" for conjunct in self.conjuncts
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound that a pack gives. `origin` says who says so; `ours` where we chose it because the source
    names none."""

    value: int
    unit: str
    origin: str

    @property
    def is_ours(self) -> bool:
        return self.origin.startswith("ours")


@dataclass(frozen=True, slots=True)
class Pack:
    """Clauses with the parameters and states they use. `file` is where they were read.

    `parameters` are in microseconds, counts or bytes; `declared` has them as they are written.
    `opportunities` gives for an event when it could have happened: what exercises a promise that it never
    does.
    """

    name: str
    version: int
    source: str
    parameters: Mapping[str, int]
    states: Mapping[str, Mapping[str, str]]
    clauses: tuple[Clause, ...]
    file: Path
    model_name: str
    declared: Mapping[str, Parameter] = field(default_factory=dict)
    opportunities: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    """What of the source could not be read when the pack was written."""

    @property
    def model(self) -> Model:
        """What the pack's proofs speak of."""
        return MODELS[self.model_name]()

    def clause(self, identity: str) -> Clause:
        """The clause of that id. Raises PackError naming the nearest."""
        for clause in self.clauses:
            if clause.id == identity:
                return clause
        known = [c.id for c in self.clauses]
        raise PackError(
            f"pack {self.name} has no clause '{identity}'.{nearest(identity, known)}"
        )


def shipped_packs() -> dict[str, Path]:
    """The packs that come with Earwitness, by name."""
    folder = Path(str(files("earwitness.policies").joinpath("packs")))
    return {
        path.parent.name: path for path in sorted(folder.glob("*/pack.yaml"))
    }


def shipped_file(pack: str, name: str) -> Path:
    """A file that lies beside a shipped pack: what is known of its promises."""
    return shipped_packs()[pack].with_name(name)


def find_clause(names: Sequence[str], identity: str) -> tuple[Pack, Clause]:
    """The clause of that id, in any case of letters, with the first of the packs that has it, of which no
    more is read. Raises PackError that names the nearest."""
    wanted = identity.upper()
    for name in names:
        pack = load(shipped_packs().get(name, Path(name)), only=wanted)
        for clause in pack.clauses:
            return pack, clause
    known = [c.id for name in names for c in find(name).clauses]
    raise PackError(
        f"no pack has a clause '{identity}'.{nearest(wanted, known)}"
    )


def find(name: str, instead: Mapping[str, int] | None = None) -> Pack:
    """A shipped pack by name, or a pack file by path, read as if its parameters had the values of
    `instead`."""
    return load(shipped_packs().get(name, Path(name)), instead)


def small_pack(pack: Pack) -> Pack:
    """The same promises under bounds in units of time, for the small form of its model."""
    return load(pack.file, small_parameters(pack.model, pack.parameters))


def load(
    path: Path,
    instead: Mapping[str, int] | None = None,
    only: str | None = None,
) -> Pack:
    """A pack from a file, or no more of its clauses than `only`. Raises PackError with every fault found,
    one a line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        known = ", ".join(shipped_packs())
        raise PackError(
            f"{path}: cannot be read ({error.strerror}); name a pack file or one of {known}"
        ) from None
    others = tuple(sorted((instead or {}).items()))
    return _read_once(raw, path, instead=others, only=only)


@lru_cache(maxsize=MOST_READ)
def _read_once(
    raw: bytes,
    path: Path,
    instead: tuple[tuple[str, int], ...],
    only: str | None,
) -> Pack:
    """A check reads its packs, judges by them, and judges its bundle by them once more."""
    # Imported here: the reader needs what is declared above, and is not needed to speak of packs.
    from earwitness.policies.pack_reader import read_pack

    return read_pack(raw, path, instead=dict(instead), only=only)


def parameters_in(clause: Clause) -> tuple[str, ...]:
    """The parameters that the formulas of a clause name, in the order in which they do."""
    return tuple(dict.fromkeys(PARAMETER.findall(clause.text)))
