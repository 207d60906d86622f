"""From the sentences of a source to the clauses of its pack, and back: nothing is promised that nobody
said, and what was said and is
not promised is listed with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
    """All sentences of a source, in its order."""

    sentences: tuple[Sentence, ...]

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
        tuple(
            Sentence(
                section,
                number,
                item["says"],
                tuple(item["clauses"]),
                item.get("because", ""),
            )
            for section, items in content["sections"].items()
            for number, item in enumerate(items, start=1)
        )
    )
