"""A second model is proved by the same machinery, with no edit in it: a satellite with mute in software
and a server that calls in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earwitness.conformance.refinement.admission import Admitted, admit_trace
from earwitness.model.proof.proof import Standing
from earwitness.model.satellite.satellite import SATELLITE_MODEL
from earwitness.model.systems.explicit_search import find_run_taking
from earwitness.model.systems.state_machine import drawn_edges, drawn_states
from earwitness.policies.pack import find
from earwitness.policies.proving.prove_packs import Prover
from earwitness.policies.proving.tasks import progress_task, proof_task

PACK = """
pack: small-satellite
version: 1
source: ours
model: satellite
parameters:
  call: {value: 2, unit: s, origin: ours}
  turn: {value: 30, unit: s, origin: ours}
states:
  mute: {on: mute(on = true), off: mute(on = false) or power}
  stream: {open: stream.open, closed: stream.close or power(on = false)}
  light: {lit: "light(on = true)", dark: "light(on = false) or power(on = false)"}
clauses:
  - {id: S-1, title: Nothing is heard while muted, source: [ours], severity: critical, ways: [proved],
     formula: audio.captured implies not mute is on, trigger: mute(on = true)}
  - {id: S-2, title: The server opens the microphone only for an answer, source: [ours], severity: critical, ways: [proved],
     formula: stream.open(cause = follow_up) implies once within $call skill.response(follow_up = true)}
  - {id: S-3, title: Voice is sent only while the light shows it, source: [ours], severity: high, ways: [proved],
     formula: stream.audio(voice = true) implies stream is open and light is lit}
  - {id: S-4, title: A stream ends, source: [ours], severity: high, ways: [proved],
     formula: stream.close within $turn after stream.open unless power(on = false)}
  - {id: S-5, title: A mute can always be asked for, source: [ours], severity: high, ways: [proved],
     kind: enabled, transition: mute}
  - {id: S-6, title: A mute survives a restart, source: [ours], severity: high, ways: [proved],
     formula: "stream.audio(voice = true) implies not (not mute(on = false) since mute(on = true))"}
"""
HOUSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    path = tmp_path_factory.mktemp("satellite") / "pack.yaml"
    path.write_text(PACK, "utf-8")
    return find(str(path))


@pytest.mark.parametrize("identity", ["S-1", "S-2", "S-3", "S-4", "S-5"])
def test_a_promise_of_the_satellite_is_proved_and_checked(
    pack, identity, tmp_path
):
    checked = Prover(tmp_path, 30, {})(
        proof_task(pack.clause(identity), pack.model)
    )
    assert checked.standing is Standing.PROVED, checked.proof.reason
    assert checked.obligations


def test_a_mute_that_software_forgets_is_found_in_a_shortest_run(
    pack, tmp_path
):
    checked = Prover(tmp_path, 30, {})(
        proof_task(pack.clause("S-6"), pack.model)
    )
    assert checked.standing is Standing.REFUTED
    events = [o.event for o in checked.proof.trace]
    assert events.count("power") >= 2 and events[-1] == "stream.audio"


def test_time_goes_on_in_the_satellite_too(tmp_path):
    checked = Prover(tmp_path, 30, {})(progress_task(SATELLITE_MODEL.system))
    assert checked.standing is Standing.PROVED, checked.proof.failed


@pytest.mark.parametrize(
    "row", SATELLITE_MODEL.system.transitions, ids=lambda t: t.name
)
def test_every_row_can_happen_and_its_run_is_admitted(row):
    run = find_run_taking(SATELLITE_MODEL.system, row)
    assert run is not None
    seen = [
        o
        for o, step in zip(run.observations(), run.steps, strict=True)
        if step.transition.emits
    ]
    assert isinstance(admit_trace(seen, SATELLITE_MODEL.system), Admitted)


def test_it_is_drawn():
    for table in SATELLITE_MODEL.tables:
        joined = {
            state
            for edge in drawn_edges(table, SATELLITE_MODEL.system)
            for state in (edge.source, edge.target)
        }
        assert joined == set(drawn_states(table))


def test_the_machinery_names_no_part_of_any_model():
    """What a model calls its own is nowhere in systems, proofs and proving."""
    own = {
        v.name for v in SATELLITE_MODEL.system.variables if len(v.name) > 6
    }
    own |= {
        t.name
        for t in SATELLITE_MODEL.system.transitions
        if "_" in t.name and t.name != "pass_time"
    }
    own |= {
        "satellite",
        "rail_at",
        "began_at",
        "reply_to",
        "press_microphone",
        "skill_kind",
    }
    pattern = re.compile(r"\b(" + "|".join(sorted(own)) + r")\b")
    rooms = (
        "model/systems",
        "model/proof",
        "policies/proving",
        "proof_checker",
        "conformance/refinement",
    )
    for room in rooms:
        for path in (HOUSE / room).rglob("*.py"):
            assert not pattern.search(path.read_text("utf-8")), path
