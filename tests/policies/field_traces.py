"""Traces of ours beside the incidents of the field: what each owes, line by line."""

from __future__ import annotations

from earwitness.policies.pack import find, shipped_packs

PACKS = {name: find(name) for name in shipped_packs()}

PAPER_AND_BASELINE = [
    PACKS["alexa-smart-properties"],
    PACKS["voice-baseline"],
]

START = (
    "0 power on=true kind=speaker",
    "0.01 setting.wake_word word=alexa",
    "0.02 microphone.power on=true",
)

REQUEST = (
    "2 wake_word word=alexa",
    "2.02 light color=blue on=true",
    "2.04 stream.open stream=1 cause=wake_word from=1700000",
    "2.1 stream.audio stream=1 bytes=2560 from=2020000 to=2100000 encrypted=true voice=true",
)

ANSWER = (
    "3 request.processed stream=1",
    "3.01 skill.request skill=s skill_kind=general certified=true recording=false",
    "3.04 skill.response skill=s markup=true follow_up=false",
    "3.06 stream.close stream=1",
    "3.2 tts.audio bytes=9000 asked_by=self",
    "4.7 light color=blue on=false",
)

QUESTION = (
    "3.02 skill.response skill=s markup=true follow_up=true",
    "3.03 request.processed stream=1",
    "3.06 stream.close stream=1",
    "3.1 tts.audio bytes=9000 asked_by=self",
)

MUTE = (
    "5 button.microphone",
    "5.04 microphone.power on=false",
    "5.06 light color=red on=true",
)

REQUEST_LATE = (
    "20 wake_word word=alexa",
    "20.02 light color=blue on=true",
    "20.04 stream.open stream=1 cause=wake_word from=19700000",
)

SPEAKER, SHOW = "power on=true kind=speaker", "power on=true kind=show"

