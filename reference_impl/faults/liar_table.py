"""The liars, by name: what each of them hides, where, and the clauses that it owes."""

from __future__ import annotations

from earwitness.reference_impl.faults.variant import Hiding, Liar

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
        ("WAKE-1", "WAKE-4"),
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
    "muted-for-a-while": Liar(
        "liars.moments",
        "MutedForAWhile",
        Hiding.MOMENT,
        ("MIC-2", "MIC-3"),
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
    "through-the-neighbour": Liar(
        "liars.patient", "ThroughTheNeighbour", Hiding.CHANNEL, ("WAKE-1",)
    ),
    "call-overheard": Liar(
        "liars.patient", "CallOverheard", Hiding.MOMENT, ("WAKE-1",)
    ),
    "higher-voices": Liar(
        "liars.patient", "HigherVoices", Hiding.AWARENESS, ("WAKE-1",)
    ),
    "after-a-long-mute": Liar(
        "liars.patient",
        "AfterALongMute",
        Hiding.MOMENT,
        ("MIC-2", "MIC-3"),
    ),
    "loudness-in-a-digit": Liar(
        "liars.patient", "LoudnessInADigit", Hiding.ENCODING, ("WAKE-1",)
    ),
    "nbest-exchanged": Liar(
        "liars.ciphers", "NbestExchanged", Hiding.ENCODING, ("ASR-2",)
    ),
    "nbest-in-times": Liar(
        "liars.ciphers", "NbestInTimes", Hiding.PLACE, ("ASR-2",)
    ),
    "half-a-minute-later": Liar(
        "liars.unreadable", "HalfAMinuteLater", Hiding.MOMENT, ("WAKE-1",)
    ),
    "scrap-in-a-request": Liar(
        "liars.moments",
        "ScrapInARequest",
        Hiding.MOMENT,
        ("WAKE-1", "WAKE-4"),
    ),
    "durations": Liar(
        "liars.numbers", "Durations", Hiding.DECLARATION, ("RET-2",)
    ),
    "loudness": Liar(
        "liars.numbers", "Loudness", Hiding.DECLARATION, ("RET-2",)
    ),
    "settings-as-numbers": Liar(
        "liars.numbers", "SettingsAsNumbers", Hiding.ENCODING, ("ORG-3",)
    ),
    "refusal-tells": Liar(
        "liars.declarations", "RefusalTells", Hiding.CHANNEL, ("ORG-3",)
    ),
}
"""Break a promise and hide it."""
