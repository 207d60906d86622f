"""The relay carries any bytes, either way, and everything that crosses counts."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import termios
import threading

import httpx
import pytest
from relays import (
    DOWN,
    PEM,
    SECRET,
    UP,
    a_device,
    a_server,
    acknowledge,
    content,
    send_all,
    sent_by_tls,
    server_context,
)
from websockets.sync.client import connect
from websockets.sync.server import serve

from earwitness.conformance.witnesses.certificates import (
    TRIALS,
    Outcome,
    Presented,
)
from earwitness.conformance.witnesses.doors import connection_to, datagrams_to
from earwitness.conformance.witnesses.relay import Relay
from earwitness.conformance.witnesses.wire.stream import Part


def test_an_https_post_counts(relay):
    request = (
        b"POST /telemetry HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"
        % len(SECRET)
    )
    seen = sent_by_tls(relay, request, SECRET)
    assert content(seen, part=Part.MESSAGE) == SECRET
    assert {c.protocol for c in seen if c.direction is UP} == {
        "tls",
        "http/1.1",
    }
    assert all(c.encrypted and c.device == "d1" for c in seen)


def test_headers_of_a_post_count(relay):
    assert b"what they said" in content(
        sent_by_tls(relay, b"POST / HTTP/1.1\r\nx: what they said\r\n\r\n")
    )


def test_raw_bytes_count_both_ways(relay):
    seen = sent_by_tls(relay, b"\x00\x01\x02\x03", SECRET)
    assert content(seen, part=Part.RAW) == b"\x00\x01\x02\x03" + SECRET
    assert content(seen, DOWN).startswith(b"!!")


def test_http_2_counts(relay):
    data_frame = len(SECRET).to_bytes(3, "big") + b"\0\0\0\0\0\1" + SECRET
    seen = sent_by_tls(relay, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", data_frame)
    assert content(seen, part=Part.MESSAGE) == SECRET


OPENING = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)


def test_headers_of_a_websocket_and_bytes_ahead_of_its_answer_count(relay):
    opening = OPENING.replace(b"host:", b"x-said: what they said\r\nhost:")
    seen = content(sent_by_tls(relay, opening, SECRET))
    assert b"what they said" in seen and SECRET in seen


@contextlib.contextmanager
def a_websocket(relay, compression=None):
    def answer(connection):
        for message in connection:
            connection.send(message)

    with serve(
        answer, "127.0.0.1", 0, ssl=server_context(), compression="deflate"
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        door = relay.open_door(
            "d1",
            connection_to("127.0.0.1", server.socket.getsockname()[1]),
            authority=PEM,
        )
        trusted = ssl.create_default_context(cadata=relay.authority)
        url = f"wss://localhost:{door.port}"
        with connect(
            url,
            ssl=trusted,
            compression=compression,
            close_timeout=1,
            proxy=None,
        ) as device:
            yield device
        server.shutdown()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_of_a_websocket_count_both_ways_compressed_or_not(
    relay, compression
):
    with a_websocket(relay, compression) as device:
        for _ in range(2):
            device.send(SECRET)
            assert device.recv(10) == SECRET
        assert device.ping(SECRET[:125]).wait(10)
    seen = relay.take()
    assert (
        content(seen, UP, Part.MESSAGE)
        == content(seen, DOWN, Part.MESSAGE)
        == SECRET * 2
    )
    assert SECRET[:125] in content(seen, UP, Part.CONTROL)


def test_bytes_after_a_close_count(relay):
    def upgrade_then_acknowledge(connection):
        connection.recv(1 << 16)
        connection.sendall(
            b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\n\r\n"
        )
        acknowledge(connection)

    with a_server(upgrade_then_acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            device.sendall(OPENING)
            assert device.recv(1 << 16).startswith(b"HTTP/1.1 101")
            send_all(device, [b"\x88\x80\0\0\0\0", SECRET])
    assert content(relay.take(), UP, Part.RAW) == SECRET


def test_a_plain_connection_is_passed_on_as_plain_and_called_so(relay):
    with a_server(acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            send_all(device, [SECRET])
    seen = relay.take()
    assert content(seen) == SECRET and not any(c.encrypted for c in seen)


def test_a_device_that_speaks_plainly_to_a_tls_server_is_carried_and_called_plain(
    relay,
):
    with a_server(acknowledge, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        with a_device(relay, door, encrypted=False) as device:
            send_all(device, [SECRET])
    seen = relay.take()
    assert content(seen) == SECRET and not any(c.encrypted for c in seen)


def test_the_other_end_may_speak_first(relay):
    def greet(connection):
        connection.sendall(b"I begin\n")
        acknowledge(connection)

    with a_server(greet) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            assert device.recv(100) == b"I begin\n"
            send_all(device, [SECRET])
    seen = relay.take()
    assert content(seen, UP) == SECRET and content(seen, DOWN).startswith(
        b"I begin\n!"
    )


def test_through_an_inward_door_the_one_who_answers_is_the_device(relay):
    with a_server(lambda c: c.sendall(SECRET)) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), inward=True
        )
        with a_device(relay, door, encrypted=False) as caller:
            caller.sendall(b"who are you?")
            assert caller.recv(1)
            while caller.recv(1 << 16):
                pass
    seen = relay.take()
    assert content(seen, UP) == SECRET
    assert content(seen, DOWN) == b"who are you?"


def test_datagrams_cross_both_ways(relay):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(10)
        door = relay.open_datagram_door(
            "d1", datagrams_to("127.0.0.1", far.getsockname()[1])
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.settimeout(10)
            device.sendto(SECRET, ("127.0.0.1", door.port))
            data, back = far.recvfrom(1 << 16)
            far.sendto(b"yes", back)
            assert device.recv(100) == b"yes"
    seen = relay.take()
    assert data == SECRET
    assert [(c.direction, c.content, c.protocol) for c in seen] == [
        (UP, SECRET, "udp"),
        (DOWN, b"yes", "udp"),
    ]


def test_a_sender_may_stop_before_the_answer(relay):
    """Half of a plain connection can be closed, and the answer still comes."""

    def answer_at_the_end(connection):
        size = 0
        while data := connection.recv(1 << 16):
            size += len(data)
        connection.sendall(str(size).encode())

    with a_server(answer_at_the_end) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            device.sendall(SECRET)
            device.shutdown(socket.SHUT_WR)
            assert device.recv(100) == str(len(SECRET)).encode()


def test_several_connections_and_devices_are_told_apart(relay):
    with a_server(acknowledge) as port:
        doors = [
            relay.open_door(name, connection_to("127.0.0.1", port), name=name)
            for name in ("d1", "d2")
        ]
        with contextlib.ExitStack() as stack:
            devices = [
                stack.enter_context(a_device(relay, door, encrypted=False))
                for door in doors * 2
            ]
            for number, device in enumerate(devices):
                send_all(device, [b"%d" % number])
    seen = [c for c in relay.take() if c.direction is UP]
    assert [(c.device, c.content) for c in seen] == [
        ("d1", b"0"),
        ("d2", b"1"),
        ("d1", b"2"),
        ("d2", b"3"),
    ]
    assert len({c.connection for c in seen}) == 4
    assert [c.from_device for c in relay.connections()] == [1, 1, 1, 1]


def test_what_is_spoken_inside_tls_is_agreed_with_the_other_end(relay):
    with a_server(acknowledge, server_context("h2", "http/1.1")) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        with a_device(relay, door, protocols=["acme/1", "h2"]) as device:
            assert device.selected_alpn_protocol() == "h2"
            send_all(device, [b"x"])


def test_a_real_client_and_server_of_http_work_through_it(relay):
    def answer(connection):
        connection.recv(1 << 16)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
        )

    with a_server(answer, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        trusted = ssl.create_default_context(cadata=relay.authority)
        with httpx.Client(verify=trusted, trust_env=False) as client:
            assert (
                client.get(f"https://localhost:{door.port}/").text == "hello"
            )
    assert content(relay.take(), DOWN, Part.MESSAGE) == b"hello"


def test_the_first_record_of_tls_counts_with_the_name_it_asks_for(relay):
    with a_server(acknowledge, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        context = ssl.create_default_context(cadata=relay.authority)
        with (
            socket.create_connection(
                ("127.0.0.1", door.port), timeout=10
            ) as plain,
            context.wrap_socket(
                plain, server_hostname="they-said-yes.example"
            ) as device,
        ):
            send_all(device, [b"x"])
    assert relay.connections()[0].server_name == "they-said-yes.example"
    assert b"they-said-yes" in content(relay.take(), UP, Part.HEAD)


@pytest.mark.parametrize("presented", TRIALS)
def test_an_honest_device_refuses_a_bad_certificate(relay, presented):
    with a_server(acknowledge, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        assert relay.trial("d1", presented).outcome is Outcome.NEVER_CAME
        relay.present(door, presented)
        with (
            pytest.raises(ssl.SSLCertVerificationError),
            a_device(relay, door),
        ):
            pass
        relay.present(door, Presented.TRUSTED)
        with a_device(relay, door) as device:
            send_all(device, [b"x"])
    relay.close()
    assert relay.trial("d1", presented).outcome is Outcome.REFUSED


@pytest.mark.parametrize("presented", TRIALS)
def test_a_device_that_checks_no_certificate_is_noticed(relay, presented):
    with a_server(acknowledge, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        relay.present(door, presented)
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(
                ("127.0.0.1", door.port), timeout=10
            ) as plain,
            careless.wrap_socket(plain) as device,
        ):
            send_all(device, [SECRET])
    assert relay.trial("d1", presented).outcome is Outcome.ACCEPTED
    assert content(relay.take(), UP, Part.RAW) == SECRET


def test_beyond_the_bound_bytes_are_passed_on_counted_and_called_unknown():
    with Relay(most_kept=1 << 20) as relay, a_server(acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            send_all(device, [bytes(1 << 16)] * 40)
        seen = [c for c in relay.take() if c.direction is UP]
    assert sum(c.size for c in seen) == 40 << 16
    assert sum(len(c.content) for c in seen) <= 1 << 20
    assert any("more came" in c.reason for c in seen)


def test_a_flood_of_small_messages_is_joined(monkeypatch, relay):
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.relay.MOST_CROSSINGS", 10
    )
    with a_websocket(relay) as device:
        for at in range(0, 4_000, 40):
            device.send(SECRET[at : at + 40])
        for _ in range(100):
            device.recv(10)
    seen = relay.take()
    assert content(seen, UP, Part.MESSAGE) == SECRET[:4_000]
    assert len(seen) < 200


def test_an_end_that_cannot_be_reached_is_told_and_the_device_hung_up_on(
    relay,
):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    door = relay.open_door("d1", connection_to("127.0.0.1", port))
    with a_device(relay, door, encrypted=False) as device:
        assert device.recv(1) == b""
    relay.close()
    assert "ConnectionRefused" in relay.connections()[0].ending


def test_hanging_up_ends_the_connections_of_one_device(relay):
    with a_server(acknowledge) as port:
        doors = [
            relay.open_door(name, connection_to("127.0.0.1", port))
            for name in ("d1", "d2")
        ]
        with (
            a_device(relay, doors[0], encrypted=False) as one,
            a_device(relay, doors[1], encrypted=False) as other,
        ):
            send_all(one, [b"x"])
            send_all(other, [b"x"])
            relay.hang_up("d1")
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
            send_all(other, [b"x"])


def test_bytes_are_dated_by_the_clock_that_is_given():
    with Relay(clock=lambda: 42) as relay, a_server(acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            send_all(device, [b"x"])
        assert {c.time_taken for c in relay.take()} == {42}


def test_what_waits_for_more_comes_out_at_the_end_of_a_run(relay):
    with a_server(acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            send_all(device, [b"POST /never-finished-head"])
            assert content(relay.take()) == b""
            assert content(relay.take_rest()) == b"POST /never-finished-head"


def test_closing_twice_is_closing_once():
    relay = Relay()
    relay.close()
    relay.close()


def send_and_arrive(device, data):
    """Send, and wait until the kernel has put all of it before the receiver."""
    device.sendall(data)
    while (
        fcntl.ioctl(device.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        != b"\0\0\0\0"
    ):
        pass


def test_what_was_sent_before_a_look_is_in_it_without_waiting_for_an_answer(
    relay,
):
    with a_server(acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        with a_device(relay, door, encrypted=False) as device:
            for number in range(100):
                send_and_arrive(device, b"%05d" % number)
                assert content(relay.take()) == b"%05d" % number


def test_one_who_connects_sends_and_hangs_up_is_heard_at_the_next_look(relay):
    with a_server(acknowledge) as port:
        door = relay.open_door("d1", connection_to("127.0.0.1", port))
        for _ in range(20):
            with a_device(relay, door, encrypted=False) as device:
                send_and_arrive(device, SECRET)
            assert content(relay.take()) == SECRET


def test_a_connection_that_only_one_end_left_makes_no_trouble_for_the_next(
    relay,
):
    """Its server says farewell, its device does not, and then it loses its network: its place is taken."""

    def answer_once(connection):
        connection.recv(1)
        connection.sendall(b"!")

    with a_server(answer_once, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        for _ in range(3):
            with a_device(relay, door) as left:
                send_all(left, [b"x"])
                # The farewell has come this far: nothing more will.
                assert left.recv(1) == b""
                relay.hang_up("d1")
                with a_device(relay, door) as next_one:
                    send_all(next_one, [b"x"])
