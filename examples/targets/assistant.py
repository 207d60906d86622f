"""A small voice assistant that is whole: microphone, wake word, light, mute, a server behind TLS, a
loudspeaker and a file. Edit it into yours.

    earwitness check --target 'exec:python3 examples/targets/assistant.py' --no-proofs

Earwitness gives it a microphone, a loudspeaker and a display, and stands between it and its server: so sound,
light and what is sent are witnessed. That it heard its wake word, and nothing else, is its own word. It
knows no words: a short burst of sound between two silences is "Alexa" to it. It needs `openssl` for a
certificate."""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

FRAME, MICROSECONDS = 640, 20_000  # bytes at 16 kHz, 16 bits, mono
LOUD = 300  # mean of the absolute samples; the room alone has about 10, speech 1,000 and more
GAP = 4  # frames of silence that still belong to a burst of sound
SILENCE = 25  # frames of silence before the wake word
WAKE_WORD = range(20, 32)  # frames that "Alexa" may last: 0.4 to 0.64 s
PAUSE = 9  # frames of silence after it: the comma
END_OF_SPEECH = 40  # frames of silence that end a request
FOLDER = Path(tempfile.mkdtemp())
SETTINGS = FOLDER / "settings.json"


def is_loud(frame):
    samples = memoryview(frame).cast("h")
    return sum(map(abs, samples)) > LOUD * len(samples)


class WakeWord:
    """Hears a burst of sound of the right length, alone between two silences."""

    def __init__(self):
        self.burst, self.quiet, self.before = 0, SILENCE, 0

    def hears(self, loud):
        if not loud:
            self.quiet += 1
            return (
                self.quiet == PAUSE
                and self.burst in WAKE_WORD
                and self.before >= SILENCE
            )
        if self.quiet > GAP:
            self.burst, self.before, self.quiet = 0, self.quiet, 0
        self.burst += self.quiet + 1
        self.quiet = 0
        return False


