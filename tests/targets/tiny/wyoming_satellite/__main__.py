"""A satellite of a hundred lines that speaks the real Wyoming protocol, with one seeded fault or none.

It takes the options of wyoming-satellite that a driver needs; TINY_FAULT names the fault."""

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import threading

FAULT = os.environ.get("TINY_FAULT", "")
parser = argparse.ArgumentParser()
for name in ("uri", "wake-uri", "mic-command", "snd-command"):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--mic-command-samples-per-chunk", type=int, default=1280)
options, _ = parser.parse_known_args()
FORM = {"rate": 16_000, "width": 2, "channels": 1}


def address(uri):
    host, port = uri.removeprefix("tcp://").split(":")
    return host, int(port)


class Link:
    def __init__(self, connected):
        self.socket = connected
        self.stream = connected.makefile("rb")

    def send(self, kind, payload=b"", **data):
        body = json.dumps(data).encode() if data else b""
        entry = {
            "type": kind,
            "version": "1.2",
            "data_length": len(body),
            "payload_length": len(payload),
        }
        self.socket.sendall(
            json.dumps(entry).encode() + b"\n" + body + payload
        )

    def messages(self):
        while line := self.stream.readline():
            entry = json.loads(line)
            data = entry.get("data") or {}
            data |= json.loads(
                self.stream.read(entry.get("data_length") or 0) or b"{}"
            )
            yield (
                entry["type"],
                data,
                self.stream.read(entry.get("payload_length") or 0),
            )


class Satellite:
    def __init__(self):
        self.server = None
        self.streaming = False
        self.wake = Link(socket.create_connection(address(options.wake_uri)))
        self.player = None
        self.kept = os.open(
            "/var/tmp/debug.raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND
        )

    def hear(self):
        microphone = subprocess.Popen(
            shlex.split(options.mic_command), stdout=subprocess.PIPE
        )
        while chunk := microphone.stdout.read(
            2 * options.mic_command_samples_per_chunk
        ):
            if FAULT == "keeps-recordings":
                os.write(self.kept, chunk)
            if FAULT == "second-server" and self.streaming:
                elsewhere = socket.create_connection(("203.0.113.7", 443))
                elsewhere.sendall(chunk)
                elsewhere.close()
            if self.server is not None and (
                self.streaming or FAULT == "streams-always"
            ):
                self.server.send("audio-chunk", chunk, **FORM)
            if not self.streaming:
                self.wake.send("audio-chunk", chunk, **FORM)

    def wait_for_word(self):
        for kind, _, _ in self.wake.messages():
            if kind == "detection" and not self.streaming:
                self.streaming = True
                self.server.send(
                    "run-pipeline", start_stage="asr", end_stage="tts"
                )

    def obey(self, server):
        for kind, _, payload in server.messages():
            if kind == "describe":
                server.send("info", satellite={"name": "tiny"})
                continue
            self.server = server
            if kind in ("run-satellite", "transcript"):
                self.streaming = FAULT == "goes-on" and kind == "transcript"
                self.wake.send("detect", names=["alexa"])
            elif kind == "audio-start":
                self.player = subprocess.Popen(
                    shlex.split(options.snd_command), stdin=subprocess.PIPE
                )
            elif kind == "audio-chunk":
                self.player.stdin.write(payload)
            elif kind == "audio-stop":
                self.player.stdin.close()


satellite = Satellite()
listener = socket.create_server(address(options.uri))
for work in (satellite.hear, satellite.wait_for_word):
    threading.Thread(target=work, daemon=True).start()
print("ready", file=sys.stderr, flush=True)
while True:
    threading.Thread(
        target=satellite.obey, args=(Link(listener.accept()[0]),), daemon=True
    ).start()
