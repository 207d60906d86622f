"""What Home Assistant finds in its folder when it starts: one satellite, one recogniser and voice, a pipeline
of them, and addresses by which its user mutes and stops it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

WEB = 8_123
"""Its usual port, on the loopback interface alone."""
SERVICE = "earwitness"
"""The name of the recogniser and voice, and so the end of what they are called in it."""
MUTE_ON, MUTE_OFF, STOP = "mute-on", "mute-off", "stop"
"""What comes of a POST to `/api/webhook/NAME`: its switch for the satellite's mute, and its own end."""
DEEDS: Mapping[str, tuple[str, str]] = {
    MUTE_ON: ("switch.turn_on", "switch.subject_mute"),
    MUTE_OFF: ("switch.turn_off", "switch.subject_mute"),
    STOP: ("homeassistant.stop", ""),
}
STATED = {
    "attribution": {"name": "", "url": ""},
    "installed": True,
    "description": SERVICE,
    "version": "1",
}
"""What every entry of an info says beside its name."""
INFO: Mapping[str, object] = {
    "asr": [
        {
            **STATED,
            "name": SERVICE,
            "models": [{**STATED, "name": "test", "languages": ["en"]}],
        }
    ],
    "tts": [
        {
            **STATED,
            "name": SERVICE,
            "voices": [{**STATED, "name": "test", "languages": ["en"]}],
        }
    ],
}
"""What the recogniser and voice answers to `describe`."""


def find_ffmpeg(python: str) -> str:
    """The ffmpeg beside that interpreter, or else the machine's: without one no answer is spoken."""
    beside = Path(python).parent.parent.glob(
        "lib/python3*/site-packages/imageio_ffmpeg/binaries/ffmpeg-*"
    )
    return str(next(beside, "ffmpeg"))


def write_settings(
    folder: Path, satellite: int, speech: int, ffmpeg: str
) -> None:
    """The folder of a Home Assistant whose satellite and speech services are at those ports; what it wrote
    there itself stays."""
    (folder / ".storage").mkdir(parents=True, exist_ok=True)
    settings = {
        "homeassistant": {"name": "test", "time_zone": "UTC"},
        "http": {"server_host": "127.0.0.1", "server_port": WEB},
        "assist_pipeline": {},
        "media_source": {},
        "webhook": {},
        "ffmpeg": {"ffmpeg_bin": ffmpeg},
        "automation": [_automation(name) for name in DEEDS],
    }
    # JSON is YAML too.
    text = json.dumps(settings)
    (folder / "configuration.yaml").write_text(text)
    ports = {"subject": satellite, SERVICE: speech}
    entries = [_entry(name, port) for name, port in ports.items()]
    _store(folder, "core.config_entries", {"entries": entries}, minor=1)
    pipeline = {
        "id": "test",
        "name": "test",
        "language": "en",
        "conversation_engine": "homeassistant",
        "conversation_language": "en",
        "stt_engine": f"stt.{SERVICE}",
        "stt_language": "en",
        "tts_engine": f"tts.{SERVICE}",
        "tts_language": "en",
        "tts_voice": None,
        "wake_word_entity": None,
        "wake_word_id": None,
    }
    pipelines = {"items": [pipeline], "preferred_item": "test"}
    _store(folder, "assist_pipeline.pipelines", pipelines, minor=2)


def _automation(name: str) -> Mapping[str, object]:
    service, entity = DEEDS[name]
    target = {"target": {"entity_id": entity}} if entity else {}
    return {
        "alias": name,
        "trigger": {
            "platform": "webhook",
            "webhook_id": name,
            "local_only": True,
            "allowed_methods": ["POST"],
        },
        "action": {"service": service, **target},
    }


def _entry(name: str, port: int) -> Mapping[str, object]:
    return {
        "entry_id": name,
        "version": 1,
        "minor_version": 1,
        "domain": "wyoming",
        "title": name,
        "data": {"host": "127.0.0.1", "port": port},
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "unique_id": None,
        "disabled_by": None,
    }


def _store(
    folder: Path, key: str, data: Mapping[str, object], minor: int
) -> None:
    """As it keeps things itself; what it has kept already is left to it."""
    path = folder / ".storage" / key
    if not path.exists():
        kept = {
            "version": 1,
            "minor_version": minor,
            "key": key,
            "data": data,
        }
        path.write_text(json.dumps(kept))
