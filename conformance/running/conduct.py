"""How a target is tried from its first request to its end. Whatever it does wrong ends in the session."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence

from earwitness.conformance.running.check_session import (
    CheckSession,
    EnoughSeen,
    Keep,
    SearchPlan,
    Tell,
)
from earwitness.conformance.running.conductor import Conductor
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.possible import is_served
from earwitness.conformance.running.served_conductor import ServedConductor
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.targets.witnessed_target import witnessed_by


def conduct(
    harness: Harness,
    plan: SearchPlan,
    tell: Tell,
    keep: Keep,
    is_chosen: Callable[[str], bool] = lambda clause: True,
    enough: frozenset[str] = frozenset(),
) -> CheckSession:
    """Try everything. Whatever the target does wrong ends in the session, never in an error. Of violations of
    clauses that are not chosen no shorter way is looked for; with the first violation of one of `enough` all
    ends, as nothing that follows takes it back."""
    session = CheckSession(
        harness.hello,
        carried=harness.watched,
        confined=harness.confined,
        witnessed=witnessed_by(harness.target),
    )
    conduct_one = ServedConductor if is_served(harness.hello) else Conductor
    conductor = conduct_one(
        harness=harness,
        session=session,
        plan=plan,
        tell=tell,
        keep=keep,
        is_chosen=is_chosen,
        enough=enough,
    )
    try:
        conductor.conduct()
    except EnoughSeen:
        pass
    except TargetError as error:
        session.dead = session.dead or str(error)
    finally:
        conductor.close()
    last = harness.end()
    if last is not None:
        with contextlib.suppress(EnoughSeen):
            conductor.take(last, "end")
    session.findings += harness.past_doors.findings()
    session.findings += harness.stores.undeclared.findings()
    session.findings += unknown_yet(conductor.beside, session.findings)
    return session


def unknown_yet(
    beside: Iterable[Finding], known: Sequence[Finding]
) -> list[Finding]:
    """What other instances showed that this one did not. All that forbids a green is new; of the rest one of
    each kind is enough, as they count the same thing."""
    kinds = {(f.kind, f.device) for f in known}
    return [
        f
        for f in beside
        if f not in known and (f.blocking or (f.kind, f.device) not in kinds)
    ]
