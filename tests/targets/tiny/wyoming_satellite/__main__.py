"""A small satellite that speaks the real Wyoming protocol: honest, or with seeded faults.

It takes the options of wyoming-satellite that a driver needs. The faults are named by TINY_FAULT, or by a file
`fault` beside the microphone, which is read at each start. Some words there are no faults but ways in which
versions differ: another-form, names-nothing, says-more, rests-briefly. Honest, it is muted by pause-satellite until a second
run-satellite of the same connection, through every restart; it listens to one client at a time, and a request
ends with its transcript, an error, its server's end, or by itself."""

import argparse
import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

parser = argparse.ArgumentParser()
for name in ("uri", "wake-uri", "event-uri", "mic-command", "snd-command"):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--mic-command-samples-per-chunk", type=int, default=1280)
parser.add_argument("--mic-command-rate", type=int, default=16_000)
parser.add_argument("--debug-recording-dir")
parser.add_argument("--wake-word-name", default="alexa")
options, _ = parser.parse_known_args()
beside = Path(shlex.split(options.mic_command)[-1]).with_name("fault")
FAULTS = set(os.environ.get("TINY_FAULT", "").split())
if beside.exists():
    FAULTS = set(beside.read_text().split())
FORM = {"rate": options.mic_command_rate, "width": 2, "channels": 1}
OTHER_FORM = {
    "rate": options.mic_command_rate,
    "width": 4,
    "channels": 2,
    "timestamp": 5,
}
PIECE = 2 * options.mic_command_samples_per_chunk
LONGEST = 25 * 32_000 // PIECE
"""Pieces of a request that nobody ends: 25 s."""
CHIME = 6
"""Pieces after its wake word in which a satellite plays its chime, and is busy: half a second."""
LATE = 40
"""Pieces of a mute, 3.2 s, after which old words are sent."""
REST = 60 if "rests" in FAULTS else 0
"""Seconds of a clock on the wall for which it hears no second word."""
if "rests-briefly" in FAULTS:
    REST = 3 / float(os.environ["EARWITNESS_SPEED"])
READS = {
    "reads-while-muted",
    "zeros-while-muted",
    "sends-old-words-in-a-mute",
    "wakes-while-muted",
}
"""Faults that need the microphone while it is muted."""
MUTED = Path("muted")


def address(uri):
    host, port = uri.removeprefix("tcp://").split(":")
    return host, int(port)


class Link:
    def __init__(self, connected):
        self.socket = connected
        self.stream = connected.makefile("rb")

    def send(self, kind, payload=b"", **data):
        body = json.dumps(data).encode() if data else b""
        head = {
            "type": kind,
            "version": "1.2",
            "data_length": len(body),
            "payload_length": len(payload),
        }
        with contextlib.suppress(OSError):
            self.socket.sendall(
                json.dumps(head).encode() + b"\n" + body + payload
            )

    def send_sound(self, piece):
        """In the form that this version sends."""
        if "another-form" not in FAULTS:
            self.send("audio-chunk", piece, **FORM)
            return
        samples = [piece[at : at + 2] for at in range(0, len(piece), 2)]
        wide = b"".join((b"\0\0" + sample) * 2 for sample in samples)
        self.send("audio-chunk", wide, **OTHER_FORM)

    def messages(self):
        while line := self.stream.readline():
            head = json.loads(line)
            data = head.get("data") or {}
            data |= json.loads(
                self.stream.read(head.get("data_length") or 0) or b"{}"
            )
            yield (
                head["type"],
                data,
                self.stream.read(head.get("payload_length") or 0),
            )


def connected(uri):
    """Somebody who is not there is tried again until he is."""
    while True:
        with contextlib.suppress(OSError):
            return Link(socket.create_connection(address(uri)))
        time.sleep(0.2)


class Nobody:
    def send(self, *_, **__):
        pass

    def send_sound(self, _):
        pass


