"""A small message bus of Open Voice OS: what one client says, every client hears."""

import contextlib
import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

clients = []


def attend(client):
    client.send(json.dumps({"type": "connected", "data": {}, "context": {}}))
    clients.append(client)
    for text in client:
        for other in list(clients):
            with contextlib.suppress(ConnectionClosed):
                other.send(text)
    clients.remove(client)


serve(attend, "127.0.0.1", 8_181).serve_forever()
