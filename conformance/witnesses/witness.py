"""What a witness is: something through which the harness itself sees, so that nobody's word is needed.

A stranger's package adds one by an entry point of the group `earwitness.witnesses`; `earwitness doctor`
lists them all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from earwitness.model.expression import Value
from earwitness.model.vocabulary import nearest

GROUP = "earwitness.witnesses"


class WitnessError(RuntimeError):
    """An installed witness cannot be used; the message names it and says why."""


@runtime_checkable
class Witness(Protocol):
    """Says what the harness can see through it, before anything has run."""

    @property
    def name(self) -> str:
        """One word for reports, such as `microphone`."""

    @property
    def sees(self) -> str:
        """One sentence for reports: what is seen, and how."""

    def events(
        self, capabilities: Collection[str], confined: bool
    ) -> frozenset[str]:
        """The events of the vocabulary that nobody but the harness need tell, for a target with these
        capabilities. `confined` says that the target runs in a cell, so that there is no way past the
        doors."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that a witness saw of a device: an event of the vocabulary, and how many microseconds before
    the harness asked."""

    device: str
    event: str
    attributes: Mapping[str, Value]
    ago: int = 0


class Sensor(Protocol):
    """What watches the devices of one check."""

    def begin(self) -> None:
        """A run begins, with the devices in their first state: what is the case is to be told again."""

    def look(self) -> Iterable[Sighting]:
        """What was seen since the last call; it is asked after each request."""

    def close(self) -> None:
        """Watch no longer."""


@runtime_checkable
class LookingWitness(Witness, Protocol):
    """A witness that brings observations of its own. It sees nothing before whoever runs the check names
    it (`--witness`): to be installed is not enough. What it sees counts as witnessed, and takes the place of
    what the device says of the same events."""

    def watch(self, devices: Collection[str]) -> Sensor:
        """Begin to watch the devices of that name. Raises WitnessError where that cannot be done."""


@dataclass(frozen=True, slots=True)
class CapabilityWitness:
    """A witness that is there where a target has one capability."""

    name: str
    sees: str
    capability: str
    seen: frozenset[str]
    only_confined: bool = False

    def events(
        self, capabilities: Collection[str], confined: bool
    ) -> frozenset[str]:
        there = self.capability in capabilities and (
            confined or not self.only_confined
        )
        return self.seen if there else frozenset()


@dataclass(frozen=True, slots=True)
class CellWitness:
    """A witness that needs nothing of the target but that it runs in a cell."""

    name: str
    sees: str
    seen: frozenset[str]

    def events(
        self, capabilities: Collection[str], confined: bool
    ) -> frozenset[str]:
        return self.seen if confined else frozenset()


MICROPHONE = CapabilityWitness(
    name="microphone",
    sees="how far the pipe that holds all that can be heard is drained",
    capability="microphone",
    seen=frozenset({"audio.captured", "microphone.power"}),
)
LOUDSPEAKER = CapabilityWitness(
    name="loudspeaker",
    sees="when sound is played, and whether it is a tone or speech",
    capability="loudspeaker",
    seen=frozenset({"tts.audio", "tone", "playback"}),
)
DISPLAY = CapabilityWitness(
    name="display",
    sees="which lights and symbols are lit, in the picture that the device shows",
    capability="display",
    seen=frozenset({"light", "screen"}),
)
RELAY = CapabilityWitness(
    name="relay",
    sees="every byte that crosses the doors, the sound and words in it, and whether it is encrypted",
    capability="route",
    seen=frozenset({"stream.audio"}),
)
FILES = CellWitness(
    name="files",
    sees="every file that was written, anywhere, and what of the test is in it",
    seen=frozenset({"record.found"}),
)


def installed_witnesses() -> Mapping[str, Witness]:
    """All witnesses by name. Raises WitnessError for one that cannot be loaded or is none."""
    found: dict[str, Witness] = {}
    for entry in sorted(
        entry_points(group=GROUP), key=lambda entry: entry.name
    ):
        try:
            witness = entry.load()
        except Exception as error:  # a stranger's package may fail in any way
            raise WitnessError(
                f"the witness '{entry.name}' ({entry.value}) cannot be loaded: {error}"
            ) from None
        if not isinstance(witness, Witness):
            raise WitnessError(
                f"'{entry.value}' is no witness: it needs name, sees and events"
            )
        found[entry.name] = witness
    return found


def looking_witness(name: str) -> LookingWitness:
    """The installed witness of that name that brings observations of its own. Raises WitnessError."""
    known = {
        known_name: witness
        for known_name, witness in installed_witnesses().items()
        if isinstance(witness, LookingWitness)
    }
    if name not in known:
        named = f"one of {', '.join(known)}" if known else "none is installed"
        raise WitnessError(
            f"no installed package brings a witness '{name}' that looks for itself ({named})."
            f"{nearest(name, known)}"
        )
    return known[name]


def witnessed_events(
    capabilities: Collection[str], confined: bool
) -> Mapping[str, tuple[str, ...]]:
    """For each event that the harness can see itself, the names of the witnesses that see it."""
    seen: dict[str, tuple[str, ...]] = {}
    for name, witness in installed_witnesses().items():
        for event in sorted(witness.events(capabilities, confined)):
            seen[event] = (*seen.get(event, ()), name)
    return seen
