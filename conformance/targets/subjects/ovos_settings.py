"""What Open Voice OS finds in its home when it starts: its mycroft.conf, and our two plugins as an installed
package has them."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from earwitness.conformance.targets.subjects.sound import LOUD

PLUGINS = Path(__file__).with_name("ovos_plugins.py")
GROUPS = {
    "PipeMicrophone": ("ovos.plugin.microphone", "opm.microphone"),
    "AlexaWord": ("mycroft.plugin.wake_word", "opm.wake_word"),
}
"""Under which names versions of its plugin manager look for microphones, and for wake words."""

Setting: TypeAlias = (
    "dict[str, Setting] | list[Setting] | str | int | float | bool | None"
)


def write_home(
    home: Path, microphone: str, speech: str, options: Sequence[str]
) -> None:
    """`speech` is the address of its speech server; an option is one of its settings, such as
    `listener.save_utterances=true`."""
    settings = default_settings(microphone, speech)
    for option in options:
        change_mycroft_setting(settings, option)
    conf = home / ".config" / "mycroft" / "mycroft.conf"
    conf.parent.mkdir(parents=True, exist_ok=True)
    conf.write_text(json.dumps(settings))
    shutil.copy(PLUGINS, home)
    package = home / "earwitness_plugins-1.dist-info"
    package.mkdir(exist_ok=True)
    (package / "METADATA").write_text(
        "Name: earwitness-plugins\nVersion: 1\n"
    )
    (package / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\nearwitness = {PLUGINS.stem}:{word}\n"
            for word, groups in GROUPS.items()
            for group in groups
        )
    )


ASKED_WHETHER_ONLINE = ("nmcheck.gnome.org", "checkonline.home-assistant.io")
"""Whom it asks whether it is online, as `network_tests` of its documented settings says."""
BUS_IS_UP = "bus-is-up"
"""A file in the home. A listener that finds no bus looks again five seconds later, so it starts after it."""


def services(python: str, home: str) -> str:
    """The shell's line that runs bus and listener with what lies in that home, the second once its file says
    that the first is up."""
    place, run = shlex.quote(home), f"{shlex.quote(python)} -m"
    found = f"PYTHONPATH={place}:$PYTHONPATH XDG_CONFIG_HOME={place}/.config"
    sign = f"{place}/{BUS_IS_UP}"
    waiting = f"until [ -e {sign} ]; do sleep 0.05; done; rm {sign}"
    both = (
        f"{run} ovos_messagebus & {waiting}; {run} ovos_dinkum_listener; wait"
    )
    return f"export {found}; {both}"


def default_settings(microphone: str, speech: str) -> dict[str, Setting]:
    return {
        "listener": {
            "wake_word": "alexa",
            "microphone": {
                "module": "earwitness",
                "earwitness": {"path": microphone},
            },
            "VAD": {
                "module": "ovos-vad-plugin-noise",
                "ovos-vad-plugin-noise": {
                    "method": "threshold",
                    "energy_threshold": LOUD,  # as our own
                },
            },
        },
        "hotwords": {
            "alexa": {"module": "earwitness", "listen": True, "active": True},
            # Others need a download.
            "hey_mycroft": {"active": False},
            "wake_up": {"active": False},
        },
        "stt": {
            "module": "ovos-stt-plugin-server",
            "fallback_module": "",
            "ovos-stt-plugin-server": {"url": speech},
        },
    }


def change_mycroft_setting(settings: dict[str, Setting], option: str) -> None:
    """Set `a.b=VALUE`; the value is JSON, or else a text.

    >>> settings = default_settings("pipe", "url")
    >>> change_mycroft_setting(settings, "listener.wake_word=hey_you")
    >>> settings["listener"]["wake_word"]
    'hey_you'
    """
    name, _, text = option.partition("=")
    value: Setting = text
    with contextlib.suppress(ValueError):
        value = json.loads(text)
    *places, last = name.split(".")
    for place in places:
        inner = settings.setdefault(place, {})
        if not isinstance(inner, dict):
            inner = settings[place] = {}
        settings = inner
    settings[last] = value