OURS = {
    # name: (packs, owed, trace)
    "one wake word opens one stream, not two": (
        ("alexa-smart-properties",),
        {"WAKE-1"},
        (
            *START,
            *REQUEST,
            "2.5 stream.close stream=1",
            "2.6 stream.open stream=2 cause=wake_word from=2600000",
        ),
    ),
    "two wake words open two streams": (
        ("alexa-smart-properties",),
        set(),
        (
            *START,
            *REQUEST,
            "2.5 stream.close stream=1",
            "2.6 wake_word word=alexa",
            "2.61 stream.open stream=2 cause=wake_word from=2200000",
        ),
    ),
    "a stream that closed early is in order": (
        ("alexa-smart-properties",),
        set(),
        (
            *START,
            *REQUEST,
            "2.5 stream.close stream=1",
            "3 request.processed stream=1",
            "9 tick",
        ),
    ),
    "the close of one stream does not pay for another": (
        ("alexa-smart-properties",),
        {"STR-1"},
        (
            *START,
            *REQUEST,
            "2.5 wake_word word=alexa",
            "2.6 stream.open stream=2 cause=wake_word from=2200000",
            "3 request.processed stream=1",
            "4 stream.close stream=2",
            "9 tick",
        ),
    ),
    "camera and microphones get power in the same microsecond, the camera is told first": (
        ("alexa-smart-properties",),
        set(),
        (
            "0 power on=true kind=show",
            "0.02 camera.power on=true",
            "0.02 microphone.power on=true",
            "1 tick",
        ),
    ),
    "the camera gets power while the microphones are off": (
        ("alexa-smart-properties",),
        {"CAM-1"},
        (*START, *MUTE, "7 camera.power on=true", "8 tick"),
    ),
    "the red light stays dark after a loss of power": (
        ("alexa-smart-properties",),
        {"MIC-4"},
        (
            *START,
            *MUTE,
            "7 power on=false kind=speaker",
            f"8 {SPEAKER}",
            "30 tick",
        ),
    ),
    "the mute symbol stays away after a loss of power": (
        ("alexa-smart-properties",),
        {"IND-4"},
        (
            "0 power on=true kind=show",
            "0.02 microphone.power on=true",
            *MUTE,
            "5.07 screen symbol=mute_symbol on=true",
            "7 power on=false kind=show",
            f"8 {SHOW}",
            "8.1 light color=red on=true",
            "30 tick",
        ),
    ),
    "a device pressed faster than it switches can still keep its promise": (
        ("alexa-smart-properties",),
        set(),
        (
            *START,
            "5 button.microphone",
            "5.02 microphone.power on=false",
            "5.03 button.microphone",
            "5.05 microphone.power on=true",
            "9 tick",
        ),
    ),
    "a purple ring is the light for muted where it says so": (
        ("alexa-smart-properties",),
        set(),
        (
            *START,
            *MUTE[:2],
            "5.06 light color=purple role=muted on=true",
            "9 tick",
        ),
    ),
    "the action button was pressed and the ring stays dark": (
        ("alexa-smart-properties",),
        {"IND-2"},
        (*START, "2 button.action", "5 tick"),
    ),
    "one tone serves two streams": (
        ("alexa-smart-properties",),
        {"IND-3"},
        (
            *START,
            "0.5 setting.tone on=true",
            "1.9 tone",
            *REQUEST,
            "2.5 stream.close stream=1",
            "2.6 wake_word word=alexa",
            "2.7 stream.open stream=2 cause=wake_word from=2200000",
        ),
    ),
    "the blue bar never comes": (
        ("alexa-smart-properties",),
        {"IND-4"},
        (
            "0 power on=true kind=show",
            *START[1:],
            *REQUEST,
            "2.5 stream.close stream=1",
            "3 tick",
        ),
    ),
    "a wake word that was spoken long ago opens nothing": (
        ("alexa-smart-properties",),
        {"WAKE-3"},
        (
            *START,
            "0.03 speech addressed=true until=20000",
            "1 tick",
            *REQUEST_LATE,
        ),
    ),
    "a wake word of ones own": (
        ("alexa-smart-properties",),
        set(),
        (
            *START[:1],
            "0.01 setting.wake_word word=jarvis",
            START[2],
            "2 wake_word word=jarvis",
            "2.1 light color=blue on=true",
            "9 tick",
        ),
    ),
    "an operator is given recordings": (
        ("alexa-smart-properties",),
        {"ACC-1"},
        (
            *START,
            "5 access actor=op role=operator resource=recordings needed=true decision=permit",
        ),
    ),
    "an operator says that he needs what is the organisation's": (
        ("alexa-smart-properties",),
        {"RET-3"},
        (
            *START,
            "5 access actor=op role=operator resource=top_skills needed=true decision=permit",
        ),
    ),
    "an organisation is given what belongs to another": (
        ("alexa-smart-properties",),
        {"ORG-1"},
        (
            *START,
            "5 access actor=theirs owner=ours role=organisation resource=settings needed=true decision=permit",
        ),
    ),
    "the other end of a call is heard while muted": (
        ("alexa-smart-properties", "voice-baseline"),
        set(),
        (
            *START,
            "4 call.start leg=device direction=received",
            *MUTE,
            "6 call.media leg=device bytes=320 encrypted=true end_to_end=true direction=received",
        ),
    ),
    "a called device sends sound and tells of no call": (
        ("alexa-smart-properties",),
        {"CALL-4"},
        (
            *START,
            "6 call.media leg=device bytes=320 encrypted=true end_to_end=true",
        ),
    ),
    "a called device is heard in the dark": (
        ("voice-baseline",),
        {"CALL-5"},
        (
            *START,
            *REQUEST,
            *ANSWER,
            "6 call.start leg=device direction=received",
            "7 call.media leg=device bytes=320 encrypted=true end_to_end=true",
        ),
    ),
    "an unasked question after a clean request": (
        ("alexa-smart-properties",),
        {"STR-4"},
        (
            *START,
            *REQUEST,
            *ANSWER,
            "9 skill.response skill=hub markup=true follow_up=true",
            "9.1 tts.audio bytes=9000 asked_by=self",
            "9.5 light color=blue on=true",
            "9.6 stream.open stream=2 cause=follow_up from=9600000",
        ),
    ),
    "a question that was asked and spoken": (
        ("alexa-smart-properties", "voice-baseline"),
        set(),
        (
            *START,
            *REQUEST,
            *QUESTION,
            "4 stream.open stream=2 cause=follow_up from=4000000",
            "4.5 stream.close stream=2",
        ),
    ),
    "nothing was spoken since the last stream": (
        ("voice-baseline",),
        {"TTS-2"},
        (
            *START,
            *REQUEST,
            *QUESTION,
            "4 stream.open stream=2 cause=follow_up from=4000000",
            "4.5 stream.close stream=2",
            "5 stream.open stream=3 cause=follow_up from=5000000",
        ),
    ),
    "the device wakes to its own voice": (
        ("voice-baseline",),
        {"SLF-1"},
        (
            *START,
            "0.03 speech addressed=false until=40000",
            "2 playback on=true",
            "30 wake_word word=alexa",
        ),
    ),
    "somebody speaks over the music": (
        ("voice-baseline",),
        set(),
        (
            *START,
            "2 playback on=true",
            "2.5 speech addressed=true until=3000000",
            "3 wake_word word=alexa",
        ),
    ),
    "a false wake leaves its words": (
        ("voice-baseline",),
        {"FAL-1"},
        (
            *START,
            *REQUEST,
            "3 request.end stream=1 outcome=not_for_us",
            "3.1 stream.close stream=1",
            "3.2 record.write store=cloud category=transcript acted_on=true",
        ),
    ),
    "a count of two guests": (
        ("voice-baseline",),
        {"RET-7"},
        (*START, "5 metric name=music level=property counted=2"),
    ),
    "a person is given the words of another": (
        ("voice-baseline",),
        {"ACC-2"},
        (
            *START,
            "5 access actor=anna subject=ben role=guest resource=transcripts needed=true decision=permit",
        ),
    ),
    "loudness is sent while muted": (
        ("voice-baseline",),
        {"MIC-7"},
        (
            *START,
            *MUTE,
            "9 data.sent peer=a.example category=measurement purpose=analytics subject=guest",
        ),
    ),
    "a mute in the app does not stop the stream": (
        ("self-hosted-satellite",),
        {"MUT-1"},
        (
            *START,
            *REQUEST,
            "2.2 mute on=true by=app level=software",
            "2.3 stream.audio stream=1 bytes=2560 from=2200000 to=2300000 encrypted=true voice=true",
            "2.4 stream.close stream=1",
        ),
    ),
    "the server lifts the mute": (
        ("self-hosted-satellite",),
        {"MUT-2"},
        (
            *START,
            "100 mute on=true by=app level=software",
            "200 mute on=false by=server level=software",
        ),
    ),
    "a restart lifts the mute": (
        ("self-hosted-satellite",),
        {"MUT-3"},
        (
            *START,
            "100 mute on=true by=app level=software",
            "200 power on=false kind=speaker",
            "201 power on=true kind=speaker",
            "205 mute on=false by=device level=software",
        ),
    ),
    "voice is sent after a restart that forgot the mute": (
        ("self-hosted-satellite",),
        {"MUT-3"},
        (
            *START,
            "100 mute on=true by=app level=software",
            "200 server on=false",
            "201 server on=true",
            "209.95 wake_word word=alexa",
            "210 stream.open stream=1 cause=wake_word from=209000000",
            "211 stream.audio stream=1 bytes=2560 from=210000000 to=211000000 encrypted=true voice=true",
        ),
    ),
    "voice goes to another receiver than the one named": (
        ("self-hosted-satellite",),
        {"DST-1"},
        (
            "0 setting.receiver peer=home.local",
            "5 data.sent peer=other.example category=recording purpose=answer subject=guest",
        ),
    ),
    "a deletion reaches the recordings alone": (
        ("deletion-and-retention",),
        {"DEL-2"},
        (
            "1 record.write store=cloud category=transcript acted_on=true",
            "2 deletion.request subject=parent category=recording",
            "3 record.delete store=cloud category=recording",
            "4 record.found store=cloud/index category=transcript acted_on=true",
        ),
    ),
    "nobody deletes what was asked": (
        ("deletion-and-retention",),
        {"DEL-1"},
        (
            "2 deletion.request subject=parent category=recording",
            "7776000 tick",
        ),
    ),
    "data are left after a factory reset": (
        ("deletion-and-retention",),
        {"DEL-3"},
        (
            *START,
            "1 record.write store=flash category=setting acted_on=true",
            "2 reset",
            "3 power on=false kind=speaker",
            "9 record.found store=flash category=setting acted_on=true",
        ),
    ),
    "after a reset the settings of a new device are found": (
        ("deletion-and-retention",),
        set(),
        (
            "2 reset",
            "3 record.write store=flash category=setting acted_on=true",
            "9 record.found store=flash category=setting acted_on=true",
        ),
    ),
    "content is sent for a purpose from which consent was withdrawn": (
        ("deletion-and-retention",),
        {"CON-1"},
        (
            "1 consent subject=guest purpose=improvement on=true",
            "2 consent subject=guest purpose=improvement on=false",
            "5 data.sent peer=lab.example category=transcript purpose=improvement subject=guest",
        ),
    ),
    "content is sent for a purpose that was consented to": (
        ("deletion-and-retention",),
        set(),
        (
            "1 consent subject=guest purpose=improvement on=true",
            "5 data.sent peer=lab.example category=transcript purpose=improvement subject=guest",
        ),
    ),
}
