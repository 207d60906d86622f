"""Nothing escapes a cell unseen: no byte, no file, no process."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cells import BODY, SOUND, found_in, needs_cell, start

from earwitness.conformance.targets import cell as cell_module
from earwitness.conformance.targets import doorman_call
from earwitness.conformance.targets.cell import Cell
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.doorman_call import ERROR_TAIL
from earwitness.conformance.targets.packets import (
    asked_name,
    name_answer,
    parse_packet,
    server_name,
)
from earwitness.conformance.targets.protocol import TargetError

pytestmark = needs_cell

HIDING_PLACES = {
    "in /var/tmp": "open('/var/tmp/recording', 'wb').write(SOUND); done()",
    "in its home": "open(os.path.expanduser('~/recording'), 'wb').write(SOUND); done()",
    "over a file of the system": "open('/etc/hostname', 'ab').write(SOUND); done()",
    "behind a link": """
        os.makedirs('/var/tmp/elsewhere'); os.symlink('/var/tmp/elsewhere', '/tmp/data')
        open('/tmp/data/recording', 'wb').write(SOUND); done()""",
    "in a link's text": "os.symlink('/' + SOUND.decode(), '/tmp/link'); done()",
    "in a name": "open('/tmp/' + SOUND.decode(), 'w'); done()",
    "in a folder's name": "os.mkdir('/tmp/' + SOUND.decode()); done()",
    "in an attribute": """
        open('/tmp/innocent', 'w'); os.setxattr('/tmp/innocent', 'user.note', SOUND); done()""",
    "in a file nobody may read": """
        open('/tmp/secret', 'wb').write(SOUND); os.chmod('/tmp/secret', 0); done()""",
    "in a deleted file": """
        kept = open('/tmp/gone', 'wb+', buffering=0); kept.write(SOUND); os.unlink('/tmp/gone'); done()""",
    "in a deleted file that is only mapped": """
        import mmap
        kept = open('/tmp/gone', 'wb+', buffering=0); kept.write(SOUND); view = mmap.mmap(kept.fileno(), 0)
        kept.close(); os.unlink('/tmp/gone'); done()""",
    "in memory with a descriptor": "kept = os.memfd_create('x'); os.write(kept, SOUND); done()",
    "in shared memory": "open('/dev/shm/recording', 'wb').write(SOUND); done()",
    "among the devices": "open('/dev/recording', 'wb').write(SOUND); done()",
    "in /run": "open('/run/recording', 'wb').write(SOUND); done()",
    "in a pipe": "out, end = os.pipe(); os.write(end, SOUND); done()",
    "in a named pipe": """
        os.mkfifo('/tmp/pipe'); kept = os.open('/tmp/pipe', os.O_RDWR); os.write(kept, SOUND); done()""",
    "in a unix socket": "one, two = socket.socketpair(); one.send(SOUND); done()",
    "in System V memory": """
        import ctypes
        libc = ctypes.CDLL(None); libc.shmat.restype = ctypes.c_void_p
        number = libc.shmget(77, 4096, 0o1666)
        ctypes.memmove(libc.shmat(number, None, 0), SOUND, len(SOUND)); done()""",
    "by a child in a session of its own": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open('/var/tmp/recording', 'wb').write(SOUND); print('done', flush=True); time.sleep(600)
            os._exit(0)
        sys.stdin.read()""",
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_what_is_kept_anywhere_is_found(place):
    with start(HIDING_PLACES[place]) as cell:
        found = found_in(cell)
    assert any(
        SOUND in (content or b"") or SOUND.decode() in name
        for name, content in found.items()
    ), found


def test_a_program_that_keeps_nothing_has_nothing_found():
    with start("done()") as cell:
        assert found_in(cell) == {}


