"""A bundle cannot be mistaken: own folder, written as it goes, partial until whole, and every edit of
every file is noticed."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import tarfile
import time
from io import BytesIO
from pathlib import Path

import pytest
from bundles import HONEST, observed, violated_bundle, write_bundle

from earwitness.conformance.evidence.bundle import (
    BundleError,
    NoBundleError,
    PartialBundleError,
    archive_bundle,
    read_bundle,
)
from earwitness.conformance.evidence.writer import BundleWriter

FILES = [
    "manifest.json",
    "results.json",
    "observations.jsonl",
    "proofs.json",
    "failures/MIC-1.json",
    "packs/small.yaml",
    "target.log",
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return violated_bundle(tmp_path_factory.mktemp("whole") / "out")


@pytest.fixture
def folder(tmp_path):
    return violated_bundle(tmp_path / "out")


def test_a_bundle_holds_exactly_what_its_manifest_lists(folder):
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == set(FILES)
    assert set(read_bundle(folder).manifest.files) == found - {
        "manifest.json"
    }


@pytest.mark.parametrize(
    "name", [name for name in FILES if name != "manifest.json"]
)
def test_an_edit_of_any_file_is_noticed_and_the_file_named(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1) + b" ")
    with pytest.raises(BundleError, match=name):
        read_bundle(folder)


@pytest.mark.parametrize("name", FILES[1:])
def test_a_missing_file_is_noticed_and_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_bundle(folder)


def test_a_file_that_does_not_belong_is_noticed_and_named(folder):
    (folder / "proofs").mkdir(exist_ok=True)
    (folder / "proofs" / "extra.smt2").write_text("(assert false)")
    with pytest.raises(BundleError, match=r"extra\.smt2"):
        read_bundle(folder)


def test_a_link_in_place_of_a_file_is_noticed(folder):
    path = folder / "results.json"
    elsewhere = folder.parent / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(BundleError, match="not a plain file"):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda m: {**m, "format": 99}, "format 99"),
        (lambda m: {**m, "surprise": 1}, "surprise"),
        (
            lambda m: {**m, "files": {**m["files"], "../x": "0"}},
            "outside the bundle",
        ),
        (lambda m: {k: v for k, v in m.items() if k != "target"}, "target"),
        (
            lambda m: {
                **m,
                "files": {
                    k: v for k, v in m["files"].items() if k != "results.json"
                },
            },
            "results.json",
        ),
    ],
)
def test_a_manifest_that_is_none_is_refused(folder, change, part):
    path = folder / "manifest.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(BundleError, match=part):
        read_bundle(folder)


def test_a_key_that_stands_twice_is_refused(folder):
    path = folder / "manifest.json"
    path.write_text('{"seed": 1,' + path.read_text().lstrip()[1:])
    with pytest.raises(BundleError, match="'seed' stands twice"):
        read_bundle(folder)


def test_the_digest_changes_with_any_part(whole, folder):
    assert read_bundle(whole).digest != read_bundle(folder).digest


# The folder of a run


def test_nothing_of_the_user_is_written_deleted_or_packed(tmp_path):
    out = tmp_path / "out"
    mine = {
        "proofs/mine.smt2": "mine",
        ".env": "SECRET=1",
        "notes.txt": "x",
        "results.json": "{}",
    }
    for name, text in mine.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
    folder = violated_bundle(out)
    assert {name: (out / name).read_text() for name in mine} == mine
    with tarfile.open(
        fileobj=BytesIO(archive_bundle(read_bundle(folder)))
    ) as archive:
        packed = archive.getnames()
    assert sorted(packed) == sorted(f"{folder.name}/{name}" for name in FILES)


def test_the_archive_is_the_same_bytes_for_the_same_bundle(whole):
    assert archive_bundle(read_bundle(whole)) == archive_bundle(
        read_bundle(whole)
    )


def test_a_latest_that_is_the_users_stays(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "latest").write_text("mine")
    violated_bundle(tmp_path / "out")
    assert (tmp_path / "out" / "latest").read_text() == "mine"


def test_two_runs_at_once_never_mix(tmp_path):
    out = tmp_path / "out"
    with (
        BundleWriter(out, "one") as first,
        BundleWriter(out, "two") as second,
    ):
        for time_ in range(50):
            first.observe(0, [observed(time_, "tick", device="first")])
            second.observe(0, [observed(time_, "tick", device="second")])
    assert first.folder != second.folder
    for writer, device in ((first, "first"), (second, "second")):
        lines = (
            (writer.folder / "observations.jsonl").read_text().splitlines()
        )
        assert len(lines) == 50 and {
            json.loads(line)["device"] for line in lines
        } == {device}


def test_an_old_bundle_never_speaks_for_a_run_that_failed(tmp_path):
    out = tmp_path / "out"
    write_bundle(out)
    assert read_bundle(out).manifest.target.name == "Device"
    with pytest.raises(RuntimeError), BundleWriter(out, "exec:./gone"):
        raise RuntimeError("the target died")
    with pytest.raises(PartialBundleError, match="the target died"):
        read_bundle(out)


def test_a_folder_without_a_bundle_says_so(tmp_path):
    with pytest.raises(NoBundleError, match="no such folder"):
        read_bundle(tmp_path / "nowhere")
    with pytest.raises(NoBundleError, match=r"holds no manifest\.json"):
        read_bundle(tmp_path)


# Killed, full, read-only

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from bundles import violated_bundle
violated_bundle(Path({out!r}))
"""


