"""A small voice assistant that Earwitness can drive: a speaker with a microphone button. Edit it into yours.

    earwitness check --target 'exec:python3 examples/targets/small.py'

It is honest about being small. It knows no words: it takes a short burst of sound, a pause and more sound for
"Alexa, ..." and a request. It has no cloud either: it only reports what an assistant would send. So
Earwitness says "on its word" of everything it does well."""

import array
import json
import sys
import wave

RATE = 16_000
FRAME = RATE // 50  # 20 ms
LOUD = 300  # mean of the absolute samples; the room alone has about 10, speech 1,000 and more
GAP = 4  # frames of silence that still belong to a burst of sound
WAKE_WORD = range(20, 32)  # frames that "Alexa" may last: 0.4 to 0.64 s
PAUSE = 8  # frames of silence after it, at least: the comma
END_OF_SPEECH = 40  # frames of silence that end a request: 0.8 s


class Speaker:
    """One device. Its clock is virtual: time passes only by what it hears."""

    def __init__(self, name):
        self.name = name
        self.now = 0  # microseconds
        self.powered = False
        self.muted = False
        self.streams = 0

    def report(self, event, **attributes):
        write(
            {
                "event": event,
                "time": self.now,
                "device": self.name,
                **attributes,
            }
        )

    def set_power(self, on):
        if on == self.powered:
            return
        self.powered = on
        self.report("power", on=on, kind="speaker")
        if on:  # the mute lasts through a loss of power
            self.report("microphone.power", on=not self.muted)
            self.report("light", color="red", on=self.muted)
            self.report("setting.wake_word", word="alexa")

    def press_microphone(self):
        self.report("button.microphone")
        if self.powered:
            self.muted = not self.muted
            self.report("microphone.power", on=not self.muted)
            self.report("light", color="red", on=self.muted)

    def hear(self, samples):
        began = self.now
        if self.powered and not self.muted and samples:
            request = find_request(samples)
            heard = (
                samples if request is None else samples[: request[0] * FRAME]
            )
            self.now = began + microseconds(len(heard))
            self.report(
                "audio.captured",
                bytes=2 * len(heard),
                buffered=min(500_000, self.now - began),
            )
            if request is not None:
                self.answer(began, *request)
        self.now = began + microseconds(len(samples))
        return {"began": began, "ended": self.now, "now": self.now}

    def answer(self, began, wake, end):
        """Wake word at frame `wake`, end of the request at frame `end`: what an assistant does from there."""
        self.streams += 1
        woken = self.now
        self.report("wake_word", word="alexa")
        self.report("light", color="blue", on=True)
        self.report(
            "stream.open",
            stream=self.streams,
            cause="wake_word",
            **{"from": woken},
        )
        self.now = began + end * FRAME * 1_000_000 // RATE
        sound = {
            "stream": self.streams,
            "bytes": 2 * (end - wake) * FRAME,
            "from": woken,
            "to": self.now,
        }
        self.report("stream.audio", **sound, encrypted=True, voice=True)
        self.report("request.processed", stream=self.streams)
        self.report("stream.close", stream=self.streams)
        self.report("tts.audio", bytes=16_000, asked_by="self")
        self.report("light", color="blue", on=False)


def find_request(samples):
    """The frames at which the wake word and the request end, or None where nobody speaks to us."""
    loud = [
        loudness(samples[at : at + FRAME]) > LOUD
        for at in range(0, len(samples) - FRAME, FRAME)
    ]
    bursts = []  # [first frame, last frame] of sound
    for frame, is_loud in enumerate(loud):
        if is_loud and bursts and frame - bursts[-1][1] <= GAP:
            bursts[-1][1] = frame
        elif is_loud:
            bursts.append([frame, frame])
    if len(bursts) < 2 or bursts[0][1] - bursts[0][0] not in WAKE_WORD:
        return None
    if bursts[1][0] - bursts[0][1] <= PAUSE:
        return None
    last = bursts[1][1]
    for first, end in bursts[2:]:
        last = end if first - last < END_OF_SPEECH else last
    return bursts[0][1] + 1, min(last + END_OF_SPEECH, len(loud))


def loudness(samples):
    return sum(abs(sample) for sample in samples) / len(samples)


def microseconds(samples):
    return samples * 1_000_000 // RATE


def read_clip(path):
    with wave.open(path) as clip:
        return array.array("h", clip.readframes(clip.getnframes()))


HELLO = {
    "earwitness": 2,
    "name": "small speaker (Python)",
    "version": "1",
    "clock": "virtual",
    "devices": [{"device": "speaker", "kind": "speaker"}],
    "capabilities": {"microphone_button": True, "power": True},
    "wake_words": ["alexa"],
}
speaker = Speaker("speaker")


def carry_out(request):
    """The content of `ok`, or None where this device has no such thing."""
    global speaker
    match request:
        case {"do": "hello"}:
            return HELLO
        case {"do": "reset"}:
            speaker = Speaker("speaker")
        case {"do": "power", "state": state}:
            speaker.set_power(state == "restore")
        case {"do": "kill"}:
            speaker.set_power(False)
            speaker.set_power(True)
        case {"do": "press", "button": "microphone"}:
            speaker.press_microphone()
        case {"do": "say", "audio": path}:
            return speaker.hear(read_clip(path))
        case {"do": "wait", "microseconds": time}:
            speaker.now += time
        case _:
            return None
    return {"now": speaker.now}


def write(message):
    print(json.dumps(message), flush=True)


for line in sys.stdin:
    request = json.loads(line)
    content = carry_out(request)
    if content is None:
        write(
            {
                "id": request["id"],
                "unsupported": f"this speaker cannot {request['do']}",
            }
        )
    else:
        write({"id": request["id"], "ok": content})
