"""Packs compared: what got weaker is said, and shown by a trace."""

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.logic.semantics import holds
from earwitness.model.proof.compare import Relation, compare_monitors

PACK = """
pack: small
version: 1
source: ours
clauses:
  - id: A-1
    title: Nothing is captured while the shutter is closed
    source: [S]
    severity: high
    ways: [searched]
    formula: {formula}
"""


def formula(text):
    return parse_formula(text, Scope({}, {}))


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        (
            "tts.audio implies its bytes <= 300",
            "tts.audio implies its bytes <= 200",
            Relation.STRONGER,
        ),
        (
            "tts.audio implies its bytes <= 200",
            "tts.audio implies its bytes <= 300",
            Relation.WEAKER,
        ),
        (
            "tts.audio implies its bytes <= 200",
            "not (tts.audio and its bytes > 200)",
            Relation.EQUAL,
        ),
        (
            "tts.audio implies its bytes <= 200",
            "tts.audio implies its bytes >= 100",
            Relation.INCOMPARABLE,
        ),
        (
            "tone implies once within 1 s wake_word",
            "tone implies once within 2 s wake_word",
            Relation.WEAKER,
        ),
        ("not tone", "not tone and not tick", Relation.STRONGER),
        (
            "not power(kind = show)",
            "power implies its kind = speaker",
            Relation.EQUAL,
        ),
    ],
)
def test_a_relation_is_found_and_its_traces_separate(old, new, relation):
    before, after = formula(old), formula(new)
    found = compare_monitors(
        compile_formula(before), compile_formula(after), 30
    )
    assert found.relation is relation
    for trace, kept, broken in (
        (found.lost, after, before),
        (found.gained, before, after),
    ):
        if trace:
            assert all(
                v >= 0
                for o in trace
                for v in o.attributes.values()
                if isinstance(v, int)
            )
            assert all(holds(kept, trace, i) for i in range(len(trace)))
            assert not all(holds(broken, trace, i) for i in range(len(trace)))


def pack(folder, name, text):
    path = folder / name
    path.write_text(PACK.replace("{formula}", text), "utf-8")
    return str(path)


def test_the_gate_fails_when_anything_got_weaker(tmp_path):
    old = pack(tmp_path, "old.yaml", "tts.audio implies its bytes <= 200")
    new = pack(tmp_path, "new.yaml", "tts.audio implies its bytes <= 300")
    said = CliRunner().invoke(cli, ["policy", "diff", old, new])
    assert said.exit_code == 1
    assert "weaker" in said.output
    assert "tts.audio" in said.output
    assert (
        CliRunner().invoke(cli, ["policy", "diff", old, old]).exit_code == 0
    )
    assert (
        CliRunner().invoke(cli, ["policy", "diff", new, old]).exit_code == 0
    )


def test_a_clause_that_is_gone_is_a_promise_less(tmp_path):
    old = pack(tmp_path, "old.yaml", "tts.audio implies its bytes <= 200")
    new = pack(tmp_path, "new.yaml", "tts.audio implies its bytes <= 200")
    (tmp_path / "new.yaml").write_text(
        (tmp_path / "new.yaml").read_text("utf-8").replace("A-1", "A-2"),
        "utf-8",
    )
    said = CliRunner().invoke(cli, ["policy", "diff", old, new])
    assert said.exit_code == 1
    assert "no longer promised" in said.output


def conjunct_pack(folder, name, **changes):
    text = {
        "trigger": "button.microphone",
        "severity": "high",
        "needs": "witnessed",
    } | changes
    path = folder / name
    path.write_text(
        f"""
pack: small
version: 1
source: ours
clauses:
  - id: A-1
    title: Nothing is captured while muted
    source: [S]
    severity: {text["severity"]}
    ways: [searched]
    conjuncts:
      - formula: audio.captured implies once microphone.power(on = true)
        trigger: {text["trigger"]}
        needs: {text["needs"]}
""",
        "utf-8",
    )
    return str(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"trigger": "button.microphone or tick"},
            "counts as exercised more often",
        ),
        ({"trigger": "tone"}, "exercised by other events"),
        ({"severity": "low"}, "severity was high, is low"),
        ({"needs": "device"}, "needed evidence 'witnessed', needs 'device'"),
    ],
)
def test_what_got_weaker_around_a_formula_is_noticed(tmp_path, changes, says):
    """Each was called equal."""
    old, new = (
        conjunct_pack(tmp_path, "old.yaml"),
        conjunct_pack(tmp_path, "new.yaml", **changes),
    )
    weaker = CliRunner().invoke(cli, ["policy", "diff", old, new])
    assert weaker.exit_code == 1, weaker.output
    assert says in weaker.output
    if "tone" not in changes.values():
        assert (
            CliRunner().invoke(cli, ["policy", "diff", new, old]).exit_code
            == 0
        )


def test_the_same_trigger_in_other_words_is_the_same(tmp_path):
    old = conjunct_pack(
        tmp_path, "old.yaml", trigger="tone or button.microphone"
    )
    new = conjunct_pack(
        tmp_path, "new.yaml", trigger="button.microphone or tone"
    )
    ran = CliRunner().invoke(cli, ["policy", "diff", old, new])
    assert ran.exit_code == 0
    assert "equal" in ran.output
