"""Everything a device sends through the relay counts, whatever the protocol."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
import trustme
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect
from websockets.sync.server import serve

from earwitness.conformance.witnesses.relay import Tap

SECRET = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def cloud():
    """A TLS server that answers whatever comes with one byte."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                while wrapped.recv(1 << 16):
                    wrapped.sendall(b"!")
        except OSError:
            pass

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1], authority.cert_pem.bytes().decode()
    listener.close()


@pytest.fixture
def tap():
    relay = Tap()
    yield relay
    relay.close()


def sent_through(tap, cloud, *pieces):
    """Send the pieces, each after the answer to the one before, and return all that the relay counts."""
    port = tap.route("d1", "127.0.0.1", *cloud)
    trusted = ssl.create_default_context(cadata=tap.authority)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as device,
    ):
        for piece in pieces:
            device.sendall(piece)
            assert device.recv(1)
    return b"".join(upload.content for upload in tap.take())


def test_an_https_post_counts(tap, cloud):
    request = b"POST /telemetry HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(SECRET)
    assert SECRET in sent_through(tap, cloud, request, SECRET)


def test_headers_of_a_post_count(tap, cloud):
    assert b"what they said" in sent_through(tap, cloud, b"POST / HTTP/1.1\r\nx: what they said\r\n\r\n")


def test_raw_bytes_count(tap, cloud):
    assert SECRET in sent_through(tap, cloud, b"\x00\x01\x02\x03", SECRET)


def test_http_2_counts(tap, cloud):
    data_frame = len(SECRET).to_bytes(3, "big") + b"\0\0\0\0\0\1" + SECRET
    assert SECRET in sent_through(tap, cloud, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", data_frame)


@pytest.fixture
def websocket_cloud():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def answer(connection):
        for _ in connection:
            connection.send(b"!")

    with serve(answer, "127.0.0.1", 0, ssl=context) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1], authority.cert_pem.bytes().decode()
        server.shutdown()


def websocket(tap, cloud, extensions=()):
    port = tap.route("d1", "127.0.0.1", *cloud)
    trusted = ssl.create_default_context(cadata=tap.authority)
    return connect(
        f"wss://localhost:{port}",
        ssl=trusted,
        compression=None,
        extensions=list(extensions) or None,
        close_timeout=1,
    )


def counted(tap):
    return b"".join(upload.content for upload in tap.take())


def test_pings_count(tap, websocket_cloud):
    with websocket(tap, websocket_cloud) as device:
        assert device.ping(SECRET[:125]).wait(10)
    assert SECRET[:125] in counted(tap)


@pytest.mark.parametrize("deflate", [{}, {"client_no_context_takeover": True}])
def test_compressed_messages_count_as_what_they_hold(tap, websocket_cloud, deflate):
    with websocket(tap, websocket_cloud, [ClientPerMessageDeflateFactory(**deflate)]) as device:
        device.send(SECRET)
        assert device.recv(10)
        device.send(SECRET)
        assert device.recv(10)
    assert counted(tap).count(SECRET) == 2


OPENING = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)
CLOSE_FRAME = b"\x88\x80\0\0\0\0"


def test_bytes_after_a_close_count(tap, cloud):
    assert SECRET in sent_through(tap, cloud, OPENING, CLOSE_FRAME, SECRET)


def test_headers_of_a_websocket_count(tap, cloud):
    opening = OPENING.replace(b"host:", b"x-said: what they said\r\nhost:")
    assert b"what they said" in sent_through(tap, cloud, opening)
