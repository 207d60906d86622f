"""The cloud process: TLS WebSocket on loopback. Prints its port and its authority's certificate, then serves until its input ends."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import socket
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import trustme
import uvicorn
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from earwitness.reference_impl.cloud.asr import Recognizer
from earwitness.reference_impl.cloud.cloud import Cloud, Conversation
from earwitness.reference_impl.faults.zoo import cloud_class
from earwitness.reference_impl.property.api import application


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
    asyncio.run(_serve(cloud, context, authority.cert_pem.bytes().decode()))


async def _serve(cloud: Cloud, context: ssl.SSLContext, authority: str) -> None:
    # One worker, since the recogniser serves one turn at a time; the connections stay responsive meanwhile.
    worker = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    desk = cloud.desk_class(loop)

    async def handle(connection: ServerConnection) -> None:
        conversation = Conversation(cloud, desk)
        with suppress(ConnectionClosed):
            async for content in connection:
                try:
                    message = content if isinstance(content, bytes) else json.loads(content)
                    answer = await loop.run_in_executor(worker, conversation.message, message)
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                    answer = {"error": f"the message makes no sense: {type(error).__name__}"}
                await connection.send(json.dumps(answer))

    # The property's side listens beside the devices', under the same certificate.
    config = uvicorn.Config(application(cloud.office), log_level="critical", lifespan="off", access_log=False, server_header=False)
    config.load()
    config.ssl = context
    door = socket.create_server(("127.0.0.1", 0))
    office = uvicorn.Server(config)
    serving = asyncio.create_task(office.serve([door]))
    async with serve(handle, "127.0.0.1", 0, ssl=context, compression=None, max_size=1 << 20) as server:
        people = [{"token": token, "name": p.name, "role": p.role, "party": p.party} for token, p in cloud.office.people.items()]
        ports = {"port": server.sockets[0].getsockname()[1], "property": door.getsockname()[1]}
        print(json.dumps({**ports, "authority": authority, "people": people}), flush=True)
        # The device holds the other end of our input: when it dies, so do we.
        threading.Thread(target=_follow, args=(cloud,), daemon=True).start()
        await serving


def _follow(cloud: Cloud) -> None:
    sys.stdin.read()
    cloud.host.end()
    os._exit(0)


if __name__ == "__main__":
    main()
