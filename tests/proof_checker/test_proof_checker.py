"""The checker believes nothing but invariants: each way to make a proof of something else is refused, by
name."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.policies.pack import find
from earwitness.policies.proving.certificates import compare_with_packs
from earwitness.policies.proving.prove_packs import all_tasks, prove_packs
from earwitness.proof_checker.checker import check_folder
from earwitness.proof_checker.s_expressions import ProofError

PACK = """
pack: small
version: 1
source: ours
parameters:
  preroll: {value: 500, unit: ms, origin: ours}
  activation: {value: 2, unit: s, origin: ours}
states:
  stream: {open: stream.open, closed: stream.close or power(on = false)}
  microphone: {off: microphone.power(on = false) or power(on = false), on: microphone.power(on = true)}
clauses:
  - {id: A-1, title: Nothing is captured without power, source: [S], severity: high, ways: [proved],
     formula: audio.captured implies microphone is on}
  - {id: A-2, title: The buffer is short, source: [S], severity: high, ways: [proved],
     formula: audio.captured and not stream is open and not once within $activation wake_word
       implies its buffered <= $preroll}
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    (folder / "pack.yaml").write_text(PACK, "utf-8")
    prove_packs(
        [find(str(folder / "pack.yaml"))],
        folder / "proof",
        120,
        lambda _: None,
        workers=1,
    )
    return folder


@pytest.fixture
def proof(original, tmp_path):
    shutil.copytree(original / "proof", tmp_path / "proof")
    return tmp_path / "proof"


def complaint(folder):
    """What the checker has against a proof: of a part, or of the whole."""
    try:
        failed = [
            f"{part.name}: {part.failed}"
            for part in check_folder(folder)
            if part.failed
        ]
    except ProofError as error:
        return str(error)
    return "; ".join(failed)


def edit(folder, file, old, new, count=1):
    """Change a file and its digest in the manifest, as a forger would."""
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, count), "utf-8")
    rehash(folder, file)


def rehash(folder, file):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for entry in (*manifest["systems"].values(), *manifest["parts"]):
        if entry["file"] == file:
            entry["sha256"] = hashlib.sha256(
                (folder / file).read_bytes()
            ).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_a_proof_is_accepted(proof):
    assert complaint(proof) == ""


def test_it_is_accepted_by_the_program_alone(proof):
    command = [sys.executable, "-m", "earwitness.proof_checker", str(proof)]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "A-1.1" in ran.stdout


def test_an_invariant_that_is_false_is_refused_at_first(proof):
    with (proof / "A-1.1.vmt").open("a") as file:
        file.write("(define-fun |conjunct 99| () Bool false)\n")
    rehash(proof, "A-1.1.vmt")
    assert complaint(proof).startswith("A-1.1: at first: sat")


def test_an_invariant_that_does_not_suffice_is_refused_by_transition(proof):
    text = (proof / "A-1.1.vmt").read_text("utf-8")
    kept = [
        line
        for line in text.splitlines()
        if not line.startswith("(define-fun |conjunct")
    ]
    (proof / "A-1.1.vmt").write_text("\n".join(kept) + "\n", "utf-8")
    rehash(proof, "A-1.1.vmt")
    assert "A-1.1: kept and safe in capture_audio: sat" in complaint(proof)


@pytest.mark.parametrize(
    "command",
    [
        "(assert false)",
        '(set-option :regular-output-channel "/tmp/auditors-file")',
        '(set-option :diagnostic-output-channel "victim")',
        "(check-sat)",
        "(exit)",
        '(include "other")',
        "(push 1)",
        "(define-fun-rec |f| () Bool true)",
        "(declare-fun |f| (Int) Bool)",
        '(echo "unsat")',
    ],
)
def test_a_command_that_has_no_place_in_a_proof_is_refused(proof, command):
    with (proof / "A-1.1.vmt").open("a") as file:
        file.write(command + "\n")
    rehash(proof, "A-1.1.vmt")
    assert "has no place in a proof" in complaint(proof)


