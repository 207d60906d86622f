"""From the sentences of a source to the clauses of its pack, and back: nothing is promised that nobody said,
and what was said and is not promised is listed with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earwitness.policies.pack import Pack, PackError
from earwitness.policies.placed_yaml import PlacedYamlError, read_document


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a source in our words. `because` says why no clause answers for it."""

    section: str
    number: int
    says: str
    clauses: tuple[str, ...]
    because: str

    @property
    def name(self) -> str:
        """Such as `F3.2`: the second sentence of the third question."""
        return f"{self.section}.{self.number}"


@dataclass(frozen=True, slots=True)
class Traceability:
    """All sentences of a source, in its order. `edition`, `read_as` and `sha256` say which text was read;
    `titles` are those of the sections."""

    sentences: tuple[Sentence, ...]
    source: str = ""
    edition: str = ""
    read_as: str = ""
    sha256: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def orphans(self) -> tuple[Sentence, ...]:
        """Sentences that no clause answers for."""
        return tuple(s for s in self.sentences if not s.clauses)

    def sections_of(self, clause: str) -> frozenset[str]:
        """The sections that a clause is drawn from."""
        return frozenset(
            s.section for s in self.sentences if clause in s.clauses
        )

    def unsourced(self, pack: Pack) -> tuple[str, ...]:
        """Clauses of the pack that no sentence leads to."""
        return tuple(c.id for c in pack.clauses if not self.sections_of(c.id))


def read_traceability(path: Path) -> Traceability:
    """The sentences in a traceability file. Raises PackError."""
    try:
        content = read_document(path.read_bytes(), str(path)).content
    except (OSError, PlacedYamlError) as error:
        raise PackError(
            f"{path}: cannot be read ({error}); it lists the sentences of the source"
        ) from None
    return Traceability(
        sentences=tuple(
            _sentence(section, number, item)
            for section, items in content["sections"].items()
            for number, item in enumerate(items, start=1)
        ),
        source=content.get("source", ""),
        edition=content.get("edition", ""),
        read_as=content.get("read_as", ""),
        sha256=content.get("sha256", ""),
        titles=content.get("titles", {}),
    )


def _sentence(section: str, number: int, item: Mapping[str, Any]) -> Sentence:
    return Sentence(
        section=section,
        number=number,
        says=item["says"],
        clauses=tuple(item["clauses"]),
        because=item.get("because", ""),
    )
