"""A small listener of Open Voice OS, on its real bus protocol, its real settings and its real way to ask a
speech server; honest, or with the fault that a file `fault` beside its microphone names. Honest, its mute outlives it, and
nobody but the user lifts it, as far as a bus can tell."""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import wave
from io import BytesIO
from pathlib import Path

from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model
from websockets.sync.client import connect

CHUNK = 4_096
LOUD, QUIET_CHUNKS, MOST_CHUNKS = 300, 6, 80
settings = json.loads(
    Path(os.environ["XDG_CONFIG_HOME"], "mycroft", "mycroft.conf").read_text()
)
speech = settings["stt"]["ovos-stt-plugin-server"]["url"]
path = settings["listener"]["microphone"]["earwitness"]["path"]
beside = Path(path).with_name("fault")
FAULT = beside.read_text() if beside.exists() else ""
MUTED = Path("muted")
state = {"muted": MUTED.exists() and FAULT != "forgets-mute"}


def reached():
    while True:
        try:
            return connect("ws://127.0.0.1:8181/core")
        except OSError:
            time.sleep(0.1)


bus = reached()


def tell(kind, **data):
    bus.send(json.dumps({"type": kind, "data": data, "context": {}}))


def set_mute(on):
    state["muted"] = on and FAULT != "mute-does-nothing"
    if state["muted"]:
        MUTED.touch()
    else:
        MUTED.unlink(missing_ok=True)


def obey():
    for text in bus:
        said = json.loads(text)
        is_user = said["context"].get("source") == "user"
        match said["type"]:
            case "mycroft.voice.is_ready" | "mycroft.mic.get_status" as asked:
                tell(f"{asked}.response", status=True, muted=state["muted"])
            case "mycroft.mic.mute":
                set_mute(True)
            case "mycroft.mic.unmute" if is_user or FAULT == "anyone-unmutes":
                set_mute(False)


def loudness(chunk):
    samples = memoryview(chunk).cast("h")
    return (sum(s * s for s in samples) / len(samples)) ** 0.5


def ask(sound):
    held = BytesIO()
    with wave.open(held, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(sound)
    post = {"data": held.getvalue(), "method": "POST"}
    try:
        request = urllib.request.Request(f"{speech}?lang=en", **post)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, TimeoutError):
        return ""


def record(microphone, first):
    tell("recognizer_loop:wakeword", utterance="alexa")
    tell("recognizer_loop:record_begin")
    sound, quiet, has_spoken = first, 0, False
    while quiet < QUIET_CHUNKS and len(sound) < MOST_CHUNKS * CHUNK:
        chunk = microphone.read(CHUNK)
        if state["muted"]:
            chunk = bytes(CHUNK)
        sound += chunk
        is_loud = loudness(chunk) > LOUD
        has_spoken |= is_loud
        quiet = 0 if is_loud or not has_spoken else quiet + 1
        if state["muted"]:
            tell("recognizer_loop:record_end")
            return
    text = ask(sound)
    tell("recognizer_loop:record_end")
    if text:
        tell("recognizer_loop:utterance", utterances=[text])


threading.Thread(target=obey, daemon=True).start()
features, model = (
    MicroWakeWordFeatures(),
    MicroWakeWord.from_builtin(Model.ALEXA),
)
print("ready", file=sys.stderr, flush=True)
with open(path, "rb") as microphone:
    kept = b""
    while chunk := microphone.read(CHUNK):
        if state["muted"]:
            chunk = bytes(CHUNK)
        kept = (kept + chunk)[-3 * CHUNK :]
        heard = [
            bool(model.process_streaming(f))
            for f in features.process_streaming(chunk)
        ]
        if any(heard):
            model.reset()
            record(microphone, kept)
