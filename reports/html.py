"""The report for people: one page, no scripts, no network; verdict first, exceptions before everything
that is well."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from earwitness.conformance.evidence.bundle import SIGNATURE
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.gate.alike import group_alike
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.policy import PROFILES
from earwitness.conformance.gate.scope import origins_by_event
from earwitness.conformance.gate.summary import (
    EVIDENCE_ORDER,
    VERDICT_ORDER,
    ClauseLine,
)
from earwitness.conformance.gate.verdict import (
    STRONGEST_FIRST,
    WORDS,
    Verdict,
)
from earwitness.model.logic.formula import event_names
from earwitness.model.logic.wording import describe_duration
from earwitness.model.systems.mermaid import FAR_SIDE
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import Pack
from earwitness.policies.traceability import Traceability, read_traceability
from earwitness.reports.figures import draw_sequence
from earwitness.reports.format import Format
from earwitness.reports.glossary import GLOSSARY
from earwitness.reports.models import draw_model

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

MOST_ROWS_KEPT_WHOLE = 8
"""A sequence of so many events is printed on one page; a longer one may go on on the next, under its heads
again, or half a page would stay empty above it."""
SERVER = "server"
"""The event of a server that starts or stops, and what its lane is called in a picture."""
COLUMN_HEADS = {name: name for name in VERDICT_ORDER} | {
    name: f"satisfied: {name}" for name in EVIDENCE_ORDER
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A passage of a source, and the clauses that it led to."""

    passage: str
    meaning: str
    clauses: tuple[ClauseLine, ...]
    because: str = ""
    """Why no clause answers for it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a source with its sentences, and in one line how they fared."""

    name: str
    title: str
    lines: tuple[SourceLine, ...]

    @property
    def fared(self) -> str:
        held = [line for line in self.lines if line.clauses]
        verdicts = {
            clause.id: clause.verdict.value
            for line in held
            for clause in line.clauses
        }
        counted = Counter(verdicts.values())
        told = ", ".join(f"{n} {name}" for name, n in counted.items())
        sentences = f"{len(self.lines)} sentences, {len(held)} with clauses"
        return f"{sentences}: {told}" if told else sentences


@dataclass(frozen=True, slots=True)
class PackSource:
    """What a pack is drawn from: which text, and its sections."""

    pack: str
    paper: Traceability
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class EventLine:
    """A kind of event: what it means, and from whom this run knew of it."""

    name: str
    meaning: str
    known_from: str


@dataclass(frozen=True, slots=True)
class BoundLine:
    """A parameter of a pack, as people read it."""

    name: str
    value: str
    origin: str
    is_ours: bool

    @property
    def reason(self) -> str:
        """Why a bound of ours is what it is."""
        return self.origin.removeprefix("ours").lstrip(";: ")


def render_page(judged: JudgedBundle) -> bytes:
    """The page, from the bundle alone."""
    folder = files("earwitness.reports")
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_text"] = safe_text
    environment.filters["times"] = times_in_words
    template = environment.from_string(
        folder.joinpath("page.html").read_text("utf-8")
    )
    style = folder.joinpath("page.css").read_text("utf-8")
    return template.render(style=Markup(style), **_page_facts(judged)).encode(
        "utf-8"
    )


def _page_facts(judged: JudgedBundle) -> Mapping[str, Any]:
    bundle, summary = judged.bundle, judged.summary
    return {
        "summary": summary,
        "manifest": bundle.manifest,
        "results": bundle.results,
        "digest": bundle.digest,
        "signature": _signature_text(judged),
        "badge": BADGES.get(summary.exit, ("warn", "▲")),
        "shapes": SHAPES,
        "profile": judged.decision.profile,
        "profile_meaning": PROFILES[judged.decision.profile],
        "glossary": GLOSSARY,
        "pictures": {
            story.clause: Markup(
                draw_sequence(story.rows, _far_side(judged.packs))
            )
            for story in summary.stories
        },
        "most_rows_kept_whole": MOST_ROWS_KEPT_WHOLE,
        "model": draw_model(judged),
        "sources": tuple(_trace_sources(judged)),
        "events": tuple(_describe_events(judged)),
        "parts_by_evidence": parts_by_evidence,
        "column_order": (*VERDICT_ORDER, *EVIDENCE_ORDER),
        "column_heads": COLUMN_HEADS,
        "run_spans": run_spans,
        "clauses_of_run": _clauses_of_run(summary.clauses),
        "open_groups": group_alike(summary),
        "origin_words": {o.value: word for o, word in WORDS.items()},
        "bounds": {
            pack.name: tuple(_describe_bounds(pack)) for pack in judged.packs
        },
        "proofs": bundle.proofs,
        "strength": bundle.results.strength,
        "waivers": judged.policy.waivers,
        "observations": sum(run.observations for run in bundle.results.runs),
    }


