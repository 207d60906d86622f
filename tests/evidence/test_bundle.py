"""A bundle cannot be mistaken: own folder, written as it goes, partial until whole, and every edit of
every file is noticed."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import tarfile
import time
from io import BytesIO
from pathlib import Path

import pytest
from bundles import HONEST, observed, violated_bundle, write_bundle
from forging import put_manifest

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
    "manifest.sha256",
    "results.json",
    "observations.jsonl",
    "proofs.json",
    "failures/MIC-1.json",
    "packs/small.yaml",
    "target.log",
    "waivers.yaml",
    "known-failures.yaml",
    "capabilities.yaml",
    "refinement.jsonl",
]
KEPT = [(name, b"1: a file that is kept\n") for name in FILES[8:]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    return violated_bundle(out, files=KEPT)


@pytest.fixture
def folder(tmp_path):
    return violated_bundle(tmp_path / "out", files=KEPT)


def test_a_bundle_holds_exactly_what_its_manifest_lists(folder):
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == set(FILES)
    assert set(read_bundle(folder).manifest.files) == found - {
        "manifest.json",
        "manifest.sha256",
    }


@pytest.mark.parametrize("name", FILES)
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
    put_manifest(folder, change(json.loads(path.read_text())))
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
    folder = violated_bundle(out, files=KEPT)
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

STEPS = [
    f"{name}:{number}"
    for name, count in (("fsync", 9), ("replace", 8), ("flush", 3))
    for number in range(count)
]


def in_child(work) -> int:
    """Do something in a process of its own; its id. An OSError ends it with the error's number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except OSError as error:
        code = error.errno
    finally:
        os._exit(code)


def end_of(pid: int) -> int:
    """The exit code of a child, negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_before(step: str):
    """Let this process kill itself with -9 before the n-th call that changes what is on the disk."""
    name, number = step.split(":")
    left = [int(number)]

    def dies(real):
        def call(*words, **more):
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return real(*words, **more)

        return call

    if name == "fsync":
        os.fsync = dies(os.fsync)
    elif name == "replace":
        Path.replace = dies(Path.replace)
    else:
        for method in ("observe", "finish", "store_failure"):
            setattr(BundleWriter, method, dies(getattr(BundleWriter, method)))


def is_whole(out: Path) -> bool:
    """Whether a run is complete. One that is not must be refused by every reader."""
    try:
        return read_bundle(out).manifest.state.value == "complete"
    except (PartialBundleError, NoBundleError):
        return False


def test_a_writer_killed_before_any_step_leaves_a_whole_bundle_or_a_partial_one(
    tmp_path,
):
    ends = set()
    for step in STEPS:
        out = tmp_path / step.replace(":", "-")
        (out / "older").mkdir(parents=True)
        (out / "latest").symlink_to("older")

        def work(step=step, out=out):
            killed_before(step)
            violated_bundle(out)

        code = end_of(in_child(work))
        ends.add((code, is_whole(out)))
        assert (out / "latest").resolve() != out / "older"
    assert ends == {(-signal.SIGKILL, False), (0, True)}


def test_a_writer_killed_at_random_instants_is_partial_or_whole(tmp_path):
    """Fifty instants spread over a little more than the time that one whole run takes."""
    began = time.perf_counter()
    assert end_of(in_child(lambda: violated_bundle(tmp_path / "first"))) == 0
    whole_run = time.perf_counter() - began
    ends = []
    for number in range(50):
        out = tmp_path / str(number)
        pid = in_child(lambda out=out: violated_bundle(out))
        time.sleep(whole_run * 1.2 * number / 50)
        os.kill(pid, signal.SIGKILL)
        code = end_of(pid)
        ends.append(is_whole(out))
        assert code == -signal.SIGKILL or ends[-1]
    assert not ends[0]


def test_a_writer_killed_as_its_manifest_gets_its_name_leaves_a_whole_bundle(
    tmp_path,
):
    rename = Path.replace

    def rename_and_die(path, target):
        rename(path, target)
        if Path(target).name == "manifest.json":
            os.kill(os.getpid(), signal.SIGKILL)

    def work():
        Path.replace = rename_and_die
        violated_bundle(tmp_path / "out")

    assert end_of(in_child(work)) == -signal.SIGKILL
    assert is_whole(tmp_path / "out")


def test_a_full_disk_ends_the_run_and_the_bundle_is_no_green(tmp_path):
    """The largest file the process may write stands for the space left."""
    for limit in (0, 40, 90, 200, 400, 700, 900, 1_200):
        out = tmp_path / str(limit) / "out"

        def work(limit=limit, out=out):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            violated_bundle(out)

        assert end_of(in_child(work)) == errno.EFBIG, limit
        assert not is_whole(out)


def test_a_disk_that_fills_up_while_the_run_goes_on_leaves_a_partial_bundle(
    tmp_path,
):
    """`/dev/full` stands for the file of observations: every write of it says that no space is left."""
    with (
        pytest.raises(OSError, match="No space left"),
        BundleWriter(tmp_path / "out", "x") as writer,
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        writer._observations = full
        writer.observe(0, HONEST)
    with pytest.raises(PartialBundleError, match="No space left"):
        read_bundle(tmp_path / "out")


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
