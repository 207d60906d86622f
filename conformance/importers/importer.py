"""What an importer is: it reads the log of one family of devices as observations, so that it can be judged.

A stranger's package adds one by an entry point of the group `earwitness.importers`; `earwitness judge --from
NAME` reads with it. What comes of it is checked against the vocabulary like every other line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeAlias, runtime_checkable

from earwitness.model.trace import (
    Observation,
    TraceError,
    observation_to_json,
    parse_line,
    partial_observation_from,
)
from earwitness.model.vocabulary import nearest

GROUP = "earwitness.importers"
DEFAULT = "observations"
ReadLine: TypeAlias = Callable[[bytes], Iterable[Observation]]
"""The observations that one line holds; none where the line says nothing that can be judged. Raises
TraceError for a line that it should understand and does not."""


class ImporterError(ValueError):
    """No such importer, or one that cannot be used; the message says which and what to do."""


@runtime_checkable
class Importer(Protocol):
    """How the logs of one source are read."""

    @property
    def what(self) -> str:
        """One sentence: which logs these are."""

    @property
    def sees(self) -> frozenset[str] | None:
        """The events that the source would have logged, had they happened. None where the log cannot say:
        then all but what only a test harness knows."""

    def begin(self) -> ReadLine:
        """A reader for one file, which is given its lines in order."""


@dataclass(frozen=True, slots=True)
class LineImporter:
    """An importer made of a function for one line, where no line depends on another."""

    what: str
    read_line: ReadLine
    sees: frozenset[str] | None = None

    def begin(self) -> ReadLine:
        return self.read_line


def _read_observation(line: bytes) -> tuple[Observation]:
    return (parse_line(line),)


OBSERVATIONS = LineImporter(
    what="observations as Earwitness writes them, one JSON object a line",
    read_line=_read_observation,
)


def installed_importers() -> Mapping[str, EntryPoint]:
    """Every importer by name; none is loaded yet. Raises ImporterError where two packages bring the same."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise ImporterError(
                f"two installed packages bring the importer '{entry.name}': {other.value} and {entry.value};"
                " remove one"
            )
    return found


def load_importer(name: str) -> Importer:
    """An importer by name. Raises ImporterError, which names the nearest."""
    if name == DEFAULT:
        return OBSERVATIONS
    known = installed_importers()
    if name not in known:
        raise ImporterError(
            f"there is no importer '{name}'.{nearest(name, known)} Installed: {', '.join(known) or 'none'}"
        )
    entry = known[name]
    try:
        importer = entry.load()
    except Exception as error:  # a stranger's package may fail in any way
        raise ImporterError(
            f"the importer '{name}' ({entry.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from None
    if not isinstance(importer, Importer):
        raise ImporterError(
            f"'{entry.value}' is no importer: it needs what, sees and begin"
        )
    return CheckedImporter(importer)


@dataclass(frozen=True, slots=True)
class CheckedImporter:
    """A stranger's importer: whatever it does, a line is observations of the vocabulary or a TraceError."""

    importer: Importer

    @property
    def what(self) -> str:
        return self.importer.what

    @property
    def sees(self) -> frozenset[str] | None:
        return self.importer.sees

    def begin(self) -> ReadLine:
        read_line = self.importer.begin()
        return lambda line: _read_checked(read_line, line)


def _read_checked(
    read_line: ReadLine, line: bytes
) -> tuple[Observation, ...]:
    try:
        return tuple(
            partial_observation_from(observation_to_json(seen))
            for seen in read_line(line)
        )
    except TraceError:
        raise
    except Exception as error:
        raise TraceError(
            f"the importer broke on this line: {type(error).__name__}: {error}"
        ) from None