def _far_side(packs: Iterable[Pack]) -> str:
    """What people call the other end of the device's connection: a device whose packs speak of its server has
    no cloud."""
    spoken = {
        name
        for pack in packs
        for clause in pack.clauses
        if clause.formula is not None
        for name in event_names(clause.formula)
    }
    return SERVER if SERVER in spoken else FAR_SIDE


def _signature_text(judged: JudgedBundle) -> str:
    if judged.policy.is_signed:
        return "checked: by the key that was given"
    if (judged.bundle.folder / SIGNATURE).is_file():
        return "present and not checked; earwitness verify --key does"
    return "none"


def _trace_sources(judged: JudgedBundle) -> Iterable[PackSource]:
    """Every sentence of a source where the bundle lists them; the passages that clauses name elsewhere."""
    lines = {line.id: line for line in judged.summary.clauses}
    for pack in judged.packs:
        file = f"packs/{pack.name}.traceability.yaml"
        if file in judged.bundle.manifest.files:
            paper = read_traceability(judged.bundle.folder / file)
            yield PackSource(
                pack.name, paper, tuple(_trace_sections(paper, lines))
            )
        else:
            passages = Section("", "", tuple(_trace_passages(pack, lines)))
            yield PackSource(pack.name, Traceability(()), (passages,))


def _trace_sections(
    paper: Traceability, lines: Mapping[str, ClauseLine]
) -> Iterable[Section]:
    for name in dict.fromkeys(s.section for s in paper.sentences):
        sentences = (
            SourceLine(
                passage=sentence.name,
                meaning=sentence.says,
                clauses=tuple(
                    lines[clause]
                    for clause in sentence.clauses
                    if clause in lines
                ),
                because=sentence.because,
            )
            for sentence in paper.sentences
            if sentence.section == name
        )
        yield Section(name, paper.titles.get(name, ""), tuple(sentences))


def _trace_passages(
    pack: Pack, lines: Mapping[str, ClauseLine]
) -> Iterable[SourceLine]:
    for passage in dict.fromkeys(
        name for clause in pack.clauses for name in clause.source
    ):
        clauses = (
            lines[c.id]
            for c in pack.clauses
            if passage in c.source and c.id in lines
        )
        yield SourceLine(passage, "", tuple(clauses))


def _describe_events(judged: JudgedBundle) -> Iterable[EventLine]:
    declared = vocabulary().events
    for name, origins in origins_by_event(judged.bundle).items():
        words = [WORDS[o] for o in STRONGEST_FIRST if o in origins]
        meaning = declared[name].meaning if name in declared else ""
        yield EventLine(safe_text(name), meaning, ", ".join(words))


def parts_by_evidence(
    line: ClauseLine,
) -> Mapping[tuple[Verdict, str], list[str]]:
    """The parts of a clause by their verdict and evidence: of many parts most are alike."""
    found: dict[tuple[Verdict, str], list[str]] = {}
    for part in line.parts:
        evidence = part.evidence if part.exercised else ""
        found.setdefault((part.verdict, evidence), []).append(part.name)
    return found


def times_in_words(count: int) -> str:
    """How often, as people say it.

    >>> times_in_words(0), times_in_words(1), times_in_words(12)
    ('never', 'once', '12 times')
    """
    few = {0: "never", 1: "once"}
    return few.get(count, f"{count} times")


def run_spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers in rising order as spans from a first to a last one.

    >>> run_spans([0, 3, 4, 5, 9])
    [(0, 0), (3, 5), (9, 9)]
    """
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], number
        else:
            spans.append((number, number))
    return spans


def _clauses_of_run(
    lines: Iterable[ClauseLine],
) -> Mapping[int, Sequence[str]]:
    """Which clauses each run exercised, by its number."""
    found: dict[int, list[str]] = defaultdict(list)
    for line in lines:
        for number in line.runs:
            found[number].append(line.id)
    return found


def _describe_bounds(pack: Pack) -> Iterable[BoundLine]:
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
        yield BoundLine(
            name=name,
            value=value,
            origin=declared.origin,
            is_ours=declared.is_ours,
        )


FORMAT = Format("html", "html", render_page)
