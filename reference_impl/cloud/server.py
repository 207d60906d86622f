"""The cloud process: TLS WebSocket on loopback. Prints its port and its authority's certificate, then
serves until its input ends."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import cast

import trustme
import uvicorn
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from earwitness.reference_impl.cloud.asr import Recognizer
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.cloud.conversation import (
    NONSENSE,
    Conversation,
    refuse_nonsense,
)
from earwitness.reference_impl.database import DatabaseError
from earwitness.reference_impl.faults.variants import cloud_class
from earwitness.reference_impl.messages import (
    WINDOW,
    CloudReply,
    CloudRequest,
)
from earwitness.reference_impl.property.api import make_application

TURNS_AT_ONCE, ASIDE_AT_ONCE = 32, 8
"""Threads: of turns of as many devices, which mostly wait for the one recogniser, and of everything else."""
BESIDE = frozenset(
    {"settings", "mail.put", "mail.take", "call.telephone", "call.end"}
)


def _load_recognizer() -> Recognizer | None:
    """The open-vocabulary recogniser where EARWITNESS_WHISPER names its weights; None for the default."""
    folder = os.environ.get("EARWITNESS_WHISPER")
    if not folder:
        return None
    from earwitness.reference_impl.cloud.whisper import WhisperRecognizer

    try:
        return WhisperRecognizer(Path(folder))
    except RuntimeError as error:
        sys.exit(f"EARWITNESS_WHISPER: {error}")


def take_number(content: str | bytes) -> tuple[int, bytes | CloudRequest]:
    """The number of a message and the message; see `device.link`. Raises ValueError."""
    if isinstance(content, bytes):
        if len(content) < 4:
            raise ValueError("sound has no number")
        return int.from_bytes(content[:4]), content[4:]
    message = json.loads(content)
    if not isinstance(message, dict) or not isinstance(
        message.get("id"), int
    ):
        raise ValueError("a message is an object with an id")
    return message.pop("id"), cast(CloudRequest, message)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="earwitness-cloud",
        description="the reference's cloud, on loopback",
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fault", default="")
    parser.add_argument(
        "--database",
        default=os.environ.get("EARWITNESS_DATABASE", ""),
        metavar="URL",
        help="of a PostgreSQL database, instead of SQLite",
    )
    options = parser.parse_args()
    # What is kept is for nobody else on this machine.
    os.umask(0o077)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("localhost")
    certificate.configure_cert(context)
    try:
        cloud: Cloud = cloud_class(options.fault)(
            options.data, _load_recognizer(), options.database
        )
    except DatabaseError as error:
        sys.exit(f"EARWITNESS_DATABASE: {error}")
    trust = {
        "authority": authority.cert_pem.bytes().decode(),
        "fingerprint": fingerprint_of(
            certificate.cert_chain_pems[0].bytes().decode()
        ),
    }
    asyncio.run(_serve_devices(cloud, context, trust))


def fingerprint_of(certificate: str) -> str:
    """As browsers show it: SHA-256 of a certificate in PEM, two digits a byte."""
    content = ssl.PEM_cert_to_DER_cert(certificate)
    digest = hashlib.sha256(content).digest()
    return digest.hex(":").upper()


async def _serve_devices(
    cloud: Cloud, context: ssl.SSLContext, trust: Mapping[str, str]
) -> None:
    loop = asyncio.get_running_loop()
    mail = cloud.mail_class(loop)
    # Turns wait for the recogniser; nothing else may wait for them.
    turns, aside = (
        ThreadPoolExecutor(TURNS_AT_ONCE),
        ThreadPoolExecutor(ASIDE_AT_ONCE),
    )

    async def handle(connection: ServerConnection) -> None:
        conversation = Conversation(cloud, mail, party=None)
        window, turn = asyncio.Semaphore(WINDOW), asyncio.Lock()

        async def answer(content: str | bytes) -> None:
            number = None
            reply: CloudReply = {}
            try:
                number, message = take_number(content)
                # A device's sound and turns are taken in order; its calls and settings need not wait.
                beside = (
                    isinstance(message, dict)
                    and message.get("type") in BESIDE
                )
                async with nullcontext() if beside else turn:
                    reply = await loop.run_in_executor(
                        aside if beside else turns,
                        conversation.reply,
                        message,
                    )
            except NONSENSE as error:
                reply = refuse_nonsense(error)
            finally:
                window.release()
            with suppress(ConnectionClosed):
                await connection.send(json.dumps({"id": number, **reply}))

        async with asyncio.TaskGroup() as tasks:
            with suppress(ConnectionClosed):
                while True:
                    # Beyond the window nothing is read, so that a device that sends faster than we answer
                    # is held up by its own socket.
                    await window.acquire()
                    tasks.create_task(answer(await connection.recv()))

    # The property's side listens beside the devices', under the same certificate.
    config = uvicorn.Config(
        make_application(cloud.disclosures),
        log_level="critical",
        lifespan="off",
        access_log=False,
        server_header=False,
    )
    config.load()
    config.ssl = context
    door = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    # asyncio sends at once (TCP_NODELAY) only where the socket says that it is TCP; otherwise each answer
    # waits 40 ms for an acknowledgement.
    door.bind(("127.0.0.1", 0))
    property_side = uvicorn.Server(config)
    serving = asyncio.create_task(property_side.serve([door]))
    async with serve(
        handle,
        "127.0.0.1",
        0,
        ssl=context,
        compression=None,
        max_size=1 << 20,
    ) as server:
        people = [
            {"token": token, "name": p.name, "role": p.role, "party": p.party}
            for token, p in cloud.disclosures.people.items()
        ]
        introduction = {
            "port": server.sockets[0].getsockname()[1],
            "property": door.getsockname()[1],
            **trust,
            "people": people,
            "credentials": dict(cloud.credentials),
        }
        print(json.dumps(introduction), flush=True)
        # The device holds the other end of our input: when it dies, so do we.
        threading.Thread(
            target=_wait_for_end, args=(cloud,), daemon=True
        ).start()
        await serving


def _wait_for_end(cloud: Cloud) -> None:
    """Wait until our input ends, then end, whatever else goes wrong."""
    try:
        sys.stdin.read()
        cloud.host.end()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
