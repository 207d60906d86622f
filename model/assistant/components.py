"""Who carries the assistant's transitions out, and where each of them runs."""

from __future__ import annotations

from earwitness.model.systems import transition_system
from earwitness.model.systems.transition_system import Component, Layer

ENVIRONMENT = transition_system.ENVIRONMENT
MICROPHONE = Component("microphone hardware", Layer.HARDWARE)
CAMERA = Component("camera hardware", Layer.HARDWARE)
LIGHT = Component("light hardware", Layer.HARDWARE)
FIRMWARE = Component("firmware", Layer.DEVICE)
CALLS = Component("calls", Layer.DEVICE)
GATEWAY = Component("gateway", Layer.CLOUD)
ASR = Component("speech recognition", Layer.CLOUD)
NLU = Component("language understanding", Layer.CLOUD)
SKILLS = Component("skill host", Layer.CLOUD)
SPEECH = Component("speech synthesis", Layer.CLOUD)
RETENTION = Component("retention", Layer.CLOUD)
METRICS = Component("metrics", Layer.CLOUD)
MANAGEMENT = Component("management", Layer.CLOUD)