class Server:
    """Ours, in a thread. It takes pieces of sound, each after its length; an empty one ends the request."""

    def __init__(self):
        key, self.certificate = FOLDER / "key.pem", FOLDER / "certificate.pem"
        words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
        words += " -nodes -days 2 -subj /CN=assistant -addext subjectAltName=DNS:localhost"
        command = [*words.split(), "-keyout", key, "-out", self.certificate]
        subprocess.run(
            ["openssl", *command], check=True, stderr=subprocess.DEVNULL
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connected, _ = self.listener.accept()
            try:
                with self.context.wrap_socket(
                    connected, server_side=True
                ) as client:
                    stream = client.makefile("rb")
                    while length := int.from_bytes(stream.read(4)):
                        stream.read(length)
                    client.sendall(
                        (12_800).to_bytes(4) + b"\x00\x20\x00\xe0" * 3_200
                    )
            except OSError:
                pass  # whoever looked in has gone


class Assistant:
    """One device. Its clock passes by what is put before its microphone."""

    def __init__(self):
        self.now, self.powered, self.stream, self.link = 0, False, 0, None
        SETTINGS.unlink(missing_ok=True)

    @property
    def muted(self):
        return SETTINGS.exists() and json.loads(SETTINGS.read_text())["muted"]

    def attach(self, request):
        self.loudspeaker, self.display = (
            request["loudspeaker"],
            request["display"],
        )
        self.microphone = os.open(
            request["microphone"], os.O_RDONLY | os.O_NONBLOCK
        )

    def route(self, request):
        self.address = request["host"], request["port"]
        self.trust = ssl.create_default_context(cadata=request["authority"])

    def report(self, event, **attributes):
        write(
            {
                "event": event,
                "time": self.now,
                "device": "speaker",
                **attributes,
            }
        )

    def show(self):
        """The light, as a picture of two lamps, and in words."""
        blue = b"\x00\x00\xff" if self.listens else b"\x00\x00\x00"
        red = (
            b"\xff\x00\x00"
            if self.powered and self.muted
            else b"\x00\x00\x00"
        )
        draft = Path(self.display + ".draft")
        draft.write_bytes(b"P6 16 8 255\n" + (blue * 8 + red * 8) * 8)
        draft.replace(self.display)

    def light(self, color, on):
        if color == "blue":
            self.listens = on
        self.show()
        self.report("light", color=color, on=on)

    def set_power(self, request):
        on = request["state"] == "restore"
        if on == self.powered:
            return
        self.powered = on
        self.hang_up()
        self.report("power", on=on, kind="speaker")
        self.show()
        if on:
            self.wake_word = WakeWord()
            self.show_mute()  # it lasts through a loss of power
            self.report("setting.wake_word", word="alexa")

    def restart(self, request):
        self.set_power({"state": "cut"})
        self.set_power({"state": "restore"})

    def press(self, request):
        self.report("button.microphone")
        if self.powered:
            SETTINGS.write_text(json.dumps({"muted": not self.muted}))
            self.end_request()
            self.show_mute()

    def show_mute(self):
        self.report("microphone.power", on=not self.muted)
        self.light("red", self.muted)

    def listen(self, request):
        end = self.now + request["microseconds"]
        if (
            self.powered and not self.muted
        ):  # else it stays in the pipe: nobody takes it
            sound = os.read(self.microphone, 1 << 16)
            for at in range(0, len(sound), FRAME):
                self.hear(sound[at : at + FRAME])
            self.send()
        self.now = end

    def hear(self, frame):
        self.now += MICROSECONDS
        loud = is_loud(frame)
        self.report("audio.captured", bytes=len(frame), buffered=MICROSECONDS)
        if self.link:
            self.unsent += frame
            self.quiet = 0 if loud else self.quiet + 1
            if self.quiet == END_OF_SPEECH:
                self.finish()
        elif self.wake_word.hears(loud):
            self.report("wake_word", word="alexa")
            self.light("blue", True)
            self.call()

    def call(self):
        self.unsent, self.quiet = b"", 0
        try:
            plain = socket.create_connection(self.address)
            self.link = self.trust.wrap_socket(
                plain, server_hostname="localhost"
            )
        except OSError:  # a stranger answered, or nobody
            return self.light("blue", False)
        self.stream += 1
        opened = {"stream": self.stream, "from": self.now}
        self.report("stream.open", cause="wake_word", **opened)

    def send(self):
        """What was heard since the last time."""
        if not self.link or not self.unsent:
            return
        size = len(self.unsent)
        self.link.sendall(size.to_bytes(4) + self.unsent)
        self.unsent = b""
        self.report(
            "stream.audio",
            stream=self.stream,
            bytes=size,
            encrypted=True,
            voice=True,
            **{"from": self.now - size * MICROSECONDS // FRAME},
            to=self.now,
        )

    def finish(self):
        """The words are over: the server answers, and the answer is played."""
        self.send()
        self.link.sendall(bytes(4))
        stream = self.link.makefile("rb")
        sound = stream.read(int.from_bytes(stream.read(4)))
        self.report("request.processed", stream=self.stream)
        self.end_request()
        with open(self.loudspeaker, "ab") as out:
            out.write(sound)
        self.report("tts.audio", bytes=len(sound), asked_by="self")

    def end_request(self):
        if self.link:
            self.hang_up()
            self.report("stream.close", stream=self.stream)
            self.light("blue", False)

    def hang_up(self):
        if self.link:
            self.link.close()
        self.link, self.listens = None, False


def write(message):
    print(json.dumps(message), flush=True)


server = Server()
HELLO = {
    "earwitness": 2,
    "name": "small assistant (Python)",
    "version": "1",
    "clock": "virtual",
    "devices": [{"device": "speaker", "kind": "speaker"}],
    "capabilities": dict.fromkeys(
        [
            "microphone",
            "loudspeaker",
            "display",
            "route",
            "power",
            "microphone_button",
        ],
        True,
    ),
    "display": {"blue": [0, 0, 8, 8], "red": [8, 0, 8, 8]},
    "wake_words": ["alexa"],
    "data_paths": [str(FOLDER)],
    "cloud": {
        "host": "127.0.0.1",
        "port": server.listener.getsockname()[1],
        "authority": server.certificate.read_text(),
    },
}
assistant = Assistant()
ACTIONS = {
    "hello": lambda request: HELLO,
    "attach": assistant.attach,
    "route": assistant.route,
    "reset": lambda request: Assistant.__init__(assistant),
    "power": assistant.set_power,
    "kill": assistant.restart,
    "listen": assistant.listen,
    "press": assistant.press,
}

for line in sys.stdin:
    request = json.loads(line)
    action = ACTIONS.get(request["do"])
    if action is None or request.get("button") == "action":
        write(
            {
                "id": request["id"],
                "unsupported": f"this assistant cannot {request['do']}",
            }
        )
    else:
        write(
            {
                "id": request["id"],
                "ok": action(request) or {"now": assistant.now},
            }
        )
