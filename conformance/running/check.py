"""The main job: prove the pack on the model, judge an implementation, write the bundle."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from earwitness.conformance.evidence import records
from earwitness.conformance.evidence.model_runs import proved_model
from earwitness.conformance.evidence.writer import (
    REFINEMENT,
    STEPS,
    BundleWriter,
)
from earwitness.conformance.gate.verdict import ClauseResult, Exit
from earwitness.conformance.running.check_session import CheckSession, Tell
from earwitness.conformance.running.examination import (
    Examination,
    Plan,
    examine,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.near_misses import near_misses
from earwitness.conformance.running.refining import refine_traces
from earwitness.conformance.running.rejudge import circumstances_record
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.run_records import (
    comparison_text,
    failure_record,
    proof_record,
    search_records,
    steps_lines,
    target_record,
)
from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.stimulus import Scenario
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import (
    OpenedTarget,
    open_target,
)
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.vectors import counterexample
from earwitness.conformance.vectors.vector import device_of, on_device
from earwitness.policies.pack import Clause, Pack
from earwitness.policies.proving.prove_packs import CheckedProof, prove_packs
from earwitness.policies.proving.strength import (
    FILE as STRENGTH_FILE,
)
from earwitness.policies.proving.strength import (
    joined,
    load_strength,
)
from earwitness.policies.proving.strength_facts import (
    StrengthFacts,
    facts_of_strength,
    summarize_strength,
)
from earwitness.policies.proving.tasks import clauses_to_prove
from earwitness.policies.proving.weight import clause_weight


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The end of a check: results in pack order, the exit code and why it is not 0."""

    results: tuple[ClauseResult, ...]
    exit: Exit
    reason: str
    folder: Path
    """Of the bundle."""
    digest: str
    """Of the bundle's manifest, and so of all that is in it."""
    strength: tuple[str, ...] = ()
    """What is known of the pack itself, in a few lines."""


def check(
    target: str,
    packs: tuple[Pack, ...],
    out: Path,
    tell: Tell,
    plan: Plan,
    attachments: Mapping[str, bytes] = {},
    opened: OpenedTarget | None = None,
) -> CheckOutcome:
    """Run everything and write a bundle below `out`, with the attachments in it (a capability file, waivers
    ...). `opened` is the target, where it is open already. Raises TargetError where the target cannot be
    driven at all."""
    phrases = [
        clip.said_to(word, word).words
        for clip in CLIPS.values()
        for word in ("alexa", "computer")
    ]
    with BundleWriter(
        out, target, arguments=sys.argv[1:], seed=plan.seed, phrases=phrases
    ) as writer:
        for name, content in attachments.items():
            writer.keep_file(name, content)
        return _Check(
            writer=writer, target=target, packs=packs, tell=tell, plan=plan
        ).run(opened)


