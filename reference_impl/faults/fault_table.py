"""The seeded faults, by name, each with the clause that it must be caught by."""

from __future__ import annotations

from earwitness.reference_impl.faults.variant import Fault

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