def test_what_was_there_before_is_not_found_and_what_is_ours_stays_untouched(
    tmp_path,
):
    ours = tmp_path / "ours"
    ours.write_text("ours")
    with start(
        f"open({str(ours)!r}, 'w').write('theirs'); os.unlink({str(ours)!r}); done()"
    ) as cell:
        found_in(cell)
    assert ours.read_text() == "ours"


def test_a_file_is_found_after_its_program_has_ended():
    body = (
        BODY
        + "open('/var/tmp/recording', 'wb').write(SOUND); print('done', flush=True)"
    )
    with Cell.start([sys.executable, "-c", body]) as cell:
        assert cell.exit_code(10) == 0
        assert [f.content for f in cell.found_files()] == [SOUND]


def test_the_disk_is_full_before_our_memory_is(monkeypatch):
    monkeypatch.setattr(doorman_call, "MEMORY_FOR_FILES", 8 << 20)
    body = """
        try:
            open('/tmp/flood', 'wb').write(bytes(16 << 20))
        except OSError as error:
            assert error.errno == 28, error
            done()"""
    with start(body) as cell:
        assert all(
            len(content or b"") <= 8 << 20
            for content in found_in(cell).values()
        )


def test_all_processes_stand_still_while_we_search():
    body = """
        for _ in range(5):
            if os.fork() == 0:
                count = 0
                while True:
                    count += 1
                    os.pwrite(os.open('/tmp/counter', os.O_CREAT | os.O_WRONLY), str(count).encode(), 0)
        done()"""
    with start(body) as cell:
        with cell.frozen():
            first, second = (
                {f.name: f.content for f in cell.found_files()}
                for _ in range(2)
            )
        assert len(cell.processes()) == 6
    assert first == second


# Life and death.


def is_alive(process):
    try:
        return (
            Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
            not in "ZX"
        )
    except OSError:
        return False


def wait_until_gone(marker, seconds=5.0):
    """Until no process has the marker in its command line; True where that happens in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(path.read_bytes())
            except OSError:
                continue
        if not any(
            marker.encode() in line and b"pytest" not in line
            for line in lines
        ):
            return True
    return False


ORPHANS = """
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp('sleep', ['sleep', '{marker}'])
        os._exit(0)
