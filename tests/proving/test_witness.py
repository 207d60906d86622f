"""What exercises a promise is found in its cone and shown as a run of the whole system."""

from __future__ import annotations

from earwitness.model.proof.proof import Standing
from earwitness.model.systems.explicit_search import (
    constants_of,
    find_run_taking,
)
from earwitness.model.systems.runs import with_first_value
from earwitness.policies.pack import find
from earwitness.policies.proving.prove_packs import Prover
from earwitness.policies.proving.tasks import proof_task

PACK = """
pack: metrics
version: 1
source: ours
clauses:
  - {id: M-1, title: A metric is about the property, source: [ours], severity: high, ways: [proved],
     formula: metric implies its level = property}
"""


def test_a_promise_of_metrics_alone_is_proved_and_its_run_is_shown(tmp_path):
    """Its cone lacks nearly everything; the run that exercises it is completed before it is shown."""
    (tmp_path / "pack.yaml").write_text(PACK, "utf-8")
    pack = find(str(tmp_path / "pack.yaml"))
    task = proof_task(pack.clause("M-1"), pack.model)
    checked = Prover(tmp_path, 30, {})(task)
    assert checked.standing is Standing.PROVED, checked.proof.reason
    (last,) = checked.witness[-1:]
    assert (last.event, last.attributes["level"]) == ("metric", "property")


def test_what_a_kind_of_device_can_never_do_is_not_searched_for():
    system = find("alexa-smart-properties").model.system
    speaker = with_first_value(system, "show", False)
    assert constants_of(speaker).keys() == {"show"}
    assert constants_of(system) == {}
    assert find_run_taking(speaker, system.transition("show_bar")) is None
