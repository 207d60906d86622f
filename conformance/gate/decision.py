"""The gate: policy, decided from a bundle alone. `check` and `gate` call the same function, whatever they
print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.baseline import (
    ClauseChange,
    compare_clauses,
)
from earwitness.conformance.gate.exits import (
    Exit,
    strongest,
)
from earwitness.conformance.gate.file_notices import about_the_files
from earwitness.conformance.gate.fingerprint import (
    fingerprint,
    violating_event,
)
from earwitness.conformance.gate.known_failures import KnownFailure
from earwitness.conformance.gate.mute_levels import is_open_claim
from earwitness.conformance.gate.packs_of_ours import about_the_packs
from earwitness.conformance.gate.policy import (
    ABSOLUTE,
    EVIDENCE_WORDS,
    SEALED,
    ClauseDecision,
    GateDecision,
    Notice,
    Policy,
    Profile,
    Treatment,
)
from earwitness.conformance.gate.repeats import (
    about_repeats,
    settle_results,
)
from earwitness.conformance.gate.verdict import (
    ClauseResult,
    ConjunctResult,
    Verdict,
    reaches,
)
from earwitness.conformance.gate.waivers import Waiver
from earwitness.model.trace import Origin
from earwitness.policies.pack import SEVERITIES, Clause, Pack, Way


def decide_bundle(
    bundle: Bundle, packs: tuple[Pack, ...], policy: Policy
) -> GateDecision:
    """The one decision about a bundle. `packs` are those of the bundle."""
    judged = _Judged(
        bundle=bundle,
        packs=packs,
        policy=policy,
        changes=compare_clauses(bundle, packs, policy.baseline)
        if policy.baseline is not None
        else {},
    )
    clauses = tuple(
        judged.clause(result) for result in settle_results(bundle, packs)
    )
    notices = (
        *judged.about_the_run(),
        *judged.about_certification(),
        *about_the_packs(bundle, packs),
        *about_repeats(bundle),
        *about_the_files(
            bundle=bundle, packs=packs, policy=policy, decided=clauses
        ),
    )
    exits = [c.exit for c in clauses if c.treatment is Treatment.FAILS] + [
        n.exit for n in notices
    ]
    if not any(c.result.verdict is Verdict.SATISFIED for c in clauses):
        exits.append(Exit.INCONCLUSIVE)
        notices = (
            *notices,
            Notice(
                Exit.INCONCLUSIVE,
                "no clause is satisfied, so nothing was established",
            ),
        )
    return GateDecision(
        exit=strongest([Exit.SATISFIED, *exits]),
        profile=policy.profile,
        clauses=clauses,
        notices=notices,
    )


@dataclass(frozen=True)
class _Judged:
    bundle: Bundle
    packs: tuple[Pack, ...]
    policy: Policy
    changes: Mapping[str, ClauseChange]

    @cached_property
    def clauses(self) -> Mapping[str, Clause]:
        """Every clause of the packs by its id."""
        return {c.id: c for pack in self.packs for c in pack.clauses}

    def clause(self, result: ClauseResult) -> ClauseDecision:
        exit_code, problem = self._problem_of(result)
        change = self.changes.get(result.id)
        print_ = fingerprint(self.bundle, result.id)
        if not problem:
            return ClauseDecision(
                result,
                Treatment.PASSES,
                change=change,
                fingerprint=print_,
            )
        treatment, note, waiver = self._treatment_of(result, change, print_)
        return ClauseDecision(
            result=result,
            treatment=treatment,
            exit=exit_code,
            problem=problem,
            note=note,
            change=change,
            fingerprint=print_,
            waiver=waiver,
        )

    def _problem_of(self, result: ClauseResult) -> tuple[Exit, str]:
        """What is wrong with a clause under the profile, and its exit code; an empty text where nothing
        is."""
        match result.verdict:
            case Verdict.VIOLATED:
                return (
                    Exit.VIOLATED,
                    result.reason or "violated",
                )
            case Verdict.SATISFIED:
                return (
                    Exit.INCONCLUSIVE,
                    self._lacking_evidence(result),
                )
            case Verdict.NOT_APPLICABLE:
                return (
                    Exit.INCONCLUSIVE,
                    self._missing_refusal(result),
                )
            case other:
                return (
                    Exit.INCONCLUSIVE,
                    f"{other.value}: {result.reason}".rstrip(": "),
                )

    def _lacking_evidence(self, result: ClauseResult) -> str:
        weak = [
            c
            for c in result.conjuncts
            if not self._is_witnessed_enough(result, c)
        ]
        parts = ", ".join(
            f"{c.name} rests on {_word_of(c.evidence)}" for c in weak
        )
        return (
            f"on its word where a witness is asked for: {parts}"
            if weak
            else ""
        )

    def _is_witnessed_enough(
        self, result: ClauseResult, conjunct: ConjunctResult
    ) -> bool:
        needs = self._asked_for(result, conjunct)
        return conjunct.evidence is not None and reaches(
            conjunct.evidence, needs
        )

    def _asked_for(
        self, result: ClauseResult, conjunct: ConjunctResult
    ) -> Origin:
        clause = self.clauses.get(result.id)
        is_witnessable = clause is not None and Way.WITNESSED in clause.ways
        if self.policy.profile is not Profile.CORE and is_witnessable:
            return Origin.WITNESSED
        return conjunct.needs

    def _missing_refusal(self, result: ClauseResult) -> str:
        clause = self.clauses.get(result.id)
        capability = clause.capability if clause is not None else None
        stated = self.policy.capabilities
        if capability is None:
            return "it asks for nothing that a target may lack, and is called not applicable"
        is_excused = stated is not None and capability in stated.refuses
        if is_excused or is_open_claim(capability):
            return ""
        return f"the target lacks '{capability}', and no capability file gives a reason for it"

    def _treatment_of(
        self,
        result: ClauseResult,
        change: ClauseChange | None,
        print_: str,
    ) -> tuple[Treatment, str, Waiver | None]:
        waiver = self._waiver_for(result, print_)
        if waiver is not None:
            return (
                Treatment.WAIVED,
                f"waived by {waiver.approved_by} until {waiver.expires}: {waiver.reason}",
                waiver,
            )
        known = self._known_failure(result, print_)
        if known is not None:
            return (
                Treatment.KNOWN,
                f"known failure {known.id}: {known.cause}",
                None,
            )
        if not result.required:
            return (
                Treatment.OPTIONAL,
                "its pack does not require it",
                None,
            )
        if change is ClauseChange.NEW:
            return (
                Treatment.NEW,
                "not in the baseline; it counts once the baseline is renewed",
                None,
            )
        if SEVERITIES.index(result.severity) < SEVERITIES.index(
            self.policy.fail_on
        ):
            return (
                Treatment.BELOW,
                f"severity {result.severity}, the gate fails on {self.policy.fail_on}",
                None,
            )
        return Treatment.FAILS, "", None

    def _waiver_for(self, result: ClauseResult, print_: str) -> Waiver | None:
        if (
            self.policy.profile is Profile.CERTIFICATION
            and result.severity == ABSOLUTE
        ):
            return None
        version = self.bundle.manifest.target.version
        valid = (
            w
            for w in self.policy.waivers
            if not w.has_expired(self.policy.now)
        )
        return next(
            (w for w in valid if w.covers(result.id, version, print_)),
            None,
        )

    def _known_failure(
        self, result: ClauseResult, print_: str
    ) -> KnownFailure | None:
        if result.verdict is not Verdict.VIOLATED:
            return None
        event = violating_event(self.bundle.failures.get(result.id))
        return next(
            (
                k
                for k in self.policy.known_failures
                if k.covers(result.id, event, print_)
            ),
            None,
        )

    def about_the_run(self) -> Iterator[Notice]:
        results = self.bundle.results
        code = Exit(results.exit)
        if code in (
            Exit.NOT_DRIVABLE,
            Exit.BUG,
            Exit.INTERRUPTED,
            Exit.EVIDENCE_INVALID,
        ):
            yield Notice(code, results.reason or "the run ended so")
        elif code is Exit.INCONCLUSIVE and results.reason:
            yield Notice(code, results.reason)
        judged = [c.id for c in results.clauses]
        missing = sorted(set(self.clauses) - set(judged))
        if missing or len(set(judged)) < len(judged):
            yield Notice(
                Exit.EVIDENCE_INVALID,
                "every clause of the packs must have one result; without: "
                f"{', '.join(missing) or 'none, but one stands twice'}",
            )
        for finding in results.findings:
            yield Notice(
                Exit.INCONCLUSIVE if finding.blocking else Exit.SATISFIED,
                f"{finding.kind}: {finding.text}",
            )
        for name, proof in self.bundle.proofs.items():
            if proof.standing == "refuted":
                yield Notice(
                    Exit.SATISFIED,
                    f"the model refutes {name}: the promise does not follow from the design",
                )

    def about_certification(self) -> Iterator[Notice]:
        if self.policy.profile is not Profile.CERTIFICATION:
            return
        manifest = self.bundle.manifest
        if self.policy.capabilities is None:
            yield Notice(
                Exit.USAGE,
                "the profile certification needs a capability file (--capabilities)",
            )
        if manifest.confinement != SEALED:
            yield Notice(
                Exit.INCONCLUSIVE,
                f"the target was not sealed in (confinement: {manifest.confinement})",
            )
        if not self.policy.is_signed:
            yield Notice(
                Exit.EVIDENCE_INVALID,
                "the bundle is not signed by a key that was given (--key)",
            )
        for waiver in self.policy.waivers:
            clause = self.clauses.get(waiver.clause)
            if clause is not None and clause.severity == ABSOLUTE:
                yield Notice(
                    Exit.SATISFIED,
                    f"waiver {waiver.id} does not count: {clause.id} is critical",
                )


def _word_of(evidence: Origin | None) -> str:
    return EVIDENCE_WORDS[evidence]
