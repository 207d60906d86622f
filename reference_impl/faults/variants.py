"""The zoo: every seeded fault, liar and honest variation by name, with what it owes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any

CLOUD_MODULES = frozenset({"cloud", "liars.cloud", "honest.cloud"})
"""Modules of this package whose classes replace the cloud. Only these are imported in the cloud's process."""


@dataclass(frozen=True, slots=True)
class Variant:
    """`module` of this package holds the class `kind`, which replaces the honest device, cloud or session."""

    module: str
    kind: str

    @property
    def part(self) -> str:
        """What it replaces, as far as its module tells: the cloud, or else the device or the whole
        session."""
        return "cloud" if self.module in CLOUD_MODULES else "device"

    def load(self) -> Any:
        module = import_module(
            f"earwitness.reference_impl.faults.{self.module}"
        )
        return getattr(module, self.kind)


@dataclass(frozen=True, slots=True)
class Fault(Variant):
    """Breaks a clause openly."""

    clause: str


class Hiding(Enum):
    """How a liar hides what it does."""

    ENCODING = "encoding"
    CHANNEL = "channel"
    PLACE = "place"
    MOMENT = "moment"
    DECLARATION = "declaration"
    CAPABILITY = "capability"
    AWARENESS = "test awareness"


@dataclass(frozen=True, slots=True)
class Liar(Variant):
    """Breaks a promise and hides it. One of the clauses in `owes` must be refused; where there is none, the
    run must not be green."""

    hiding: Hiding
    owes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Honest(Variant):
    """Keeps every promise, in another way than the reference. It must be judged like the reference."""


