"""Small bundles for the tests of evidence, gate and reports: written by the real writer, about an
implementation that nobody runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from earwitness.conformance.evidence.bundle import Bundle, read_bundle
from earwitness.conformance.evidence.records import (
    FailureRecord,
    Results,
    RunRecord,
    Seconds,
    TargetRecord,
)
from earwitness.conformance.evidence.redaction import Redactor
from earwitness.conformance.evidence.writer import BundleWriter
from earwitness.conformance.gate.verdict import (
    ClauseResult,
    ConjunctResult,
    Verdict,
    gate,
)
from earwitness.conformance.running.judgement import Circumstances, judge
from earwitness.conformance.running.near_misses import near_misses
from earwitness.conformance.running.refining import refine_traces
from earwitness.conformance.running.rejudge import circumstances_record
from earwitness.conformance.running.tally import tally
from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds
from earwitness.policies.pack import find

PACK = """pack: small
version: 3
source: A small paper
parameters: {}
states:
  microphone: {off: microphone.power(on = false), on: microphone.power(on = true)}
clauses:
  - id: MIC-1
    title: While muted nothing is captured
    source: [S]
    severity: critical
    ways: [searched, witnessed]
    each: [device]
    formula: audio.captured implies not microphone is off
  - id: LED-1
    title: The red light shows the mute
    source: [F1]
    severity: low
    ways: [searched]
    each: [device]
    formula: light(color = red, on = true) implies microphone is off
"""


def observed(time, event, origin=Origin.WITNESSED, device="d1", **attributes):
    names = {"from_": "from"}
    given = {
        names.get(name, name): value for name, value in attributes.items()
    }
    return Observation(Microseconds(time), device, event, given, origin)


HONEST = (
    observed(0, "microphone.power", on=True),
    observed(10, "audio.captured", bytes=2_560, buffered=0),
    observed(20, "microphone.power", on=False),
    observed(21, "light", color="red", on=True, origin=Origin.DEVICE),
)
LEAKY = (*HONEST, observed(30, "audio.captured", bytes=2_560, buffered=0))

PROMISES = {
    "MIC-1": ("While muted nothing is captured", ("S",)),
    "LED-1": ("The red light shows the mute", ("F1",)),
}


def clause(
    identity,
    verdict=Verdict.SATISFIED,
    *,
    needs=Origin.DEVICE,
    evidence=Origin.WITNESSED,
    severity="low",
):
    """A result of a clause with one conjunct."""
    exercised = (
        0
        if verdict
        in (
            Verdict.NOT_EXERCISED,
            Verdict.NOT_OBSERVABLE,
            Verdict.NOT_APPLICABLE,
        )
        else 1
    )
    known = evidence if exercised else None
    conjunct = ConjunctResult(
        f"{identity}.1", "in words", verdict, needs, known, exercised
    )
    return ClauseResult(
        id=identity,
        title=PROMISES.get(identity, ("A promise", ()))[0],
        severity=severity,
        source=PROMISES.get(identity, ("A promise", ("S",)))[1],
        english="in words",
        verdict=verdict,
        known=(),
        reason="" if verdict is Verdict.SATISFIED else "a reason",
        exercised=exercised,
        conjuncts=(conjunct,),
        pack="small",
        pack_version=3,
        revision=revision_of_small(identity),
    )


@cache
def small_pack(text=PACK):
    """The pack, read once."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "small.yaml"
        file.write_text(text)
        return find(str(file))


def revision_of_small(identity):
    """Of a clause of the small pack; empty for one that it lacks."""
    known = {c.id: c.revision for c in small_pack().clauses}
    return known.get(identity, "")


SIGHT = {
    "audio.captured": Origin.WITNESSED,
    "microphone.power": Origin.WITNESSED,
    "light": Origin.DEVICE,
    "power": Origin.WITNESSED,
}


def write_bundle(
    out,
    *,
    clauses=None,
    trace=HONEST,
    exit_code=None,
    failure=None,
    known=None,
    pack=PACK,
    files=(),
    setup="",
    capabilities=(),
    **facts,
):
    """A complete bundle below `out`; its folder. Its results are those of the judge, unless others are given:
    then it is one that a forger could have made. `files` are pairs of a name and a content to keep in it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    pack_file = out.parent / "small.yaml"
    pack_file.write_text(pack)
    loaded = small_pack(pack)
    known = known or Circumstances(sight=SIGHT)
    results = clauses or judge(
        loaded.clauses, [tally(loaded.clauses, trace)], known
    )
    if exit_code is None:
        exit_code = gate(results, frozenset(c.id for c in results)).value
    facts = {
        "near_misses": near_misses(
            loaded.clauses, [tally(loaded.clauses, trace)]
        ),
        "sight": known.sight,
        "circumstances": circumstances_record(known),
        **facts,
    }
    with BundleWriter(
        out,
        "exec:./device",
        seed=7,
        arguments=("check",),
        phrases=("what is the weather",),
    ) as writer:
        kept = writer.keep_pack(
            loaded.name, loaded.version, loaded.source, pack_file
        )
        writer.observe(0, trace)
        writer.log_target("target: ready\n")
        for name, content in files:
            writer.keep_file(name, content)
        if failure is not None:
            writer.store_failure(failure)
        writer.finish(
            Results(
                exit=exit_code,
                reason="",
                clauses=tuple(results),
                runs=(
                    RunRecord(
                        number=0, purpose="tour", observations=len(trace)
                    ),
                ),
                **facts,
            ),
            target=TargetRecord(
                given="exec:./device",
                name="Device",
                version="1.2",
                setup=setup,
                capabilities=dict(capabilities),
                clock="virtual",
                devices={"d1": "speaker"},
            ),
            packs=[kept],
            seconds=Seconds(all=1.5),
        )
    return writer.folder


PROVED = PACK.replace("ways: [searched]", "ways: [proved, searched]")
"""The same pack, asking for a proof over the model of the assistant."""
MUTED = (
    observed(0, "power", on=True, kind="speaker"),
    observed(20_000, "microphone.power", on=True),
    observed(40_000, "light", color="red", on=False),
    observed(60_000, "audio.captured", bytes=2_560, buffered=80_000),
    observed(1_000_000, "button.microphone"),
    observed(1_040_000, "microphone.power", on=False),
    observed(1_050_000, "light", color="red", on=True),
)
"""What a run of that model shows."""


def modelled_bundle(out, **facts):
    """A bundle with the run of the model that shows its trace."""
    record, lines = refine_traces([MUTED], ASSISTANT, Redactor(b"key"))
    assert [trace.outcome for trace in record.traces] == ["admitted"]
    return write_bundle(
        out,
        pack=PROVED,
        trace=MUTED,
        refinement=record,
        capabilities={"microphone_button": True},
        files=[("refinement.jsonl", lines)],
        **facts,
    )


def leak():
    """The failure that goes with LEAKY."""
    trace = tuple(
        {
            "time": o.time,
            "device": o.device,
            "event": o.event,
            **o.attributes,
            "origin": o.origin.value,
        }
        for o in LEAKY
    )
    scenario = ({"do": "press", "device": "d1", "button": "microphone"},)
    return FailureRecord(
        clause="MIC-1",
        scenario=scenario,
        at=4,
        trace=trace,
        target="exec:./device",
        seed=7,
    )


def violated_bundle(out, **facts):
    """A bundle whose target captured while muted."""
    return write_bundle(out, trace=LEAKY, failure=leak(), **facts)


def read(folder: Path) -> Bundle:
    return read_bundle(folder)
