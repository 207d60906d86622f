"""ABC's PDR, which shares no code with our solvers, agrees clause by clause, faults included."""

import pytest

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.proof.mutation import mutants_of
from earwitness.model.proof.second_opinion.abc import run_pdr
from earwitness.model.proof.second_opinion.tools import ToolError
from earwitness.model.proof.second_opinion.verilog import verilog_circuit
from earwitness.policies.pack import find, small_pack
from earwitness.policies.proving.tasks import clauses_to_prove

SYSTEM = ASSISTANT.small_system
PACK = small_pack(find("alexa-smart-properties"))
BROKEN = {
    "cut_power: drop update of microphone": "MIC-2",
    "cut_power: flip update of camera": "CAM-2",
    "check_certificate: drop guard condition 1": "STR-2",
    "hear_wake_word: drop update of cause": "WAKE-1",
    "open_stream: drop guard condition 12": "STR-3",
    "limit rail: drop": "MIC-1",
    "limit close: drop": "STR-1",
}


@pytest.mark.parametrize(
    "identity",
    [c.id for c in clauses_to_prove(PACK.clauses) if c.monitor is not None],
)
def test_pdr_finds_no_violation_of_a_proved_clause(identity, tmp_path):
    assert run_pdr(
        verilog_circuit(SYSTEM, PACK.clause(identity).monitor), tmp_path
    ).holds


@pytest.mark.parametrize(("name", "identity"), BROKEN.items())
def test_pdr_finds_the_fault_in_a_broken_model(name, identity, tmp_path):
    broken = next(m for m in mutants_of(SYSTEM) if m.name == name).system
    assert not run_pdr(
        verilog_circuit(broken, PACK.clause(identity).monitor), tmp_path
    ).holds


def test_a_circuit_yosys_cannot_read_is_an_error_not_an_opinion(tmp_path):
    with pytest.raises(ToolError, match="yosys failed"):
        run_pdr("module model(", tmp_path)
