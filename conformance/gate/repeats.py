"""Checks of one target that were made one after another, with other seeds: one verdict for each clause that
does not depend on which of them was the last.

A violation that was seen is a fact, however often the target behaves: seen in two runs or more, of whichever
checks, it stands, with its rate. Seen in a single run of all checks, and never again by the same steps, it
may be the machine's doing, and is inconclusive with its rate. Where nothing was violated the weakest verdict
stands: what one check could not see, the others do not make up for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.earlier import (
    count_violations,
    missing_bundles,
)
from earwitness.conformance.gate.exits import MEANING, Exit
from earwitness.conformance.gate.policy import Notice
from earwitness.conformance.gate.verdict import (
    WORST_FIRST,
    ClauseResult,
    Verdict,
)
from earwitness.policies.pack import Pack

ENOUGH = 2
"""Runs: what was seen in so many did not happen by a single chance."""
ENDED = (
    Exit.BUG,
    Exit.INTERRUPTED,
    Exit.EVIDENCE_INVALID,
    Exit.NOT_DRIVABLE,
)
"""How a check ends that says little of its target."""


@dataclass(frozen=True, slots=True)
class RepeatLine:
    """A clause over all checks: what it comes to, and each check's own verdict, in their order."""

    clause: str
    verdict: Verdict
    rate: str
    verdicts: tuple[Verdict, ...]

    @property
    def differs(self) -> bool:
        """Whether the checks do not agree."""
        return len(set(self.verdicts)) > 1


def settle_results(
    bundle: Bundle, packs: Sequence[Pack]
) -> tuple[ClauseResult, ...]:
    """The results of a bundle, each settled with the verdicts of the checks before it."""
    results = bundle.results.clauses
    if not bundle.earlier:
        return results
    violations = Counter(count_violations(bundle, packs))
    for earlier in bundle.earlier:
        violations.update(earlier.violations)
    return tuple(
        settle_result(
            result=result,
            verdicts=verdicts_of(bundle, result),
            violations=violations[result.id],
        )
        for result in results
    )


def verdicts_of(bundle: Bundle, result: ClauseResult) -> tuple[Verdict, ...]:
    """Of a clause in each check, the last of which is this one. What a check does not know was not
    exercised."""
    before = (
        earlier.verdicts.get(result.id, Verdict.NOT_EXERCISED)
        for earlier in bundle.earlier
    )
    return (*before, result.verdict)


def settle_result(
    result: ClauseResult, verdicts: Sequence[Verdict], violations: int
) -> ClauseResult:
    """The result of the last check with the verdict and the reason of all."""
    if len(set(verdicts)) == 1:
        return result
    verdict = settle_verdict(verdicts, violations)
    reason = describe_rate(verdicts)
    if Verdict.VIOLATED in verdicts:
        runs = "one run" if violations == 1 else f"{violations} runs"
        again = ", and not again" if violations < ENOUGH else ""
        reason = f"{reason}; it was seen in {runs} of all{again}"
    return replace(result, verdict=verdict, reason=reason)


def settle_verdict(verdicts: Sequence[Verdict], violations: int) -> Verdict:
    """One verdict for what differs. `violations` counts the runs that violated it, in all checks.

    >>> settle_verdict([Verdict.VIOLATED, Verdict.SATISFIED, Verdict.VIOLATED], 2).value
    'violated'
    >>> settle_verdict([Verdict.VIOLATED, Verdict.SATISFIED, Verdict.SATISFIED], 1).value
    'inconclusive'
    >>> settle_verdict([Verdict.SATISFIED, Verdict.NOT_EXERCISED], 0).value
    'not exercised'
    """
    if Verdict.VIOLATED in verdicts:
        seen_again = violations >= ENOUGH
        return Verdict.VIOLATED if seen_again else Verdict.INCONCLUSIVE
    if Verdict.NOT_APPLICABLE in verdicts:
        # A target that has something in one check and lacks it in the next.
        return Verdict.INCONCLUSIVE
    return min(verdicts, key=WORST_FIRST.index)


def describe_rate(verdicts: Sequence[Verdict]) -> str:
    """How many checks came to what, the worst first.

    >>> describe_rate([Verdict.SATISFIED, Verdict.VIOLATED, Verdict.SATISFIED])
    'violated in 1 and satisfied in 2 of 3 checks'
    """
    counted = Counter(verdicts)
    told = [
        f"{verdict.value} in {counted[verdict]}"
        for verdict in WORST_FIRST
        if verdict in counted
    ]
    *first, last = told
    words = f"{', '.join(first)} and {last}" if first else last
    return f"{words} of {len(verdicts)} checks"


def repeat_lines(
    bundle: Bundle, settled: Mapping[str, Verdict]
) -> Iterator[RepeatLine]:
    """What a reader is told of each clause that applies; nothing where there was one check."""
    if not bundle.earlier:
        return
    for result in bundle.results.clauses:
        verdicts = verdicts_of(bundle, result)
        if set(verdicts) != {Verdict.NOT_APPLICABLE}:
            yield RepeatLine(
                clause=result.id,
                verdict=settled[result.id],
                rate=describe_rate(verdicts),
                verdicts=verdicts,
            )


def about_repeats(bundle: Bundle) -> Iterator[Notice]:
    """What the checks before this one forbid, and which of their bundles nobody can look into here."""
    for number, earlier in enumerate(bundle.earlier, start=1):
        which = f"in check {number} (seed {earlier.seed})"
        if earlier.exit in ENDED:
            ended = earlier.reason or MEANING[earlier.exit]
            yield Notice(earlier.exit, f"{which}: {ended}")
        for text in earlier.findings:
            yield Notice(Exit.INCONCLUSIVE, f"{which}: {text}")
    missing = missing_bundles(bundle)
    if missing:
        yield Notice(
            Exit.SATISFIED,
            f"{len(missing)} bundles of earlier checks do not lie beside this one, which is believed for"
            f" what they came to: {', '.join(missing)}",
        )
