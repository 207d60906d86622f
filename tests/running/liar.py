"""A device of about 70 lines that hears nothing and does nothing: it only says what an honest one would
say. liar.py [all]: with every capability but route."""

import json
import sys

ALL = len(sys.argv) > 1 and sys.argv[1] == "all"
CAP = (
    {}
    if not ALL
    else {
        k: True
        for k in (
            "microphone_button",
            "action_button",
            "camera",
            "shutter",
            "screen",
            "tone",
            "power",
            "network",
            "follow_up",
            "calls",
            "access",
            "skills",
            "wake_words",
        )
    }
)
t = 0
on = muted = asked = tone = False
n = 0
net = True
word = "alexa"
call = None
KIND = "show" if ALL else "speaker"
NEED = {
    "organisation": {
        "skills",
        "unit",
        "settings",
        "device_count",
        "active_devices",
        "top_domains",
        "top_skills",
        "intent_distribution",
        "daily_dialogues",
    },
    "skill_developer": {"skill_metrics", "own_logs"},
    "operator": {"service_metrics"},
}


def out(e, **a):
    print(
        json.dumps({"event": e, "time": t, "device": "d1", **a}), flush=True
    )


def mics(state):
    out("microphone.power", on=state)
    if ALL:
        out("camera.power", on=state)
    out("light", color="red", on=not state)
    if ALL:
        out("screen", symbol="mute_symbol", on=not state)


def power(state):
    global on
    if state == on:
        return
    on = state
    out("power", on=on, kind=KIND)
    if on:
        out("setting.wake_word", word=word)
        mics(not muted)


def blue(s):
    out("light", color="blue", on=s)
    if ALL:
        out("screen", symbol="blue_bar", on=s)


def stream(cause, text="", follow=False):
    global n, t
    n += 1
    blue(True)
    if tone:
        out("tone")
    out("stream.open", stream=n, cause=cause, **{"from": t})
    t += 500000
    out("audio.captured", bytes=2560, buffered=0)
    out(
        "stream.audio",
        stream=n,
        bytes=16000,
        to=t,
        encrypted=True,
        voice=True,
        **{"from": t - 500000},
    )
    if text:
        out("asr.result", text=text, confidence=900, best=900, hypotheses=2)
        out("record.write", store="x", category="transcript", acted_on=True)
        out(
            "nlu.intent",
            intent="GetWeather",
            resolved=True,
            handler="weather",
        )
        out(
            "skill.request",
            skill="weather",
            skill_kind="general",
            certified=True,
            recording=False,
        )
        out("skill.response", skill="weather", markup=True, follow_up=follow)
        out("metric", name="GetWeather", level="property")
    out("request.processed", stream=n)
    out("stream.close", stream=n)
    if text:
        out("tts.audio", bytes=1000, asked_by="self")
    if follow:
        stream("follow_up")
    else:
        blue(False)


for line in sys.stdin:
    r = json.loads(line)
    do = r["do"]
    ok = {}
    t += 100000
    if do == "hello":
        ok = {
            "name": "a very private speaker",
            "version": "1",
            "clock": "virtual",
            "devices": [{"device": "d1", "kind": KIND}],
            "capabilities": CAP,
            "data_paths": [],
        }
    elif do == "reset":
        on = muted = tone = False
        t = 0
        n = 0
        word = "alexa"
        net = True
        call = None
    elif do == "power":
        power(r["state"] == "restore")
    elif do == "kill":
        power(False)
        t += 1000
        power(True)
    elif do == "network":
        net = r["state"] == "up"
        out("network", on=net)
    elif do == "shutter":
        out("shutter", closed=True)
        t += 1000
        out("shutter", closed=False)
    elif do == "set":
        tone = r["value"]
        out("setting.tone", on=tone)
    elif do == "choose":
        word = r["word"]
        out("setting.wake_word", word=word)
    elif do == "press":
        if r["button"] == "microphone":
            out("button.microphone")
            muted = not muted
            t += 20000
            mics(not muted)
        else:
            out("button.action")
            if not muted and net:
                stream("action_button")
    elif do == "call":
        call = r["leg"] if r["state"] == "start" else None
        out("call.start", leg=call) if call else out("call.end")
    elif do == "say":
        began = t
        w = r["words"].lower()
        if on and not muted:
            t += 1000000
            out("audio.captured", bytes=2560, buffered=300000)
            if ALL:
                out("camera.captured", bytes=100)
            if call:
                out(
                    "call.media",
                    leg=call,
                    bytes=100,
                    encrypted=call == "device",
                    end_to_end=call == "device",
                )
            if w.startswith(word) and net:
                out("wake_word", word=word)
                stream(
                    "wake_word",
                    w if len(w) > 12 else "",
                    w.endswith("the weather"),
                )
        t = max(t, began + 6000000)
        ok = {"began": began}
    elif do == "skill":
        if r["skill"] != "weather":
            print(
                json.dumps(
                    {"id": r["id"], "error": "refused", "definite": True}
                ),
                flush=True,
            )
            continue
        if r["state"] == "enable":
            out(
                "skill.enable",
                skill="weather",
                skill_kind="general",
                certified=True,
            )
    elif do == "query":
        p = r["actor"] == "ours" and r["resource"] in NEED.get(r["role"], ())
        out(
            "access",
            actor=r["actor"],
            role=r["role"],
            resource=r["resource"],
            needed=r["resource"] in NEED.get(r["role"], ()),
            decision="permit" if p else "deny",
        )
        ok = {"data": 1 if p else None}
    print(json.dumps({"id": r["id"], "ok": ok}), flush=True)