def start_writer(out: Path, **more) -> subprocess.Popen:
    tests = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", WRITER.format(tests=tests, out=str(out))],
        **more,
    )


STEPS = [
    f"{name}:{number}"
    for name, count in (("fsync", 8), ("replace", 7), ("flush", 3))
    for number in range(count)
]
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
name, number = {step!r}.split(":")
left = int(number)

def dies(real):
    def call(*words, **more):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*words, **more)
    return call

if name == "fsync":
    os.fsync = dies(os.fsync)
elif name == "replace":
    Path.replace = dies(Path.replace)
else:
    from earwitness.conformance.evidence.writer import BundleWriter
    BundleWriter.observe = dies(BundleWriter.observe)
    BundleWriter.finish = dies(BundleWriter.finish)
    BundleWriter.store_failure = dies(BundleWriter.store_failure)
from bundles import violated_bundle
violated_bundle(Path({out!r}))
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_killed_before_any_step_leaves_a_whole_bundle_or_a_partial_one(
    tmp_path, step
):
    """Killed with -9 before the n-th call that changes what is on the disk."""
    out = tmp_path / "out"
    code = KILLED.format(
        tests=str(Path(__file__).parents[1]), step=step, out=str(out)
    )
    done = subprocess.run(
        [sys.executable, "-c", code], timeout=60, check=False
    )
    if done.returncode == 0:
        assert read_bundle(out).manifest.state.value == "complete"
        return
    assert done.returncode == -signal.SIGKILL
    folders = (
        [
            path
            for path in out.iterdir()
            if path.is_dir() and not path.is_symlink()
        ]
        if out.exists()
        else []
    )
    for folder in folders:
        if (folder / "manifest.json").exists():
            continue
        with pytest.raises((PartialBundleError, NoBundleError)):
            read_bundle(folder)


def test_a_writer_killed_at_random_instants_is_partial_or_whole(tmp_path):
    """Fifty instants spread over the time that one whole run takes."""
    began = time.perf_counter()
    assert start_writer(tmp_path / "first").wait(60) == 0
    whole_run = time.perf_counter() - began
    partial = 0
    for number in range(50):
        out = tmp_path / str(number)
        process = start_writer(out)
        try:
            process.wait(whole_run * (0.5 + number / 100))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
        if not (out / "latest").exists():
            continue
        try:
            assert read_bundle(out).manifest.state.value == "complete"
        except PartialBundleError:
            partial += 1
        except NoBundleError:
            partial += 1
    assert partial < 50


def test_a_full_disk_ends_the_run_and_the_bundle_is_no_green(tmp_path):
    """The largest file the process may write stands for the space left; every limit from nothing to all."""
    for limit in (0, 200, 400, 700, 900, 1_200):

        def shrink_disk(limit=limit):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        out = tmp_path / str(limit)
        out.mkdir()
        (tmp_path / "small.yaml").touch()
        process = start_writer(
            out, preexec_fn=shrink_disk, stderr=subprocess.PIPE
        )
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0, limit
        assert b"File too large" in errors
        with pytest.raises((PartialBundleError, NoBundleError)):
            read_bundle(out)


@pytest.mark.parametrize("place", ["/proc/earwitness-run", "a file"])
def test_a_folder_where_nothing_can_be_written_is_an_error_at_once(
    tmp_path, place
):
    out = tmp_path / "file" if place == "a file" else Path(place)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=out.name):
        BundleWriter(out, "x")


# No words


def test_a_bundle_holds_no_words(tmp_path):
    spoken = "What, is THE weather?"
    trace = (
        *HONEST,
        observed(
            40,
            "asr.result",
            text=spoken,
            confidence=90,
            best=90,
            hypotheses=1,
        ),
    )
    folder = write_bundle(tmp_path / "out", trace=trace)
    text = "".join(
        path.read_text() for path in folder.rglob("*") if path.is_file()
    )
    assert "weather" not in text.lower()