class _Check:
    """One check in progress."""

    def __init__(
        self,
        writer: BundleWriter,
        target: str,
        packs: tuple[Pack, ...],
        tell: Tell,
        plan: Plan,
    ) -> None:
        self.writer, self.target, self.packs, self.tell, self.plan = (
            writer,
            target,
            packs,
            tell,
            plan,
        )
        self.began = time.perf_counter()
        self.weights: Mapping[str, str] = {}

    def run(self, opened: OpenedTarget | None) -> CheckOutcome:
        kept = [
            self.writer.keep_pack(
                name=p.name,
                pack_version=p.version,
                source=p.source,
                file=p.file,
            )
            for p in self.packs
        ]
        for pack in self.packs:
            sentences = pack.file.with_name("traceability.yaml")
            if pack.file.name == "pack.yaml" and sentences.is_file():
                self.writer.keep_file(
                    f"packs/{pack.name}.traceability.yaml",
                    sentences.read_bytes(),
                )
        proven = self._prove_packs()
        self.weights = {
            name: clause_weight(proof.weights).value
            for name, proof in proven.items()
            if proof.weights
        }
        proof_seconds = time.perf_counter() - self.began
        found = examine(
            self.target,
            self.packs,
            self.plan,
            tell=self.tell,
            keep=self.writer.observe,
            proved={name: proof.standing for name, proof in proven.items()},
            opened=opened,
        )
        self._store_failures(found.session, tuple(p.file for p in kept))
        self.writer.keep_file(STEPS, steps_lines(found.session.runs))
        strength = self._known_strength()
        refinement = self._refine_runs(found.session)
        digest = self.writer.finish(
            self._facts_of_results(found, strength, refinement),
            target=target_record(self.target, found.session.hello),
            packs=kept,
            seconds=records.Seconds(
                proof=round(proof_seconds, 1),
                all=round(time.perf_counter() - self.began, 1),
            ),
            confinement=(
                Confinement.SEALED
                if found.session.confined
                else Confinement.OPEN
            ).value,
            budget=self.plan.budget,
        )
        summary = summarize_strength(strength) if strength is not None else ()
        return CheckOutcome(
            results=found.results,
            exit=found.exit,
            reason=found.reason,
            folder=self.writer.folder,
            digest=digest,
            strength=summary,
        )

    def _prove_packs(self) -> dict[str, CheckedProof]:
        def show_proof(p: CheckedProof) -> None:
            counterexample.write_counterexample(
                self.writer.proofs, p.proof, p.other
            )
            text = f"{p.proof.clause}: {p.standing.value} in {p.proof.seconds:.1f} s, "
            self.tell(
                f"{text}{p.obligations} obligations re-checked by cvc5 {p.proof.reason}".rstrip()
            )

        if not self.plan.proofs:
            return {}
        asked = sum(len(clauses_to_prove(p.clauses)) for p in self.packs)
        if asked:
            self.tell(f"proving {asked} clauses over the model")
        proven = prove_packs(
            packs=self.packs,
            folder=self.writer.proofs,
            seconds=self.plan.seconds,
            tell=show_proof,
        )
        self.writer.store_proofs(
            {
                name: proof_record(p, self.writer.redactor)
                for name, p in proven.items()
            }
        )
        return proven

    def _store_failures(
        self, session: CheckSession, files: tuple[str, ...]
    ) -> None:
        for found in session.failures.values():
            record = failure_record(
                found=found,
                target=self.target,
                seed=self.plan.seed,
                packs=files,
                redactor=self.writer.redactor,
            )
            self.writer.store_failure(record)

    def _refine_runs(
        self, session: CheckSession
    ) -> records.RefinementRecord | None:
        """Only where something is to be proved of a model is it asked who behaved as it."""
        models = [
            pack.model
            for pack in self.packs
            if clauses_to_prove(pack.clauses)
        ]
        if not models:
            return None
        traces = [run.trace for run in session.runs]
        record, runs = refine_traces(traces, models[0], self.writer.redactor)
        self.writer.keep_file(REFINEMENT, runs)
        self.tell(record.line)
        return record

    def _known_strength(self) -> StrengthFacts | None:
        measured = [
            pack
            for pack in self.packs
            if pack.file.with_name(STRENGTH_FILE).is_file()
        ]
        if len({pack.model.name for pack in measured}) != 1:
            return None
        known = [load_strength(pack) for pack in measured]
        return facts_of_strength(joined(known))

    def _facts_of_results(
        self,
        found: Examination,
        strength: StrengthFacts | None,
        refinement: records.RefinementRecord | None,
    ) -> records.Results:
        session = found.session
        skipped, refused = _refusals_apart(session)
        stores = [run.stores for run in session.runs]
        return records.Results(
            exit=found.exit.value,
            reason=found.reason,
            clauses=found.results,
            runs=tuple(
                records.RunRecord(
                    number=number,
                    purpose=purpose,
                    observations=len(run.trace),
                    skipped=run.skipped,
                    dead=run.dead,
                )
                for number, (run, purpose) in enumerate(
                    zip(session.runs, session.purposes, strict=True)
                )
            ),
            uploads=sum(r.uploads for r in session.runs),
            voice=sum(r.voice for r in session.runs),
            stores=records.StoresRecord(
                files=max((s.files for s in stores), default=0),
                unread=tuple(sorted({u for s in stores for u in s.unread})),
                finds=tuple(
                    sorted(
                        {
                            f"{f.store}: {f.category}"
                            for s in stores
                            for f in s.finds
                        }
                    )
                ),
            ),
            findings=tuple(
                records.FindingRecord(
                    kind=f.kind,
                    text=f.text,
                    device=f.device,
                    blocking=f.blocking,
                )
                for f in session.findings
            ),
            sight=found.circumstances.sight,
            circumstances=circumstances_record(found.circumstances),
            skipped=skipped,
            kept_promises=refused,
            near_misses=near_misses(
                [c for pack in self.packs for c in pack.clauses],
                [run.tally for run in session.runs],
            ),
            searches=tuple(search_records(session, proved_model(self.packs))),
            two_runs=comparison_text(session),
            refinement=refinement,
            weights=self.weights,
            strength=strength,
        )


def _refusals_apart(
    session: CheckSession,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What could not be done on the target, and what it refused as it promised: to enable a skill that nobody
    may enable."""
    texts = sorted({text for run in session.runs for text in run.skipped})
    skills = {
        name
        for profile in session.hello.profiles.values()
        for name in profile.refused_skills
    }
    steps = tuple(f"skill enable {name} " for name in skills)
    refused = tuple(text for text in texts if text.startswith(steps))
    return tuple(text for text in texts if text not in refused), refused


def replay_scenario(
    target: str,
    scenario: Scenario,
    clauses: tuple[Clause, ...],
    seed: int = 0,
    kind: str = "any",
) -> Run:
    """Run one stored scenario again, on a device of that kind where it leaves open which. Raises
    TargetError."""
    with Harness(open_target(target), clauses, seed) as harness:
        device = device_of(kind, harness.hello.devices)
        if device is None:
            raise TargetError(f"the target has no device of kind '{kind}'")
        return harness.run(on_device(scenario, device))
