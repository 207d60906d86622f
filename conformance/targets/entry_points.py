"""Targets by name. Each kind is an entry point of the group `earwitness.targets`, so that any installed
package can bring one: `ref`, `exec` and `wyoming` are found in the same way as a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TypeAlias

from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.protocol import (
    Hello,
    Target,
    TargetError,
)
from earwitness.conformance.targets.witnessed_target import WitnessedTarget
from earwitness.conformance.witnesses.witness import looking_witness
from earwitness.model.vocabulary import nearest

GROUP = "earwitness.targets"


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What whoever runs the check decides about the target. `confinement` is the firmest that is tried;
    `patience` is how many seconds of silence count as a hang."""

    confinement: Confinement = Confinement.SEALED
    # 30 s: chosen, far longer than an answer takes.
    patience: float = 30.0
    witnesses: tuple[str, ...] = ()
    """Installed witnesses that are to look for themselves, by name."""


OpenTarget: TypeAlias = Callable[[str, TargetOptions], Target]
"""An entry point: opens the target that stands behind the colon of its name. Raises TargetError."""


def open_target(name: str, options: TargetOptions | None = None) -> Target:
    """The target of that name, such as `ref`, `ref:faulty/NAME` or `exec:COMMAND`, with the witnesses
    beside it that the options name. Raises TargetError, WitnessError."""
    kind, _, rest = name.partition(":")
    known = installed_targets()
    if kind not in known:
        raise TargetError(
            f"'{name}' names no target.{nearest(kind, known)} A name begins with one of {', '.join(known)},"
            " such as ref, ref:faulty/NAME or exec:COMMAND"
        )
    options = options or TargetOptions()
    witnesses = {name: looking_witness(name) for name in options.witnesses}
    target = load_target(known[kind])(rest, options)
    return WitnessedTarget(target, witnesses) if witnesses else target


class OpenedTarget:
    """A target that has introduced itself, so that whoever is to drive it need not open it again. Use it in
    a `with`: it is closed there, unless it was handed over. Raises TargetError, WitnessError."""

    def __init__(self, name: str, options: TargetOptions) -> None:
        self._target: Target | None = open_target(name, options)
        try:
            self.hello: Hello = self._target.introduce()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> OpenedTarget:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hand_over(self) -> Target:
        """The target itself, which whoever takes it must close."""
        if self._target is None:
            raise ValueError("the target is closed, or somebody else's now")
        target, self._target = self._target, None
        return target

    def close(self) -> None:
        """End the target, unless it was handed over."""
        if self._target is not None:
            self.hand_over().close()


def installed_targets() -> Mapping[str, EntryPoint]:
    """Every kind of target that an installed package brings. Raises TargetError where two bring the same."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(
        entry_points(group=GROUP), key=lambda entry: entry.name
    ):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise TargetError(
                f"two installed packages bring the target '{entry.name}': {other.value} and {entry.value};"
                " remove one"
            )
    if not found:
        raise TargetError(
            "no target is installed, not even ours: install earwitness again (pip install .)"
        )
    return found


def load_target(entry: EntryPoint) -> OpenTarget:
    """The function behind an entry point. Raises TargetError where its package cannot be imported."""
    try:
        opened: OpenTarget = entry.load()
    except (
        Exception
    ) as error:  # whatever a stranger's package does when it is imported
        raise TargetError(
            f"the target '{entry.name}' ({entry.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from None
    return opened