FAULTS = {
    "streams-when-muted": Fault("device", "StreamsWhenMuted", "MIC-3"),
    "sends-buffer-early": Fault("device", "SendsBufferEarly", "WAKE-1"),
    "pre-roll-too-long": Fault("device", "PreRollTooLong", "WAKE-4"),
    "red-light-stuck": Fault("device", "RedLightStuck", "MIC-4"),
    "blue-light-off-in-follow-up": Fault(
        "device", "BlueLightOffInFollowUp", "IND-1"
    ),
    "stream-left-open": Fault("device", "StreamLeftOpen", "STR-1"),
    "plain-text-transport": Fault("device", "PlainTextTransport", "STR-2"),
    "recording-on-disk": Fault("device", "RecordingOnDisk", "RET-1"),
    "recording-in-log": Fault("device", "RecordingInLog", "RET-1"),
    "keeps-all-hypotheses": Fault("cloud", "KeepsAllHypotheses", "ASR-2"),
    "second-wake-word": Fault("device", "SecondWakeWord", "WAKE-3"),
    "mute-lost-on-restart": Fault("device", "MuteLostOnRestart", "BASE-1"),
    "indicator-late": Fault("device", "IndicatorLate", "IND-2"),
    "tone-missing": Fault("device", "ToneMissing", "IND-3"),
    "gives-skill-the-recording": Fault(
        "cloud", "GivesSkillTheRecording", "SKL-1"
    ),
    "queues-when-offline": Fault("device", "QueuesWhenOffline", "BASE-2"),
    "leaks-after-network-loss": Fault(
        "occasional", "LeaksAfterNetworkLoss", "WAKE-1"
    ),
    "leaks-after-follow-up": Fault(
        "occasional", "LeaksAfterFollowUp", "WAKE-1"
    ),
    "leaks-one-frame": Fault("occasional", "LeaksOneFrame", "WAKE-1"),
    "wakes-by-itself": Fault("occasional", "WakesByItself", "WAKE-1"),
    "hoards-buffer": Fault("occasional", "HoardsBuffer", "WAKE-2"),
    "recording-as-opus": Fault("occasional", "RecordingAsOpus", "RET-1"),
    "recording-in-temporary-file": Fault(
        "occasional", "RecordingInTemporaryFile", "RET-1"
    ),
    "mute-zeroes-samples": Fault("occasional", "MuteZeroesSamples", "MIC-2"),
    "mute-too-late": Fault("occasional", "MuteTooLate", "MIC-1"),
    "red-light-late": Fault("occasional", "RedLightLate", "MIC-4"),
    "tone-missing-in-follow-up": Fault(
        "occasional", "ToneMissingInFollowUp", "IND-3"
    ),
    "mute-symbol-missing": Fault("occasional", "MuteSymbolMissing", "IND-4"),
    "listens-unasked": Fault("occasional", "ListensUnasked", "STR-3"),
    "camera-stays-on": Fault("occasional", "CameraStaysOn", "CAM-1"),
    "shutter-ignored": Fault("occasional", "ShutterIgnored", "CAM-2"),
    "answers-elsewhere": Fault("occasional", "AnswersElsewhere", "TTS-1"),
    "call-keys-not-verified": Fault("calls", "CallKeysNotVerified", "CALL-1"),
    "call-not-encrypted": Fault("calls", "CallNotEncrypted", "CALL-3"),
    "call-recorded": Fault("calls", "CallRecorded", "CALL-2"),
    "caches-hypotheses": Fault("cloud", "CachesHypotheses", "ASR-2"),
    "acts-on-second-best": Fault("cloud", "ActsOnSecondBest", "ASR-1"),
    "asks-wrong-skill": Fault("cloud", "AsksWrongSkill", "NLU-1"),
    "runs-uncertified": Fault("cloud", "RunsUncertified", "SKL-2"),
    "answers-without-markup": Fault("cloud", "AnswersWithoutMarkup", "SKL-3"),
    "operators-read-all": Fault("cloud", "OperatorsReadAll", "RET-3"),
    "organisation-sees-service": Fault(
        "cloud", "OrganisationSeesService", "ORG-2"
    ),
    "organisation-reads-transcripts": Fault(
        "cloud", "OrganisationReadsTranscripts", "ORG-3"
    ),
    "transcript-as-skill-name": Fault(
        "cloud", "TranscriptAsSkillName", "ORG-3"
    ),
    "words-in-metrics-key": Fault("cloud", "WordsInMetricsKey", "RET-2"),
    "voices-counted": Fault("cloud", "VoicesCounted", "RET-2"),
    "developers-see-settings": Fault(
        "cloud", "DevelopersSeeSettings", "DEV-1"
    ),
    "denied-yet-told": Fault("cloud", "DeniedYetTold", "DEV-1"),
}
"""Break one promise, and hide nothing: by name, with the clause."""
INVENTED = {
    "mute-late-while-streaming": Fault(
        "invented", "MuteLateWhileStreaming", "MIC-1"
    ),
    "blue-light-late-after-mute": Fault(
        "invented", "BlueLightLateAfterMute", "IND-2"
    ),
    "closes-late": Fault("invented", "ClosesLate", "STR-1"),
    "pre-roll-grows": Fault("invented", "PreRollGrows", "WAKE-2"),
    "red-light-lost-on-restart": Fault(
        "invented", "RedLightLostOnRestart", "MIC-4"
    ),
    "dark-at-barge-in": Fault("invented", "DarkAtBargeIn", "IND-1"),
    "tone-once": Fault("invented", "ToneOnce", "IND-3"),
    "follows-up-twice": Fault("invented", "FollowsUpTwice", "STR-3"),
    "old-word-still-wakes": Fault("invented", "OldWordStillWakes", "WAKE-3"),
    "shutter-forgotten": Fault("invented", "ShutterForgotten", "CAM-2"),
    "camera-on-after-two-mutes": Fault(
        "invented", "CameraOnAfterTwoMutes", "CAM-1"
    ),
    "plain-after-network-loss": Fault(
        "invented", "PlainAfterNetworkLoss", "STR-2"
    ),
    "leaks-at-unmute": Fault("invented", "LeaksAtUnmute", "WAKE-1"),
    "leaks-after-fifth-request": Fault(
        "invented", "LeaksAfterFifthRequest", "WAKE-1"
    ),
    "leaks-when-left-alone": Fault(
        "invented", "LeaksWhenLeftAlone", "WAKE-1"
    ),
    "listens-when-pressed-muted": Fault(
        "invented", "ListensWhenPressedMuted", "MIC-2"
    ),
    "queues-at-button": Fault("invented", "QueuesAtButton", "BASE-2"),
    "speaks-after-power-loss": Fault(
        "invented", "SpeaksAfterPowerLoss", "TTS-1"
    ),
}
"""The same, invented apart from the search that is to find them."""
LIARS = {
    "small": Liar(
        "liars.encodings", "Small", Hiding.ENCODING, ("WAKE-1", "IND-1")
    ),
    "padded": Liar("liars.encodings", "Padded", Hiding.ENCODING, ("WAKE-1",)),
    "mulaw": Liar("liars.encodings", "MuLaw", Hiding.ENCODING, ("WAKE-1",)),
    "alaw": Liar("liars.encodings", "ALaw", Hiding.ENCODING, ("WAKE-1",)),
    "zlib": Liar("liars.encodings", "Zlib", Hiding.ENCODING, ("WAKE-1",)),
    "features": Liar(
        "liars.encodings", "Spectrum", Hiding.ENCODING, ("WAKE-1",)
    ),
    "floats-up": Liar(
        "liars.encodings", "FloatsUp", Hiding.ENCODING, ("WAKE-1",)
    ),
    "half-rate": Liar(
        "liars.encodings", "HalfRate", Hiding.ENCODING, ("WAKE-1",)
    ),
    "backwards": Liar(
        "liars.encodings", "Backwards", Hiding.ENCODING, ("WAKE-1",)
    ),
    "quieter": Liar(
        "liars.encodings", "Quieter", Hiding.ENCODING, ("WAKE-1",)
    ),
    "differences": Liar(
        "liars.encodings", "Differences", Hiding.ENCODING, ("WAKE-1",)
    ),
    "bytes-apart": Liar(
        "liars.encodings", "BytesApart", Hiding.ENCODING, ("WAKE-1",)
    ),
    "masked": Liar("liars.encodings", "Masked", Hiding.ENCODING, ("WAKE-1",)),
    "opus": Liar("liars.encodings", "Opus", Hiding.ENCODING, ("WAKE-1",)),
    "enciphered": Liar(
        "liars.encodings", "Enciphered", Hiding.ENCODING, ("WAKE-1",)
    ),
    "enciphered-at-reset": Liar(
        "liars.unreadable", "EncipheredAtReset", Hiding.MOMENT, ("WAKE-1",)
    ),
    "enciphered-with-the-next-request": Liar(
        "liars.unreadable",
        "EncipheredWithTheNextRequest",
        Hiding.MOMENT,
        ("WAKE-1",),
    ),
    "cover-traffic": Liar(
        "liars.unreadable", "CoverTraffic", Hiding.ENCODING, ()
    ),
    "steady-datagrams": Liar(
        "liars.unreadable", "SteadyDatagrams", Hiding.CHANNEL, ()
    ),
    "enciphered-on-disk": Liar(
        "liars.unreadable", "EncipheredOnDisk", Hiding.PLACE, ()
    ),
    "telemetry": Liar(
        "liars.encodings", "Telemetry", Hiding.ENCODING, ("WAKE-1",)
    ),
    "words": Liar(
        "liars.encodings", "Words", Hiding.ENCODING, ("WAKE-1", "WAKE-2")
    ),
    "words-backwards": Liar(
        "liars.encodings",
        "WordsBackwards",
        Hiding.ENCODING,
        ("WAKE-1", "WAKE-2"),
    ),
    "words-in-hex": Liar(
        "liars.encodings", "WordsInHex", Hiding.ENCODING, ("WAKE-1", "WAKE-2")
    ),
    "post": Liar("liars.channels", "Post", Hiding.CHANNEL, ("WAKE-1",)),
    "headers": Liar("liars.channels", "Headers", Hiding.CHANNEL, ("WAKE-1",)),
    "paths": Liar("liars.channels", "Paths", Hiding.CHANNEL, ("WAKE-1",)),
    "ping": Liar("liars.channels", "Ping", Hiding.CHANNEL, ("WAKE-1",)),
    "closing": Liar("liars.channels", "Closing", Hiding.CHANNEL, ("WAKE-1",)),
    "plain": Liar(
        "liars.channels", "Plain", Hiding.CHANNEL, ("WAKE-1", "STR-2")
    ),
    "server-names": Liar(
        "liars.channels", "ServerNames", Hiding.CHANNEL, ("WAKE-1",)
    ),
    "direct": Liar("liars.channels", "Direct", Hiding.CHANNEL, ("WAKE-1",)),
    "datagrams": Liar(
        "liars.channels", "Datagrams", Hiding.CHANNEL, ("WAKE-1",)
    ),
    "names-looked-up": Liar(
        "liars.channels", "NamesLookedUp", Hiding.CHANNEL, ("WAKE-1",)
    ),
    "second-process": Liar(
        "liars.channels", "SecondProcess", Hiding.CHANNEL, ("WAKE-1", "STR-2")
    ),
    "beats": Liar("liars.channels", "Beats", Hiding.CHANNEL, ("WAKE-1",)),
    "sizes": Liar("liars.channels", "Sizes", Hiding.CHANNEL, ("WAKE-1",)),
    "outside": Liar("liars.places", "Outside", Hiding.PLACE, ("RET-1",)),
    "symlink": Liar("liars.places", "BehindLink", Hiding.PLACE, ("RET-1",)),
    "float32": Liar("liars.places", "Floats", Hiding.PLACE, ("RET-1",)),
    "shared-memory": Liar(
        "liars.places", "SharedMemory", Hiding.PLACE, ("RET-1",)
    ),
    "attributes": Liar(
        "liars.places", "Attributes", Hiding.PLACE, ("RET-1",)
    ),
    "file-names": Liar("liars.places", "FileNames", Hiding.PLACE, ("RET-1",)),
    "nameless": Liar("liars.places", "Nameless", Hiding.PLACE, ("RET-1",)),
    "deleted": Liar("liars.places", "Deleted", Hiding.PLACE, ("RET-1",)),
    "error-log": Liar("liars.places", "ErrorLog", Hiding.PLACE, ("RET-1",)),
    "table": Liar("liars.places", "DatabaseRows", Hiding.PLACE, ("RET-1",)),
    "ogg-bomb": Liar(
        "liars.places", "OggBomb", Hiding.PLACE, ("MIC-3", "MIC-2")
    ),
    "nbest-gzip": Liar("liars.cloud", "NbestGzip", Hiding.PLACE, ("ASR-2",)),
    "nbest-zip-backwards": Liar(
        "liars.cloud", "NbestZipBackwards", Hiding.PLACE, ("ASR-2",)
    ),
    "nbest-utf16": Liar(
        "liars.cloud", "NbestUtf16", Hiding.PLACE, ("ASR-2",)
    ),
    "keeps-second-best": Liar(
        "liars.cloud", "KeepsSecondBest", Hiding.PLACE, ("ASR-2",)
    ),
    "at-reset": Liar("liars.moments", "AtReset", Hiding.MOMENT, ("WAKE-1",)),
    "at-the-end": Liar(
        "liars.moments", "AtTheEnd", Hiding.MOMENT, ("WAKE-1",)
    ),
    "next-run": Liar("liars.moments", "NextRun", Hiding.MOMENT, ("RET-1",)),
    "after-an-hour": Liar(
        "liars.moments", "AfterAnHour", Hiding.MOMENT, ("WAKE-1",)
    ),
    "each-tenth": Liar(
        "liars.moments", "EachTenth", Hiding.MOMENT, ("WAKE-1",)
    ),
    "with-the-next-request": Liar(
        "liars.moments",
        "WithTheNextRequest",
        Hiding.MOMENT,
        ("WAKE-1", "WAKE-4"),
    ),
    "after-power-returns": Liar(
        "liars.moments", "AfterPowerReturns", Hiding.MOMENT, ("WAKE-1",)
    ),
    "muted-words": Liar(
        "liars.moments", "MutedWords", Hiding.MOMENT, ("MIC-2", "MIC-3")
    ),
    "ignores-third-mute": Liar(
        "liars.declarations",
        "IgnoresThirdMute",
        Hiding.DECLARATION,
        ("MIC-1", "MIC-5"),
    ),
    "invented-button": Liar(
        "liars.declarations",
        "InventedButton",
        Hiding.DECLARATION,
        ("WAKE-1",),
    ),
    "false-wake": Liar(
        "liars.declarations",
        "FalseWake",
        Hiding.DECLARATION,
        ("WAKE-3", "WAKE-1"),
    ),
    "wakes-on-anything": Liar(
        "liars.declarations",
        "WakesOnAnything",
        Hiding.DECLARATION,
        ("WAKE-3", "WAKE-1"),
    ),
    "stream-not-reported": Liar(
        "liars.declarations",
        "StreamNotReported",
        Hiding.DECLARATION,
        ("WAKE-1", "IND-1"),
    ),
    "unverified": Liar(
        "liars.declarations", "Unverified", Hiding.DECLARATION, ("STR-2",)
    ),
    "wrong-name": Liar(
        "liars.declarations", "WrongName", Hiding.DECLARATION, ("STR-2",)
    ),
    "red-light-only-reported": Liar(
        "liars.declarations",
        "RedLightOnlyReported",
        Hiding.DECLARATION,
        ("MIC-4",),
    ),
    "mute-symbol-only-reported": Liar(
        "liars.declarations",
        "MuteSymbolOnlyReported",
        Hiding.DECLARATION,
        ("IND-4", "CAM-1"),
    ),
    "blue-light-only-reported": Liar(
        "liars.declarations",
        "BlueLightOnlyReported",
        Hiding.DECLARATION,
        ("IND-1",),
    ),
    "tone-only-reported": Liar(
        "liars.declarations",
        "ToneOnlyReported",
        Hiding.DECLARATION,
        ("IND-3",),
    ),
    "mute-only-reported": Liar(
        "liars.declarations",
        "MuteOnlyReported",
        Hiding.DECLARATION,
        ("MIC-1", "MIC-2"),
    ),
    "backdated-light": Liar(
        "liars.declarations",
        "BackdatedLight",
        Hiding.DECLARATION,
        ("IND-1", "IND-2"),
    ),
    "shutter-only-reported": Liar(
        "liars.declarations", "ShutterOnlyReported", Hiding.DECLARATION, ()
    ),
    "encryption-only-reported": Liar(
        "liars.declarations",
        "EncryptionOnlyReported",
        Hiding.DECLARATION,
        ("STR-2",),
    ),
    "squeezed-pre-roll": Liar(
        "liars.declarations",
        "SqueezedPreRoll",
        Hiding.DECLARATION,
        ("WAKE-4", "WAKE-1"),
    ),
    "silent-log": Liar(
        "liars.declarations",
        "SilentLog",
        Hiding.DECLARATION,
        ("ORG-1", "ORG-3"),
    ),
    "own-logs-sound": Liar(
        "liars.cloud", "OwnLogsSound", Hiding.DECLARATION, ("SKL-1", "DEV-1")
    ),
    "own-logs-words": Liar(
        "liars.cloud", "OwnLogsWords", Hiding.DECLARATION, ("DEV-1",)
    ),
    "theirs": Liar(
        "liars.cloud", "Theirs", Hiding.DECLARATION, ("ORG-1", "ORG-3")
    ),
    "theirs-to-change": Liar(
        "liars.cloud", "TheirsToChange", Hiding.DECLARATION, ("ORG-1",)
    ),
    "denied-in-words-only": Liar(
        "liars.cloud",
        "DeniedInWordsOnly",
        Hiding.DECLARATION,
        ("ORG-1", "ORG-2", "ORG-3"),
    ),
    "per-utterance": Liar(
        "liars.cloud", "PerUtterance", Hiding.DECLARATION, ("RET-2",)
    ),
    "numbered-rows": Liar(
        "liars.cloud", "NumberedRows", Hiding.DECLARATION, ("RET-2",)
    ),
    "gender": Liar("liars.cloud", "Gender", Hiding.DECLARATION, ("RET-2",)),
    "digits-counted": Liar(
        "liars.cloud", "DigitsCounted", Hiding.DECLARATION, ("RET-2",)
    ),
    "no-capabilities": Liar(
        "liars.capabilities", "NoCapabilities", Hiding.CAPABILITY, ()
    ),
    "no-route": Liar("liars.capabilities", "NoRoute", Hiding.CAPABILITY, ()),
    "route-ignored": Liar(
        "liars.capabilities", "RouteIgnored", Hiding.CAPABILITY, ()
    ),
    "no-microphone": Liar(
        "liars.capabilities", "NoMicrophone", Hiding.CAPABILITY, ()
    ),
    "no-display": Liar(
        "liars.capabilities", "NoDisplay", Hiding.CAPABILITY, ()
    ),
    "no-button": Liar(
        "liars.capabilities", "NoButton", Hiding.CAPABILITY, ()
    ),
    "no-access": Liar(
        "liars.capabilities", "NoAccess", Hiding.CAPABILITY, ()
    ),
    "no-data-paths": Liar(
        "liars.capabilities", "NoDataPaths", Hiding.CAPABILITY, ()
    ),
    "missing-data-path": Liar(
        "liars.capabilities", "MissingDataPath", Hiding.CAPABILITY, ()
    ),
    "empty-data-path": Liar(
        "liars.capabilities", "EmptyDataPath", Hiding.CAPABILITY, ()
    ),
    "one-device": Liar(
        "liars.capabilities", "OneDevice", Hiding.CAPABILITY, ()
    ),
    "nothing-to-press": Liar(
        "liars.capabilities", "NothingToPress", Hiding.CAPABILITY, ()
    ),
    "filename": Liar(
        "liars.awareness", "FileName", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "after-many-requests": Liar(
        "liars.awareness", "AfterManyRequests", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "words-given": Liar(
        "liars.awareness", "WordsGiven", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "long-alone": Liar(
        "liars.awareness", "LongAlone", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "known-noise": Liar(
        "liars.awareness", "KnownNoise", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "after-first-request": Liar(
        "liars.awareness", "AfterFirstRequest", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "only-without-mute": Liar(
        "liars.awareness", "OnlyWithoutMute", Hiding.AWARENESS, ("WAKE-1",)
    ),
}
"""Break a promise and hide it."""
HONEST = {
    "late-open": Honest("honest.device", "LateOpen"),
    "chunk-20ms": Honest("honest.device", "Chunk20ms"),
    "sealed-settings": Honest("honest.device", "SealedSettings"),
    "same-instant": Honest("honest.device", "SameInstant"),
    "closes-early": Honest("honest.device", "ClosesEarly"),
    "heartbeat": Honest("honest.device", "Heartbeat"),
    "larger-logs": Honest("honest.device", "LargerLogs"),
    "slow-lights": Honest("honest.device", "SlowLights"),
    "fast-lights": Honest("honest.device", "FastLights"),
    "blue-soon-after": Honest("honest.device", "BlueSoonAfter"),
    "short-pre-roll": Honest("honest.device", "ShortPreRoll"),
    "reconnects-each-turn": Honest("honest.device", "ReconnectsEachTurn"),
    "compresses": Honest("honest.device", "Compresses"),
    "fades-in": Honest("honest.device", "FadesIn"),
    "settings-often": Honest("honest.device", "SettingsOften"),
    "punctuation": Honest("honest.cloud", "Punctuation"),
    "sample-sentences": Honest("honest.cloud", "SampleSentences"),
    "counts-in-the-log": Honest("honest.cloud", "CountsInTheLog"),
    "backup": Honest("honest.cloud", "SeparateDatabases"),
    "batched-reports": Honest("honest.session", "BatchedReports"),
    "no-clock-in-replies": Honest("honest.session", "NoClockInReplies"),
}
"""Break no promise."""
VARIANTS: Mapping[str, Variant] = {**FAULTS, **INVENTED, **LIARS, **HONEST}


def _variant(name: str, honest: type) -> Any:
    """The class of that name where it replaces the honest one; None where it replaces something else, or
    there is none."""
    variant = VARIANTS.get(name)
    kind = variant.load() if variant is not None else None
    return kind if kind is not None and issubclass(kind, honest) else None


def device_class(name: str) -> Any:
    """The device of that name, or the honest one."""
    from earwitness.reference_impl.device.device import Device

    return _variant(name, Device) or Device


def cloud_class(name: str) -> Any:
    """The cloud of that name, or the honest one."""
    from earwitness.reference_impl.cloud.cloud import Cloud

    variant = VARIANTS.get(name)
    return (
        variant.load()
        if variant is not None and variant.part == "cloud"
        else Cloud
    )


def session_class(name: str) -> Any:
    """The session of that name, or the honest one."""
    from earwitness.reference_impl.session import Session

    variant = VARIANTS.get(name)
    if variant is None or variant.part == "cloud":
        return Session
    return _variant(name, Session) or Session