def test_a_file_that_is_gone_is_named(proof):
    (proof / "A-2.1.vmt").unlink()
    assert "A-2.1.vmt: is missing" in complaint(proof)


def test_a_file_that_was_cut_off_is_named(proof):
    content = (proof / "A-2.1.vmt").read_bytes()
    (proof / "A-2.1.vmt").write_bytes(content[: len(content) // 2])
    assert "A-2.1.vmt: is not the file that the manifest names" in complaint(
        proof
    )
    rehash(proof, "A-2.1.vmt")
    assert "A-2.1.vmt: " in complaint(proof)


def test_a_file_under_another_name_is_refused(proof):
    shutil.copy(proof / "A-2.1.vmt", proof / "A-1.1.vmt")
    rehash(proof, "A-1.1.vmt")
    assert "A-1.1.vmt: is not the part 'A-1.1'" in complaint(proof)


def test_a_foreign_file_is_named(proof):
    shutil.copy(proof / "A-2.1.vmt", proof / "B-1.vmt")
    assert "B-1.vmt: is not in the manifest" in complaint(proof)


def test_a_part_listed_twice_is_named(proof):
    manifest = json.loads((proof / "manifest.json").read_text("utf-8"))
    manifest["parts"].append(manifest["parts"][0])
    (proof / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert "twice" in complaint(proof)


def test_a_file_outside_the_folder_is_not_read(proof):
    manifest = json.loads((proof / "manifest.json").read_text("utf-8"))
    manifest["parts"][0]["file"] = "../A-1.1.vmt"
    (proof / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert "missing" in complaint(
        proof
    ) or "not in the manifest" in complaint(proof)


def test_a_folder_without_a_manifest_proves_nothing(proof):
    (proof / "manifest.json").unlink()
    assert "is no manifest" in complaint(proof)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        # The part takes over the system's next value of an instant.
        (
            "(define-fun |state r!r0|",
            "(define-fun |hidden| () Int (! |now| :next |time|))\n(define-fun |state r!r0|",
            "",
        ),
        # A register's next value is an input of the system, and so restricts its steps.
        (":next |r!r0.next|", ":next |any.from|", "one to one"),
        # The update looks at what is to come.
        (
            "(define-fun |update r!r0| () Text ",
            "(define-fun |update r!r0| () Text (ite |open.next| |r!r0| ",
            "",
        ),
        (
            "(define-fun |first r!r0|",
            "(define-fun |first r!x|",
            "no first value",
        ),
        # The verdict is about something else than what a monitor sees.
        (
            "(define-fun |verdict| () Bool ",
            "(define-fun |verdict| () Bool (or |powered| true)) ;",
            "uses |powered|",
        ),
        (
            "(define-fun |verdict|",
            '(define-fun |event| () Text |"tone"|)\n(define-fun |verdict|',
            "which the system has",
        ),
    ],
)
def test_a_part_that_reaches_into_the_system_is_refused(
    proof, old, new, says
):
    edit(proof, "A-1.1.vmt", old, new)
    found = complaint(proof)
    assert found and says in found


FALSE_CLAIM = "(define-fun |verdict| () Bool false)\n"
FIXED_REGISTER = """(declare-const |q| Bool)
(define-fun |q.next| () Bool false)
(define-fun |state q| () Bool (! |q| :next |q.next|))
(define-fun |first q| () Bool true)
(define-fun |update q| () Bool true)
"""


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("", "kept and safe in"),
        (
            '(define-fun |"other"| () Text |"power"|)\n',
            'defines |"other"|, which a run decides',
        ),
        (FIXED_REGISTER, "defines |q.next|, which a run decides"),
        (
            FIXED_REGISTER.replace(
                "declare-const |q| Bool", "define-fun |q| () Bool false"
            ).replace(
                "define-fun |q.next| () Bool false",
                "declare-const |q.next| Bool",
            ),
            "defines |q|, which a run decides",
        ),
        ('(declare-const |"other"| Bool)\n', "is a text and no Bool"),
        ("(declare-const |other| Bool)\n", "|other| has no place in a claim"),
        (
            "(define-fun |limit x| () Bool true)\n",
            "|limit x| has no place in a claim",
        ),
        (
            FIXED_REGISTER.replace(
                "define-fun |q.next| () Bool false",
                "declare-const |q.next| Bool",
            ).replace("|q", "|true"),
            "",
        ),
    ],
)
def test_a_false_claim_is_not_made_true_by_what_stands_beside_it(
    proof, more, says
):
    """Each of the first two fixed values was accepted once: no step was possible any more."""
    text = (proof / "A-1.1.vmt").read_text("utf-8")
    kept = [
        line
        for line in text.splitlines(True)
        if not line.startswith("(define-fun |verdict|")
    ]
    (proof / "A-1.1.vmt").write_text(
        "".join(kept) + FALSE_CLAIM + more, "utf-8"
    )
    rehash(proof, "A-1.1.vmt")
    found = complaint(proof)
    assert found and says in found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "(define-fun |first states| () Bool (! ",
            "(define-fun |first states| () Bool (! (and false ",
            "",
        ),
        (
            "(or false |transition ",
            "(or false false |transition ",
            "not exactly one of its transitions",
        ),
        (
            "(define-fun |transition capture_audio| () Bool (and true",
            "(define-fun |transition capture_audio| () Bool (and false",
            "capture_audio can happen: unsat",
        ),
    ],
)
def test_a_system_in_which_nothing_happens_is_refused(proof, old, new, says):
    edit(proof, "assistant.system.vmt", old, new)
    found = complaint(proof)
    assert found and says in found


