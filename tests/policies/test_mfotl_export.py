"""A pack is exported whole, and each slice of a trace is a log of its own."""

from __future__ import annotations

from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.model.trace import Observation
from earwitness.policies.mfotl_export import export_mfotl, slices_of
from earwitness.policies.pack import find


def test_every_conjunct_is_exported_or_named():
    pack = find("voice-baseline")
    export = export_mfotl(pack, [Observation(1, "kitchen/1", "tick")])
    names = {
        conjunct.name
        for clause in pack.clauses
        for conjunct in clause.conjuncts
    }
    assert {
        name.removesuffix(".mfotl")
        for name in export.files
        if name.endswith(".mfotl")
    } | set(export.left_out) == names
    assert export.files["kitchen%2f1.log"] == "@1 tick() now(1)\n"


def test_a_log_for_each_slice():
    trace = [
        Observation(n, "d1", "stream.close", {"stream": n % 2})
        for n in range(4)
    ]
    assert slices_of(trace, ("device", "stream")) == [("d1", 0), ("d1", 1)]


def test_the_command_writes_files(tmp_path):
    trace = tmp_path / "t.jsonl"
    trace.write_text('{"time": 0, "device": "d1", "event": "tick"}\n')
    arguments = [
        "policy",
        "export",
        "--to",
        "mfotl",
        "--trace",
        str(trace),
        "voice-baseline",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "d1.log").read_text() == "@0 tick() now(0)\n"
    assert "TRUE" not in (tmp_path / "out" / "BASE-1.1.mfotl").read_text()
