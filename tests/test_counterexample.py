"""A refuted clause is shown to people and tried on an implementation."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.conformance.evidence.stored_failure import read_failure
from earwitness.conformance.stimuli.stimulus import Press, Say, Wait
from earwitness.conformance.vectors.script import script_of_run
from earwitness.model.assistant.assistant import assistant
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import parse_formula
from earwitness.model.proof.portfolio import prove_promises
from earwitness.model.proof.proof import Standing
from earwitness.model.systems.runs import is_run_of

PACK = """
pack: tight
version: 1
source: ours
clauses:
  - {id: T-1, title: The red light comes at once, source: [S], severity: high, ways: [proved, searched],
     formula: "light(color = red, on = true) within 10 ms after microphone.power(on = false)"}
"""


@pytest.fixture(scope="module")
def refuted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tight")
    (folder / "tight.yaml").write_text(PACK, "utf-8")
    said = CliRunner().invoke(
        cli,
        [
            "prove",
            "--pack",
            str(folder / "tight.yaml"),
            "--out",
            str(folder / "proofs"),
        ],
    )
    return said, folder


def test_a_refuted_clause_exits_1_and_prints_its_shortest_run(refuted):
    said, _ = refuted
    assert said.exit_code == 1
    assert (
        "T-1       refuted" in said.output
        and "button.microphone" in said.output
    )


def test_it_is_written_as_a_table_and_a_sequence_diagram(refuted):
    page = (refuted[1] / "proofs" / "T-1.counterexample.md").read_text(
        "utf-8"
    )
    assert (
        "| time | event |" in page
        and "sequenceDiagram" in page
        and "person->>device" in page
    )


def test_it_is_a_stored_failure_that_an_implementation_can_be_given(refuted):
    path = refuted[1] / "proofs" / "T-1.counterexample.json"
    failure = read_failure(path)
    assert (failure.clause, failure.kind) == ("T-1", "any")
    assert any(isinstance(step, Press) for step in failure.scenario)
    said = CliRunner().invoke(
        cli,
        [
            *("replay", str(path), "--target", "ref"),
            *("--pack", str(refuted[1] / "tight.yaml")),
        ],
    )
    assert said.exit_code == 1 and "violated again" in said.output, (
        said.output
    )
    assert CliRunner().invoke(cli, ["replay", str(path)]).exit_code == 2


def test_a_deadline_in_the_model_waits_in_the_scenario():
    late = "button.microphone implies not once for 3 s microphone.power(on = true)"
    proof = prove_promises(
        "X-1",
        assistant(),
        {"X-1.1": compile_formula(parse_formula(late))},
        seconds=20,
    )
    assert proof.standing is Standing.REFUTED and is_run_of(
        assistant(), proof.run
    )
    assert any(
        isinstance(s.stimulus, Wait | Say) for s in script_of_run(proof.run)
    )


def test_what_cannot_be_decided_is_inconclusive_with_the_bound_reached():
    hard = "stream.audio(voice = true) implies its from + 5 us != last stream.open.from + 7 us or stream.open since within 7 ms tick"
    proof = prove_promises(
        "X-2",
        assistant(),
        {"X-2.1": compile_formula(parse_formula(hard))},
        seconds=1,
    )
    assert proof.standing in (Standing.REFUTED, Standing.INCONCLUSIVE)
    assert proof.run is not None or "events" in proof.reason


def test_a_counterexample_file_holds_the_whole_run(refuted):
    entry = json.loads(
        (refuted[1] / "proofs" / "T-1.counterexample.json").read_text("utf-8")
    )
    assert (
        entry["at"] == len(entry["trace"]) - 1
        and entry["trace"][-1]["time"] > entry["trace"][0]["time"]
    )