def against_pack(folder, text):
    (folder.parent / "pack.yaml").write_text(text, "utf-8")
    packs = [find(str(folder.parent / "pack.yaml"))]
    compare_with_packs(folder, packs, all_tasks(packs))


def test_the_pack_derives_the_same_files_again(proof):
    against_pack(proof, PACK)


def test_a_proof_of_other_parameters_is_refused(proof):
    with pytest.raises(
        ProofError, match="other packs, parameters or figures"
    ):
        against_pack(proof, PACK.replace("value: 500", "value: 499"))


def forge_pack(folder, text):
    """Let the manifest speak of the pack that the auditor has."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["packs"][0]["sha256"] = digest
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_one_part_of_many_is_not_the_proof_of_the_pack(proof):
    manifest = json.loads((proof / "manifest.json").read_text("utf-8"))
    manifest["parts"] = [p for p in manifest["parts"] if p["name"] == "A-1.1"]
    (proof / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    for path in proof.glob("*.vmt"):
        if path.name not in ("A-1.1.vmt", "assistant.system.vmt"):
            path.unlink()
    assert complaint(proof) == ""
    with pytest.raises(ProofError, match=r"A-2\.1\.vmt: is missing"):
        against_pack(proof, PACK)


def test_a_proof_of_another_claim_is_refused(proof):
    other = PACK.replace(
        "its buffered <= $preroll", "its buffered <= $preroll + 1 us"
    )
    forge_pack(proof, other)
    with pytest.raises(
        ProofError, match=r"A-2\.1\.vmt: does not say what the pack"
    ):
        against_pack(proof, other)


def test_a_proof_about_another_system_is_refused(proof):
    edit(
        proof,
        "assistant.system.vmt",
        "(+ |rail_at| 80000)",
        "(+ |rail_at| 8000)",
    )
    with pytest.raises(
        ProofError, match=r"assistant\.system\.vmt: does not say"
    ):
        against_pack(proof, PACK)


def test_the_command_says_which_part_is_no_proof(proof):
    assert (
        CliRunner().invoke(cli, ["verify-proof", str(proof)]).exit_code == 0
    )
    (proof / "A-2.1.vmt").unlink()
    ran = CliRunner().invoke(cli, ["verify-proof", str(proof)])
    assert ran.exit_code == 1
    assert "NOT a proof" in ran.output and "A-2.1.vmt" in ran.output
