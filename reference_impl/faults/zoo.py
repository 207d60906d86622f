"""The zoo: every seeded fault by name, with the clause it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """The clause it breaks; `module` of this package holds the class `kind`, which replaces the honest device or cloud."""

    clause: str
    module: str
    kind: str

    @property
    def part(self) -> str:
        return "cloud" if self.module == "cloud" else "device"


FAULTS = {
    "streams-when-muted": Fault("MIC-3", "device", "StreamsWhenMuted"),
    "sends-buffer-early": Fault("WAKE-1", "device", "SendsBufferEarly"),
    "pre-roll-too-long": Fault("WAKE-4", "device", "PreRollTooLong"),
    "red-light-stuck": Fault("MIC-4", "device", "RedLightStuck"),
    "blue-light-off-in-follow-up": Fault("IND-1", "device", "BlueLightOffInFollowUp"),
    "stream-left-open": Fault("STR-1", "device", "StreamLeftOpen"),
    "plain-text-transport": Fault("STR-2", "device", "PlainTextTransport"),
    "recording-on-disk": Fault("RET-1", "device", "RecordingOnDisk"),
    "recording-in-log": Fault("RET-1", "device", "RecordingInLog"),
    "keeps-all-hypotheses": Fault("ASR-2", "cloud", "KeepsAllHypotheses"),
    "second-wake-word": Fault("WAKE-3", "device", "SecondWakeWord"),
    "mute-lost-on-restart": Fault("BASE-1", "device", "MuteLostOnRestart"),
    "indicator-late": Fault("IND-2", "device", "IndicatorLate"),
    "tone-missing": Fault("IND-3", "device", "ToneMissing"),
    "gives-skill-the-recording": Fault("SKL-1", "cloud", "GivesSkillTheRecording"),
    "queues-when-offline": Fault("BASE-2", "device", "QueuesWhenOffline"),
    "leaks-after-network-loss": Fault("WAKE-1", "sneaky", "LeaksAfterNetworkLoss"),
    "leaks-after-follow-up": Fault("WAKE-1", "sneaky", "LeaksAfterFollowUp"),
    "leaks-one-frame": Fault("WAKE-1", "sneaky", "LeaksOneFrame"),
    "wakes-by-itself": Fault("WAKE-1", "sneaky", "WakesByItself"),
    "hoards-buffer": Fault("WAKE-2", "sneaky", "HoardsBuffer"),
    "recording-as-opus": Fault("RET-1", "sneaky", "RecordingAsOpus"),
    "recording-in-temporary-file": Fault("RET-1", "sneaky", "RecordingInTemporaryFile"),
    "mute-zeroes-samples": Fault("MIC-2", "sneaky", "MuteZeroesSamples"),
    "mute-too-late": Fault("MIC-1", "sneaky", "MuteTooLate"),
    "red-light-late": Fault("MIC-4", "sneaky", "RedLightLate"),
    "tone-missing-in-follow-up": Fault("IND-3", "sneaky", "ToneMissingInFollowUp"),
    "mute-symbol-missing": Fault("IND-4", "sneaky", "MuteSymbolMissing"),
    "listens-unasked": Fault("STR-3", "sneaky", "ListensUnasked"),
    "camera-stays-on": Fault("CAM-1", "sneaky", "CameraStaysOn"),
    "shutter-ignored": Fault("CAM-2", "sneaky", "ShutterIgnored"),
    "answers-elsewhere": Fault("TTS-1", "sneaky", "AnswersElsewhere"),
    "call-keys-not-verified": Fault("CALL-1", "calls", "CallKeysNotVerified"),
    "call-not-encrypted": Fault("CALL-3", "calls", "CallNotEncrypted"),
    "call-recorded": Fault("CALL-2", "calls", "CallRecorded"),
    "caches-hypotheses": Fault("ASR-2", "cloud", "CachesHypotheses"),
    "acts-on-second-best": Fault("ASR-1", "cloud", "ActsOnSecondBest"),
    "asks-wrong-skill": Fault("NLU-1", "cloud", "AsksWrongSkill"),
    "runs-uncertified": Fault("SKL-2", "cloud", "RunsUncertified"),
    "answers-without-markup": Fault("SKL-3", "cloud", "AnswersWithoutMarkup"),
    "operators-read-all": Fault("RET-3", "cloud", "OperatorsReadAll"),
    "organisation-sees-service": Fault("ORG-2", "cloud", "OrganisationSeesService"),
    "organisation-reads-transcripts": Fault("ORG-3", "cloud", "OrganisationReadsTranscripts"),
    "transcript-as-skill-name": Fault("ORG-3", "cloud", "TranscriptAsSkillName"),
    "words-in-metrics-key": Fault("RET-2", "cloud", "WordsInMetricsKey"),
    "voices-counted": Fault("RET-2", "cloud", "VoicesCounted"),
    "developers-see-settings": Fault("DEV-1", "cloud", "DevelopersSeeSettings"),
    "denied-yet-told": Fault("DEV-1", "cloud", "DeniedYetTold"),
}


def _class(name: str, part: str, honest: str) -> Any:
    fault = FAULTS.get(name)
    if fault is not None and fault.part == part:
        return getattr(import_module(f"earwitness.reference_impl.faults.{fault.module}"), fault.kind)
    return getattr(import_module(f"earwitness.reference_impl.{part}.{part}"), honest)


def device_class(name: str) -> Any:
    """The device with that fault, or the honest one."""
    return _class(name, "device", "Device")


def cloud_class(name: str) -> Any:
    """The cloud with that fault, or the honest one."""
    return _class(name, "cloud", "Cloud")