done()
"""


@pytest.mark.parametrize(
    "confinement", [Confinement.SEALED, Confinement.OPEN]
)
def test_closing_ends_every_process(confinement):
    marker = f"86{os.getpid()}.{confinement.name.count('E')}"
    with start(
        ORPHANS.replace("{marker}", marker), confinement=confinement
    ) as cell:
        assert not wait_until_gone(marker, 0.2)
        assert cell.level is confinement
    assert wait_until_gone(marker, 0.5)


@pytest.mark.parametrize("confinement", ["SEALED", "OPEN"])
def test_when_the_harness_is_killed_the_target_dies(confinement, tmp_path):
    marker = f"87{os.getpid()}.{len(confinement)}"
    script = tmp_path / "harness.py"
    script.write_text(
        "import sys, time\n"
        "from earwitness.conformance.targets.cell import Cell\n"
        "from earwitness.conformance.targets.confinement import Confinement\n"
        f"body = {BODY + ORPHANS.replace('{marker}', marker)!r}\n"
        f"cell = Cell.start([sys.executable, '-c', body], confinement=Confinement.{confinement})\n"
        "print(cell.stdout.readline(), flush=True)\n"
        "time.sleep(600)\n"
    )
    harness = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE
    )
    assert b"done" in harness.stdout.readline()
    harness.send_signal(signal.SIGKILL)
    harness.wait()
    harness.stdout.close()
    assert wait_until_gone(marker)


def test_a_target_may_be_started_by_a_thread_that_ends():
    """PR_SET_PDEATHSIG would kill it: that signal is sent when the thread that started it ends."""
    cells = []
    thread = threading.Thread(target=lambda: cells.append(start("done()")))
    thread.start()
    thread.join()
    with cells[0] as cell:
        assert cell.exit_code(0.3) is None


def test_the_last_words_are_kept_and_nothing_blocks():
    body = "sys.stderr.write('x' * (4 << 20) + 'out of memory'); sys.stderr.flush(); done()"
    with start(body) as cell:
        deadline = time.monotonic() + 5
        while (
            not cell.error_tail().endswith("out of memory")
            and time.monotonic() < deadline
        ):
            pass
        assert (
            cell.error_tail().endswith("out of memory")
            and len(cell.error_tail()) <= ERROR_TAIL
        )


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(TargetError, match="/no/such/device"):
        Cell.start(["/no/such/device"])


def test_shown_folders_keep_their_paths_and_only_some_can_be_written(
    tmp_path,
):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "clip").write_text("clip")
    os.mkfifo(tmp_path / "microphone")
    body = f"""
        assert open({str(tmp_path / "clip")!r}).read() == 'clip'
        microphone = os.open({str(tmp_path / "microphone")!r}, os.O_RDONLY | os.O_NONBLOCK)
        open({str(out / "played")!r}, 'w').write('sound')
        try:
            open({str(tmp_path / "clip")!r}, 'w')
        except OSError:
            done()"""
    with start(body, folders=[(tmp_path, False), (out, True)]) as cell:
        assert (out / "played").read_text() == "sound"
        assert found_in(cell) == {}


def test_we_see_its_folders_from_outside():
    with start(
        "open(os.environ['TMPDIR'] + '/store', 'w').write('kept'); done()"
    ) as cell:
        assert (
            cell.outside("/earwitness/tmp") / "store"
        ).read_text() == "kept"


def test_on_a_machine_without_the_tools_the_cell_is_open_and_says_why(
    monkeypatch,
):
    monkeypatch.setattr(
        cell_module,
        "strongest_confinement",
        lambda: (Confinement.OPEN, "bwrap not installed"),
    )
    with start("done()") as cell:
        assert (cell.level, cell.why) == (
            Confinement.OPEN,
            "bwrap not installed",
        )
        assert (
            list(cell.found_files()) == []
            and cell.flows() == ()
            and "not confined" in cell.incomplete
        )
        with cell.listen() as door:
            assert (
                cell.connect(*door.getsockname()).getpeername()
                == door.getsockname()
            )


# The parsers a target can reach.


def test_the_name_of_a_server_is_read_from_a_real_greeting():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(
        incoming, outgoing, server_hostname="cloud.example.com"
    )
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    hello = outgoing.read()
    assert server_name(hello) == "cloud.example.com"
    assert all(
        server_name(hello[:length]) in ("", "cloud.example.com")
        for length in range(len(hello))
    )


def test_questions_for_names_that_make_no_sense_are_survived():
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05cloud\x03com\x00\x00\x01\x00\x01"
    assert asked_name(question) == ("cloud.com", 1)
    assert name_answer(question, "198.18.0.2").endswith(
        socket.inet_aton("198.18.0.2")
    )
    for length in range(len(question)):
        name_answer(question[:length], "198.18.0.2")
        asked_name(question[:length])


def test_packets_that_make_no_sense_are_left_out():
    assert (
        parse_packet(b"") is None
        and parse_packet(b"\x45" + bytes(19)) is not None
    )
    assert parse_packet(b"\x60" + bytes(20)) is None


def test_folders_thousands_deep_are_told_and_end_nothing():
    body = """
        os.chdir('/tmp')
        for _ in range(1_500):
            os.mkdir('d')
            os.chdir('d')
        done()"""
    with start(body) as cell, cell.frozen():
        found = list(cell.found_files())
        assert any("deeper" in file.reason for file in found)
        assert list(cell.found_files()) == found, "it still answers"


def test_a_cell_that_nothing_keeps_any_more_is_a_fault_of_the_target():
    with start("done()") as cell:
        os.kill(cell._doorman._process.pid, signal.SIGKILL)
        with pytest.raises(TargetError, match="has ended"):
            found_in(cell)
