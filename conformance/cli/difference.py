"""`earwitness difference`: what a new firmware shows otherwise than the one before."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from earwitness.conformance.cli.common import PACK_HELP, packs_named
from earwitness.conformance.cli.targets import LEVELS, confinement_option
from earwitness.conformance.evidence.bundle import Bundle, read_bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.story import (
    describe_step,
    event_words,
    seconds_text,
)
from earwitness.conformance.printable import printable
from earwitness.conformance.running.device_comparison import (
    ComparedRun,
    ComparisonPlan,
    DeviceComparison,
    compare_devices,
)
from earwitness.conformance.running.difference import (
    AT_THE_END,
    Departure,
    touched_clauses,
)
from earwitness.conformance.stimuli.stimulus import to_json
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.model.logic.wording import say_amount
from earwitness.model.trace import observation_to_json
from earwitness.policies.pack import Clause

MOST_DEPARTURES = 5
"""Differences that are told of each run after the first; all are counted, and all are in the JSON."""


@click.command("difference")
@click.argument("old")
@click.argument("new")
@click.option("--pack", "packs", multiple=True, help=PACK_HELP)
@click.option(
    "--budget",
    type=click.FloatRange(1, 86_400),
    default=600,
    show_default=True,
    help="seconds for trying the new device; the run that is under way is ended",
)
@click.option(
    "--tolerance",
    type=click.IntRange(0, 3_600_000),
    default=100,
    show_default=True,
    help="milliseconds by which an event may come earlier or later",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="of the tour, where OLD is a target; a bundle has its own",
)
@confinement_option
@click.option(
    "--format",
    "form",
    type=click.Choice(("plain", "json")),
    default="plain",
    show_default=True,
    help="standard output",
)
def difference(
    old: str,
    new: str,
    packs: tuple[str, ...],
    budget: float,
    tolerance: int,
    seed: int,
    confinement: str,
    form: str,
) -> None:
    """Say at which step a new firmware shows something else than the one before.

    OLD is a bundle, or a target whose tour is recorded first. NEW is a target on which the same steps are
    done again, or a bundle with the same steps. Only what was seen is compared, and no machine is learned
    from it. Exits 0 where all is alike, 1 where NEW violates a clause that OLD did not, 6 where it differs
    otherwise, so that OLD's bundle no longer speaks of it, and 3 where not all could be compared.
    """
    before, now = _bundle_or_target(old), _bundle_or_target(new)
    clauses = _clauses_of(packs, before)
    found = compare_devices(
        before,
        now,
        ComparisonPlan(
            clauses=clauses,
            options=TargetOptions(LEVELS[confinement]),
            budget=budget,
            tolerance=tolerance * 1000,
            seed=seed if isinstance(before, str) else before.manifest.seed,
        ),
    )
    if form == "json":
        click.echo(_json_text(found, clauses))
    else:
        for line in _plain_lines(found, clauses):
            click.echo(line)
    sys.exit(found.exit.value)


def _bundle_or_target(name: str) -> Bundle | str:
    """Raises BundleError, NoBundleError."""
    return read_bundle(Path(name)) if Path(name).is_dir() else name


def _clauses_of(
    packs: tuple[str, ...], old: Bundle | str
) -> tuple[Clause, ...]:
    """Of the packs that are named, or those by which the old device was judged."""
    kept = (
        ()
        if isinstance(old, str)
        else tuple(str(old.folder / p.file) for p in old.manifest.packs)
    )
    return tuple(
        c for pack in packs_named(packs or kept) for c in pack.clauses
    )


def _json_text(found: DeviceComparison, clauses: Sequence[Clause]) -> str:
    runs = [
        {
            "run": run.recording.name,
            "steps": len(run.recording.steps),
            "differences": [
                _entry_of(run, one, clauses) for one in run.differences
            ],
            "unrepeated": run.unrepeated,
            "violated": sorted(run.violated),
            "left_out": list(run.left_out),
            "dead": run.dead,
        }
        for run in found.runs
    ]
    whole = {
        "exit": found.exit.value,
        "recorded": found.recorded,
        "violated": sorted(found.violated),
        "runs": runs,
    }
    return msgspec.json.encode(whole).decode()


def _entry_of(
    run: ComparedRun, one: Departure, clauses: Sequence[Clause]
) -> dict[str, object]:
    return {
        "step": one.step,
        "done": _step_text(run, one),
        "device": one.device,
        "change": one.change.name.lower(),
        "event": one.seen.event,
        "seen": event_words(observation_to_json(one.seen)),
        "delays": one.delays,
        "clauses": touched_clauses(one.seen, clauses),
    }


def _plain_lines(
    found: DeviceComparison, clauses: Sequence[Clause]
) -> Iterator[str]:
    for run in found.runs:
        name = printable(run.recording.name)
        steps = say_amount(len(run.recording.steps), "step")
        yield click.style(f"{name}: {steps}", bold=True)
        yield from _run_lines(run, clauses)
    for clause in sorted(found.violated):
        yield click.style(
            f"{clause} is violated by the new device, and was not by the old one",
            fg="red",
            bold=True,
        )
    yield from _closing_lines(found)


def _run_lines(run: ComparedRun, clauses: Sequence[Clause]) -> Iterator[str]:
    if run.differences:
        yield "  the first difference; what follows may follow from it:"
    told = ""
    for one in run.differences[:MOST_DEPARTURES]:
        if told != _where(run, one):
            told = _where(run, one)
            yield f"  {told}"
        yield f"    {printable(one.device)}: {printable(_told(one))}"
        names = ", ".join(touched_clauses(one.seen, clauses)) or "no clause"
        yield f"    spoken of by: {names}"
    more = len(run.differences) - MOST_DEPARTURES
    if more > 0:
        yield f"  {say_amount(more, 'difference')} more (--format json has all)"
    if run.unrepeated:
        yield f"  {say_amount(run.unrepeated, 'difference')} did not come again: not counted"
    for reason in dict.fromkeys(run.left_out):
        yield f"  left out: {printable(reason)}"
    if run.dead:
        yield f"  ended early: {printable(run.dead)}"


def _where(run: ComparedRun, one: Departure) -> str:
    if one.step == AT_THE_END:
        return "when all was done"
    return f"step {one.step + 1}, {_step_text(run, one)}"


def _step_text(run: ComparedRun, one: Departure) -> str:
    if one.step == AT_THE_END:
        return ""
    return describe_step(to_json(run.recording.steps[one.step]))


def _told(one: Departure) -> str:
    words = event_words(observation_to_json(one.seen))
    old, new = one.delays
    if old is None or new is None:
        return f"{one.change.value}: {words}"
    return f"{one.change.value}: {words}, after {seconds_text(new)} and not {seconds_text(old)}"


def _closing_lines(found: DeviceComparison) -> Iterator[str]:
    compared = len(found.runs)
    differing = sum(bool(run.differences) for run in found.runs)
    yield f"{compared} of {say_amount(found.recorded, 'run')} compared, {differing} differ"
    if found.exit is Exit.STALE:
        yield "What is known of the old device is not known of the new one: check it."
    elif not found.recorded:
        yield (
            "No steps are recorded in it, as in bundles of older versions: check the old device again, "
            "or give it as a target"
        )
    elif found.exit is Exit.INCONCLUSIVE:
        yield "Not all could be compared, so nothing is said of the rest."
