"""The report for people: one page, no scripts, no network; verdict first, exceptions before everything
that is well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from earwitness.conformance.evidence.bundle import SIGNATURE
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.gate.decision import PROFILES
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.summary import (
    GLOSSARY,
    ClauseLine,
)
from earwitness.conformance.gate.verdict import Verdict
from earwitness.model.logic.english import describe_duration
from earwitness.policies.pack import Pack
from earwitness.policies.traceability import read_traceability
from earwitness.reports.figures import (
    Arc,
    Shared,
    arcs_of,
    draw_sequence,
    draw_states,
)
from earwitness.reports.format import Format

SHAPES = {
    Verdict.SATISFIED: ("good", "✔"),
    Verdict.VIOLATED: ("bad", "✖"),
    Verdict.ON_ITS_WORD: ("warn", "▲"),
    Verdict.NOT_OBSERVABLE: ("warn", "◌"),
    Verdict.NOT_EXERCISED: ("warn", "○"),
    Verdict.INCONCLUSIVE: ("warn", "?"),
    Verdict.NOT_APPLICABLE: ("none", "–"),
}
"""A verdict is told by its word, a shape and a colour."""
BADGES = {
    Exit.SATISFIED: ("good", "✔"),
    Exit.VIOLATED: ("bad", "✖"),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A component of the model with its picture and the table that says the same."""

    name: str
    picture: Markup
    arcs: tuple[Arc, ...]
    shared: tuple[Shared, ...]

    @property
    def is_touched(self) -> bool:
        """Whether the run saw an event of any of its steps."""
        arcs = any(arc.is_seen for arc in self.arcs)
        return arcs or any(step.is_seen for step in self.shared)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of a source, and the clauses that it led to."""

    pack: str
    passage: str
    meaning: str
    clauses: tuple[ClauseLine, ...]
    because: str = ""
    """Why no clause answers for it."""


@dataclass(frozen=True, slots=True)
class BoundLine:
    """A parameter of a pack, as people read it."""

    name: str
    value: str
    origin: str
    is_ours: bool


def render_page(judged: JudgedBundle) -> bytes:
    """The page, from the bundle alone."""
    folder = files("earwitness.reports")
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_text"] = safe_text
    environment.filters["duration"] = describe_duration
    template = environment.from_string(
        folder.joinpath("page.html").read_text("utf-8")
    )
    style = folder.joinpath("page.css").read_text("utf-8")
    return template.render(style=Markup(style), **_context(judged)).encode(
        "utf-8"
    )


def _context(judged: JudgedBundle) -> Mapping[str, Any]:
    bundle, summary = judged.bundle, judged.summary
    models = tuple(_drawn(judged))
    return {
        "summary": summary,
        "manifest": bundle.manifest,
        "results": bundle.results,
        "digest": bundle.digest,
        "is_signed": (bundle.folder / SIGNATURE).is_file(),
        "badge": BADGES.get(summary.exit, ("warn", "▲")),
        "shapes": SHAPES,
        "profile": judged.decision.profile,
        "profile_meaning": PROFILES[judged.decision.profile],
        "glossary": GLOSSARY,
        "pictures": {
            story.clause: Markup(draw_sequence(story.rows))
            for story in summary.stories
        },
        "models": tuple(model for model in models if model.is_touched),
        "untouched": [m.name for m in models if not m.is_touched],
        "sources": tuple(_sources(judged)),
        "bounds": {pack.name: tuple(_bounds(pack)) for pack in judged.packs},
        "proofs": bundle.proofs,
        "strength": bundle.results.strength,
        "waivers": judged.policy.waivers,
        "observations": sum(run.observations for run in bundle.results.runs),
    }


def _drawn(judged: JudgedBundle) -> Iterable[Drawn]:
    model = judged.bundle.results.model
    visited = frozenset(model.visited)
    for component in model.components:
        arcs, shared = arcs_of(component, visited)
        yield Drawn(
            component.name,
            Markup(draw_states(component, arcs)),
            arcs,
            shared,
        )


def _sources(judged: JudgedBundle) -> Iterable[Source]:
    """Every sentence of a source where the bundle lists them; the passages that clauses name elsewhere."""
    lines = {line.id: line for line in judged.summary.clauses}
    for pack in judged.packs:
        file = f"packs/{pack.name}.traceability.yaml"
        if file in judged.bundle.manifest.files:
            yield from _sentences(judged.bundle.folder / file, pack, lines)
        else:
            yield from _passages(pack, lines)


def _sentences(
    file: Path, pack: Pack, lines: Mapping[str, ClauseLine]
) -> Iterable[Source]:
    for sentence in read_traceability(file).sentences:
        yield Source(
            pack=pack.name,
            passage=sentence.name,
            meaning=sentence.says,
            clauses=tuple(
                lines[name] for name in sentence.clauses if name in lines
            ),
            because=sentence.because,
        )


def _passages(
    pack: Pack, lines: Mapping[str, ClauseLine]
) -> Iterable[Source]:
    for passage in dict.fromkeys(
        name for clause in pack.clauses for name in clause.source
    ):
        clauses = (
            lines[c.id]
            for c in pack.clauses
            if passage in c.source and c.id in lines
        )
        yield Source(pack.name, passage, "", tuple(clauses))


def _bounds(pack: Pack) -> Iterable[BoundLine]:
    for name, declared in pack.declared.items():
        is_time = declared.unit in (
            "us",
            "ms",
            "s",
            "min",
            "h",
            "d",
        )
        value = (
            describe_duration(pack.parameters[name])
            if is_time
            else f"{declared.value} {declared.unit}"
        )
        yield BoundLine(name, value, declared.origin, declared.is_ours)


FORMAT = Format("html", "html", render_page)
