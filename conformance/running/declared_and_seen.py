"""What a device declared beside what was seen of the same thing: when they are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.conformance.running.moment import (
    Indicator,
    Moment,
    Passage,
)
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

HARNESS_ONLY = frozenset(
    {
        "power",
        "network",
        "shutter",
        "button.microphone",
        "button.action",
        "setting.tone",
        "setting.wake_word",
        "call.start",
        "skill.enable",
        "access",
        "server",
        "server.behaviour",
    }
)
"""Events that nothing but a step of the test brings about."""


@dataclass
class KnownDevice:
    """What is known of one device while its moments go by."""

    powered: bool = False
    microphone: bool | None = None
    """As last declared or seen; None while it is not known."""
    says_off: bool = False
    """Whether it was declared, and not only seen, that the microphones have no power."""
    shown: dict[Indicator, bool] = field(default_factory=dict)
    settings: dict[str, Value] = field(default_factory=dict)
    stream: int = 0
    closed: int = 0
    """The stream that was closed last."""
    calling: bool = False
    spoken: list[Observation] = field(default_factory=list)


INDICATORS: Mapping[str, str] = {"light": "color", "screen": "symbol"}
"""Events that show something, and the attribute that says what."""
LEAST_ADMITTED = 8
"""Bytes that nobody could read which may be sound, as their device says: half a packet of Opus."""
WORDS_SHARED = 0.5
"""Share of recognised words that must have been spoken: recognisers err, and a device that guesses does not
come near."""


def make_witnessed(
    time: int, device: str, event: str, attributes: Mapping[str, Value]
) -> Observation:
    return Observation(
        time=Microseconds(time),
        device=device,
        event=event,
        attributes=attributes,
        origin=Origin.WITNESSED,
    )


def admit_sound(said: Observation, moment: Moment) -> Observation:
    """What was declared to be sound, where that many bytes crossed and nobody could read them."""
    crossed = moment.unread.get(said.device, 0) >= LEAST_ADMITTED
    return replace(said, origin=Origin.WITNESSED) if crossed else said


def make_crossed_audio(
    passage: Passage, time: int, stream: Value | None
) -> Observation:
    attributes: dict[str, Value] = {
        "stream": stream if stream is not None else 0,
        "bytes": passage.size,
        "from": passage.first,
        "to": passage.last,
        "encrypted": passage.encrypted,
        "voice": True,
    }
    if passage.peer:
        attributes["peer"] = passage.peer
    return make_witnessed(
        time=time,
        device=passage.device,
        event="stream.audio",
        attributes=attributes,
    )


def do_overlap(passage: Passage, said: Observation) -> bool:
    first, last = said.attributes.get("from"), said.attributes.get("to")
    if not isinstance(first, int) or not isinstance(last, int):
        return True
    return passage.first <= last and first <= passage.last


def complete_deed(
    deed: Observation, declared: Iterable[Observation]
) -> Observation:
    """A deed with what the target alone knows of it, such as the kind of a skill."""
    for said in declared:
        if said.event == deed.event and said.device == deed.device:
            return replace(
                deed, attributes={**said.attributes, **deed.attributes}
            )
    return deed


def take_match(caused: list[Observation], said: Observation) -> bool:
    """Take the deed that a report speaks of from the list, if there is one."""
    for place, deed in enumerate(caused):
        if deed.event == said.event and deed.device == said.device:
            del caused[place]
            return True
    return False


def kind_of_record(said: Observation) -> tuple[Value, ...]:
    return said.attributes.get("category", ""), said.attributes.get(
        "acted_on", False
    )


def share_of_words(text: str, words: str) -> float:
    recognised, spoken = text.split(), set(words.split())
    return sum(word in spoken for word in recognised) / max(
        1, len(recognised)
    )


def is_powered_after(
    device: str, before: bool, seen: Sequence[Observation]
) -> bool:
    powered = before
    for said in seen:
        if said.device == device and said.event == "power":
            powered = said.attributes["on"] is True
    return powered


def is_of_device(
    said: Observation, device: str, indicator: Indicator
) -> bool:
    event, what = indicator
    return (
        said.device == device
        and said.event == event
        and said.attributes.get(INDICATORS[event]) == what
    )


def said_last(
    seen: Sequence[Observation], device: str, indicator: Indicator
) -> bool | None:
    said = [
        o.attributes["on"] is True
        for o in seen
        if is_of_device(o, device, indicator)
    ]
    return said[-1] if said else None


def agree_on_indicator(
    seen: list[Observation],
    device: str,
    indicator: Indicator,
    *,
    pulses_count: bool,
) -> list[Observation]:
    """What was declared of an indicator, and the front shows at last, is witnessed. What came and went within
    one moment could be seen by nobody; it counts as witnessed only where no sound crossed meanwhile, so that
    nothing depends on it."""
    own = [
        place
        for place, o in enumerate(seen)
        if is_of_device(o, device, indicator)
    ]
    result = list(seen)
    for place in own if pulses_count else own[-1:]:
        result[place] = replace(result[place], origin=Origin.WITNESSED)
    return result


def indicator_of(said: Observation) -> Indicator | None:
    """What a report of an indicator is about."""
    name = INDICATORS.get(said.event)
    return (said.event, str(said.attributes.get(name))) if name else None


def note_change(device: KnownDevice, said: Observation) -> None:
    """What an observation changes in what is known of its device."""
    match said.event:
        case "power":
            device.powered = said.attributes["on"] is True
            device.microphone, device.says_off = None, False
            device.stream = 0 if not device.powered else device.stream
        case "microphone.power":
            device.microphone = said.attributes["on"] is True
            device.says_off = (
                not device.microphone and said.origin is not Origin.WITNESSED
            )
        case "stream.open":
            device.stream = int(said.attributes["stream"])
        case "stream.close":
            device.stream = 0
            device.closed = int(said.attributes.get("stream", device.closed))
    if said.event in HARNESS_ONLY:
        device.settings |= {
            f"{said.event}.{name}": value
            for name, value in said.attributes.items()
        }
