"""`earwitness verify` says what it checked, and what it did not."""

from __future__ import annotations

from bundles import write_bundle
from click.testing import CliRunner

from earwitness.conformance.cli.evidence import verify


def verify_here(folder):
    done = CliRunner().invoke(verify, ["--no-proofs", str(folder)])
    assert done.exit_code == 0
    return done.output


def test_a_report_that_lies_beside_the_evidence_is_not_called_checked(
    tmp_path,
):
    """Anybody can write `Satisfied` into a page; the page that counts is made from the bundle."""
    folder = write_bundle(tmp_path / "out")
    assert "not checked" not in verify_here(folder)
    (folder / "report.html").write_text("<h1>Satisfied</h1>")
    assert "no evidence: report.html" in verify_here(folder)
