"""A red, a green and a hostile bundle, for all report formats."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from bundles import (
    leak,
    read,
    violated_bundle,
    write_bundle,
)
from rendering import HOSTILE, judged

from earwitness.conformance.evidence.records import (
    AccountRecord,
    FindingRecord,
    NearMiss,
    SearchRecord,
    StoresRecord,
)
from earwitness.model.trace import Origin


@pytest.fixture(scope="session")
def red(tmp_path_factory):
    return judged(
        read(violated_bundle(tmp_path_factory.mktemp("red") / "out"))
    )


@pytest.fixture(scope="session")
def green(tmp_path_factory):
    return judged(
        read(write_bundle(tmp_path_factory.mktemp("green") / "out"))
    )


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """A bundle whose target chose its name, version and words to do harm."""
    base = read(violated_bundle(tmp_path_factory.mktemp("hostile") / "out"))
    manifest = base.manifest
    target = msgspec.structs.replace(
        manifest.target,
        name=HOSTILE,
        version=HOSTILE,
        given=HOSTILE,
        setup=HOSTILE,
    )
    manifest = msgspec.structs.replace(
        manifest,
        target=target,
        arguments=(HOSTILE,),
        environment={"CI": HOSTILE},
    )
    results = msgspec.structs.replace(
        base.results,
        reason=HOSTILE,
        skipped=(HOSTILE,),
        kept_promises=(HOSTILE,),
        two_runs=HOSTILE,
        sight={**base.results.sight, HOSTILE: Origin.DEVICE},
        stores=StoresRecord(files=1, unread=(HOSTILE,), finds=(HOSTILE,)),
        accounts=(AccountRecord(device=HOSTILE, direction=HOSTILE, read=1),),
        findings=(FindingRecord(kind=HOSTILE, text=HOSTILE, device=HOSTILE),),
        searches=(SearchRecord(where=HOSTILE, unvisited=(HOSTILE,)),),
        near_misses=(
            NearMiss(clause=HOSTILE, bound=2, closest=1),
            NearMiss(clause=HOSTILE, bound=2, closest=0),
        ),
        clauses=tuple(
            replace(c, reason=HOSTILE, english=HOSTILE)
            for c in base.results.clauses
        ),
    )
    failure = msgspec.structs.replace(
        leak(), scenario=({"do": HOSTILE, "device": HOSTILE},)
    )
    return judged(
        replace(
            base,
            manifest=manifest,
            results=results,
            failures={"MIC-1": failure},
        )
    )