class Satellite:
    def __init__(self):
        self.lock = threading.RLock()
        self.server = None
        self.listeners = []
        self.pieces = self.pieces_muted = 0
        self.streaming = False
        self.woken_at = -60.0
        self.old = []
        if "forgets-mute" in FAULTS:
            MUTED.unlink(missing_ok=True)
        self.muted = MUTED.exists()
        self.wake = Nobody()
        self.events = connected(options.event_uri)
        self.microphone = self.player = None
        self.kept = None
        if "keeps-recordings" in FAULTS or options.debug_recording_dir:
            kept = Path(
                options.debug_recording_dir or "/var/tmp", "debug.raw"
            )
            self.kept = os.open(kept, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    # Sound.

    def hear(self):
        while True:
            if self.muted and not FAULTS & READS:
                time.sleep(0.005)
                continue
            with self.lock:
                if self.microphone is None:
                    self.microphone = subprocess.Popen(
                        shlex.split(options.mic_command),
                        stdout=subprocess.PIPE,
                    )
                stream = self.microphone.stdout
            piece = stream.read(PIECE)
            if len(piece) == PIECE:
                with self.lock:
                    self.take(piece)

    def take(self, piece):
        if self.kept is not None:
            os.write(self.kept, piece)
        if self.muted:
            self.do_wrong_while_muted(piece)
            return
        self.old = [*self.old, piece][-12:]
        if "streams-always" in FAULTS and self.server is not None:
            self.server.send("audio-chunk", piece, **FORM)
        if not self.streaming:
            self.wake.send_sound(piece)
            return
        self.pieces += 1
        if "streams-always" not in FAULTS and self.server is not None:
            self.server.send_sound(piece)
        for listener in self.listeners:
            listener.send("audio-chunk", piece, **FORM)
        if "second-server" in FAULTS:
            with socket.create_connection(("203.0.113.7", 443)) as elsewhere:
                elsewhere.sendall(piece)
        if self.pieces >= LONGEST and "goes-on-in-silence" not in FAULTS:
            self.end_request()

    def do_wrong_while_muted(self, piece):
        self.pieces_muted += 1
        if "wakes-while-muted" in FAULTS:
            self.wake.send("audio-chunk", piece, **FORM)
        if self.server is None:
            return
        if "zeros-while-muted" in FAULTS:
            self.server.send("audio-chunk", bytes(PIECE), **FORM)
        if (
            "sends-old-words-in-a-mute" in FAULTS
            and self.pieces_muted == LATE
        ):
            self.send_old_words()

    def send_old_words(self):
        self.events.send("streaming-started")
        time.sleep(0.3)
        for piece in self.old:
            self.server.send("audio-chunk", piece, **FORM)

    def wait_for_word(self):
        self.wake = connected(options.wake_uri)
        self.ask_for_word()
        for kind, _, _ in self.wake.messages():
            with self.lock:
                if (
                    kind == "detection"
                    and self.server is not None
                    and not (self.streaming or self.muted)
                ):
                    if time.monotonic() < self.woken_at + REST:
                        continue
                    self.streaming, self.pieces = True, 0
                    self.woken_at = time.monotonic()
                    self.server.send(
                        "run-pipeline", start_stage="asr", end_stage="tts"
                    )
                    if "stays-dark" not in FAULTS:
                        self.events.send("streaming-started")

    def end_request(self):
        self.streaming = False
        self.events.send("streaming-stopped")
        self.ask_for_word()

    def ask_for_word(self):
        if "names-nothing" in FAULTS:
            self.wake.send("detect")
        else:
            self.wake.send("detect", names=[options.wake_word_name])

    # The mute.

    def mute(self):
        if "mute-does-nothing" in FAULTS:
            return
        if "mute-waits-for-the-request" in FAULTS and self.streaming:
            return
        if (
            "mute-lost-in-the-chime" in FAULTS
            and self.streaming
            and self.pieces < CHIME
        ):
            return
        self.muted, self.pieces_muted = True, 0
        MUTED.touch()
        if self.streaming:
            self.end_request()
        if not FAULTS & READS and self.microphone is not None:
            self.microphone.kill()
            self.microphone = None

    def unmute(self):
        if "sends-old-words" in FAULTS and self.muted:
            self.send_old_words()
        self.muted = False
        MUTED.unlink(missing_ok=True)

    # Clients.

    def serve(self, client):
        starts = 0
        for kind, _, payload in client.messages():
            with self.lock:
                if kind == "describe":
                    if "says-more" in FAULTS:
                        client.send("zeroconf", port=None, txt=[1, {}])
                        client.send("info")
                    else:
                        client.send("info", satellite={"name": "tiny"})
                    continue
                if self.server is None:
                    self.server = client
                if client is not self.server:
                    self.hear_second_client(client, kind)
                    continue
                starts += kind == "run-satellite"
                self.obey(kind, payload, starts)
        with self.lock:
            if client in self.listeners:
                self.listeners.remove(client)
            if client is self.server:
                self.server = None
                if self.streaming and "goes-on-for-strangers" not in FAULTS:
                    self.end_request()

    def hear_second_client(self, client, kind):
        if (
            "lets-second-client-listen" in FAULTS
            and client not in self.listeners
        ):
            self.listeners.append(client)
        if "anyone-unmutes" in FAULTS and kind == "run-satellite":
            self.unmute()

    def obey(self, kind, payload, starts):
        if kind == "run-satellite":
            if starts > 1 or "server-restart-unmutes" in FAULTS:
                self.unmute()
            if not self.streaming:
                self.wake.send("detect", names=[options.wake_word_name])
        elif kind == "pause-satellite":
            self.mute()
        elif (kind == "transcript" and "goes-on" not in FAULTS) or (
            kind == "error" and "goes-on-after-error" not in FAULTS
        ):
            self.end_request()
        elif kind == "audio-start":
            self.player = subprocess.Popen(
                shlex.split(options.snd_command), stdin=subprocess.PIPE
            )
        elif kind == "audio-chunk" and self.player is not None:
            self.player.stdin.write(payload)
        elif kind == "audio-stop" and self.player is not None:
            self.player.stdin.close()


satellite = Satellite()
listener = socket.create_server(address(options.uri))
for work in (satellite.hear, satellite.wait_for_word):
    threading.Thread(target=work, daemon=True).start()
print("ready", file=sys.stderr, flush=True)
while True:
    client = Link(listener.accept()[0])
    threading.Thread(
        target=satellite.serve, args=(client,), daemon=True
    ).start()
