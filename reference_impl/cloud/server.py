"""The cloud process: TLS WebSocket on loopback. Prints its port and its authority's certificate, then serves until its input ends."""

from __future__ import annotations

import argparse
import json
import logging
import os
import ssl
import sys
import threading
from pathlib import Path

import trustme
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from earwitness.reference_impl.cloud.asr import Recognizer
from earwitness.reference_impl.cloud.cloud import Cloud, Conversation
from earwitness.reference_impl.faults.zoo import cloud_class


def _recognizer() -> Recognizer | None:
    """The open-vocabulary recogniser where EARWITNESS_WHISPER names its weights; None for the default."""
    folder = os.environ.get("EARWITNESS_WHISPER")
    if not folder:
        return None
    from earwitness.reference_impl.cloud.whisper import WhisperRecognizer

    try:
        return WhisperRecognizer(Path(folder))
    except RuntimeError as error:
        sys.exit(f"EARWITNESS_WHISPER: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="earwitness-cloud", description="the reference's cloud, on loopback")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fault", default="")
    options = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    cloud: Cloud = cloud_class(options.fault)(options.data, _recognizer())
    turn = threading.Lock()

    def handle(connection: ServerConnection) -> None:
        conversation = Conversation(cloud)
        try:
            for content in connection:
                with turn:
                    reply = conversation.message(content if isinstance(content, bytes) else json.loads(content))
                connection.send(json.dumps(reply))
        except (ConnectionClosed, ValueError):
            return

    with serve(handle, "127.0.0.1", 0, ssl=context, compression=None, max_size=1 << 20) as server:
        port = server.socket.getsockname()[1]
        print(json.dumps({"port": port, "authority": authority.cert_pem.bytes().decode()}), flush=True)
        # The device holds the other end of our input: when it dies, so do we.
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        server.serve_forever()


if __name__ == "__main__":
    main()
