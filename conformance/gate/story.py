"""A failure as a person understands it: what happened, in which order, who says so, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from earwitness.conformance.evidence.records import FailureRecord
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.gate.guidance import loss_of, ways_to_pass
from earwitness.model.expression import Value
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import Clause

QUIET = frozenset({"audio.captured", "camera.captured", "tick", "end"})
"""Events that come many times a second, or say nothing: left out of a sequence unless one of them
violates."""
UNEVENTFUL = frozenset({"tick", "end"})
"""Events that are no doing of a device: what is violated by one was due before."""
DONE_BY_PEOPLE = frozenset(
    {
        "button.microphone",
        "button.action",
        "power",
        "network",
        "shutter",
        "speech",
        "setting.tone",
        "setting.wake_word",
        "call.start",
        "call.end",
        "mute",
        "server",
        "server.behaviour",
    }
)
"""Events that a person causes: kept in every sequence, because one needs them to follow it."""
MOST_ROWS = 16
"""Rows of a sequence: what fits on a page with its picture."""
MOST_STEPS = 20
"""Steps of a test that are told: a longer way was not shrunk, and its file has all of it."""
STRUCTURE = frozenset({"time", "device", "event", "origin", "run"})
TIMES = frozenset({"from", "to", "until"})
UNSAID = frozenset({"words", "text", "bytes", "stream", "until"})
"""Attributes that a reader of a sequence does not need."""

LOSSES = {
    "audio.captured": "Sound of the room is taken up while people rely on it not being heard.",
    "camera.captured": "Pictures of the room are taken while people rely on the camera being off.",
    "stream.open": "The device begins to send what it hears without being asked for it.",
    "stream.audio": "What is said in the room leaves it, and nobody asked for that.",
    "stream.close": "The device goes on sending after the request is over.",
    "microphone.power": "The button does not do what people rely on: they believe they are not heard.",
    "camera.power": "People rely on the camera being off, and it is not.",
    "light": "People cannot see whether they are heard.",
    "screen": "People cannot see whether they are heard.",
    "tone": "People cannot hear when the device begins to listen.",
    "record.found": "What was said is kept, and others may find it later.",
    "record.write": "What was said is kept, and others may find it later.",
    "metric": "Stored numbers tell something about one person.",
    "access": "Somebody reads what he has no right to read.",
    "skill.request": "A third party gets more of what was said than it may have.",
    "skill.enable": "A skill runs that nobody should have allowed.",
    "call.media": "What is said in a call reaches others, and people do not know of it.",
    "wake_word": "The device wakes though nobody called it.",
}
"""What a person loses where this event breaks a promise."""
OTHER_LOSS = "A promise that people rely on is not kept."


@dataclass(frozen=True, slots=True)
class Row:
    """One event of a sequence. `repeats` says how many like it were folded into it; a decisive one belongs to
    the explanation: without it the verdict would have to be found again."""

    number: int
    time: str
    device: str
    event: str
    words: str
    origin: str
    repeats: int = 1
    is_violation: bool = False
    is_decisive: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """A failure in plain words. `expected` and `seen` belong beside each other."""

    clause: str
    title: str
    loses: str
    steps: tuple[str, ...]
    rows: tuple[Row, ...]
    expected: str
    exactly: str
    """What is expected, in the words of the formula: longer, and nothing left open."""
    seen: str
    cause: str
    command: str
    fingerprint: str = ""
    passes: tuple[str, ...] = ()
    """What would make it pass, one way a sentence."""


def tell_story(
    failure: FailureRecord,
    *,
    title: str,
    expected: str,
    command: str,
    exactly: str = "",
    speaks_of: frozenset[str] = frozenset(),
    decided_by: frozenset[int] = frozenset(),
    fingerprint: str = "",
    clause: Clause | None = None,
) -> Story:
    """The story of a stored failure. `speaks_of` names the events of the clause's formula: the others are
    left out (none: all stay). `decided_by` are the positions of those that decide the verdict."""
    rows = sequence_rows(
        trace=failure.trace,
        at=failure.at,
        speaks_of=speaks_of,
        decided_by=decided_by,
    )
    violating = (
        failure.trace[failure.at] if failure.at < len(failure.trace) else {}
    )
    return Story(
        clause=failure.clause,
        title=title,
        loses=loss_of(
            entry=violating,
            clause=clause,
            losses=LOSSES,
            other=OTHER_LOSS,
            broken=_broken_parts(failure),
        ),
        steps=_describe_steps(failure.scenario),
        rows=rows,
        expected=expected,
        exactly=exactly,
        seen=_describe_seen(rows)
        + instants_of_sound(failure.trace, failure.at),
        cause=_likely_cause(rows),
        command=command,
        fingerprint=fingerprint,
        passes=ways_to_pass(clause, _broken_parts(failure))
        if clause is not None
        else (),
    )


def _broken_parts(failure: FailureRecord) -> frozenset[str]:
    return frozenset({failure.conjunct} if failure.conjunct else ())


def _describe_steps(
    scenario: Sequence[Mapping[str, Value]],
) -> tuple[str, ...]:
    told = [describe_step(step) for step in scenario[:MOST_STEPS]]
    left_out = len(scenario) - len(told)
    if left_out:
        told.append(
            f"and {left_out} more: no shorter way was found in the time there was"
        )
    return tuple(told)


def event_words(entry: Mapping[str, Value]) -> str:
    """An event in English, with the attributes that its phrase does not say already.

    >>> event_words({"time": 0, "device": "d1", "event": "microphone.power", "on": False})
    'the microphones lose power'
    """
    name = str(entry["event"])
    declared = vocabulary().events.get(name)
    if declared is None:
        return safe_text(name)
    values = {
        key: _formula_text(value)
        for key, value in entry.items()
        if key not in STRUCTURE
    }
    fitting = [
        said for said in declared.phrases if said <= set(values.items())
    ]
    best = max(fitting, key=len, default=frozenset())
    phrase = declared.phrases.get(best, declared.meaning)
    said = {key for key, _ in best} | UNSAID
    rest = [
        f"{key.replace('_', ' ')}: {_value_text(key, entry[key])}"
        for key in values
        if key not in said
    ]
    return f"{phrase} ({', '.join(rest)})" if rest else phrase


STEP_WORDS = {
    "say": "play the clip {clip} to {device}",
    "press": "press the {button} button of {device}",
    "wait": "wait {microseconds} with {device}",
    "kill": "kill {device} in the middle of its work",
    "hang_up": "the other side ends every connection of {device}",
    "choose": "choose the wake word {word} for {device}",
    "set": "turn the tone of {device} {value}",
    "network": "network {state} for {device}",
    "power": "{state} the power of {device}",
    "shutter": "move the shutter of {device}",
    "call": "{state} a call with a {leg} on {device}",
    "mute": "turn the mute of {device} {on}",
    "server": "the server of {device}: {behaviour}",
    "during": "play the clip {clip} to {device} and, {at} into it: {then}",
}
"""How a step of a test reads. One that is not here, or that has other fields, is told by its values."""


def describe_step(step: Mapping[str, Value]) -> str:
    """What the test did, in a few words.

    >>> describe_step({"do": "press", "device": "d1", "button": "microphone"})
    'press the microphone button of d1'
    """
    name = str(step.get("do", ""))
    values = {
        key: _step_text(key, value)
        for key, value in step.items()
        if key != "do"
    }
    try:
        return safe_text(STEP_WORDS[name].format(**values))
    except (KeyError, IndexError):
        told = [value for key, value in values.items() if key != "device"]
        return safe_text(
            f"{' '.join([name, *told])} on {values.get('device', 'the target')}"
        )


def _step_text(key: str, value: Value) -> str:
    if key in ("microseconds", "at") and isinstance(value, int):
        return seconds_text(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def seconds_text(microseconds: int) -> str:
    """A time as people read it.

    >>> seconds_text(1_500_000)
    '1.500 s'
    """
    return f"{microseconds / 1_000_000:.3f} s"


def sequence_rows(
    trace: Sequence[Mapping[str, Value]],
    at: int,
    speaks_of: frozenset[str] = frozenset(),
    decided_by: frozenset[int] = frozenset(),
) -> tuple[Row, ...]:
    """The events of the violating device that lead to the violation, those that repeat folded into one."""
    if not 0 <= at < len(trace):
        return ()
    device = trace[at]["device"]
    kept: list[_Kept] = []
    for position, entry in enumerate(trace[: at + 1]):
        is_needed = position == at or position in decided_by
        if not is_needed and not _is_told(entry, device, speaks_of):
            continue
        like_it = None if is_needed else _like_it(kept, entry)
        if like_it is not None:
            like_it.repeats += 1
        else:
            kept.append(_Kept(entry, position))
    return tuple(
        Row(
            number=number,
            time=seconds_text(int(row.entry["time"])),
            device=safe_text(str(row.entry["device"])),
            event=safe_text(str(row.entry["event"])),
            words=safe_text(event_words(row.entry)),
            origin=str(row.entry.get("origin", "device")),
            repeats=row.repeats,
            is_violation=row.position == at,
            is_decisive=row.position in decided_by,
        )
        for number, row in enumerate(_most_telling(kept, decided_by), start=1)
    )


@dataclass
class _Kept:
    entry: Mapping[str, Value]
    position: int
    repeats: int = 1


def _most_telling(
    kept: Sequence[_Kept], decided_by: frozenset[int]
) -> Sequence[_Kept]:
    """As many rows as fit on a page: those that decide, and then the latest."""
    ranked = sorted(
        kept,
        key=lambda row: (row.position in decided_by, row.position),
    )
    chosen = ranked[-MOST_ROWS:]
    return sorted(chosen, key=lambda row: row.position)


def _is_told(
    entry: Mapping[str, Value],
    device: Value,
    speaks_of: frozenset[str],
) -> bool:
    """Whether a reader needs the event to follow how the violation came about."""
    event = entry["event"]
    is_near = not speaks_of or event in speaks_of or event in DONE_BY_PEOPLE
    return entry["device"] == device and event not in QUIET and is_near


def _like_it(
    kept: Sequence[_Kept], entry: Mapping[str, Value]
) -> _Kept | None:
    """An upload of the same kind among the last two rows: wire and device tell of each in turn."""
    if entry["event"] != "stream.audio":
        return None
    for row in kept[-2:]:
        is_same_event = row.entry["event"] == entry["event"]
        if is_same_event and row.entry.get("origin") == entry.get("origin"):
            return row
    return None


def _describe_seen(rows: Iterable[Row]) -> str:
    last = next((row for row in rows if row.is_violation), None)
    if last is None:
        return "two runs that should look alike did not"
    if last.event in UNEVENTFUL:
        return f"until {last.time} it had not happened on {last.device}"
    return f"at {last.time} on {last.device}: {last.words}"


def instants_of_sound(trace: Sequence[Mapping[str, Value]], at: int) -> str:
    """Of sound that was sent where it should not: when it was heard, when it left, and what the device's
    indicator said then. '' of anything else."""
    sent = trace[at] if at < len(trace) else {}
    first, last = sent.get("from"), sent.get("to")
    if sent.get("event") != "stream.audio" or not (
        isinstance(first, int) and isinstance(last, int)
    ):
        return ""
    shown = [
        entry["on"] is True
        for entry in trace[: at + 1]
        if entry["device"] == sent["device"] and _says_that_it_listens(entry)
    ]
    said = "nothing" if not shown else LISTENING[shown[-1]]
    return (
        f"; what was heard from {seconds_text(first)} to {seconds_text(last)} left at"
        f" {seconds_text(int(sent['time']))}, and its indicator said {said}"
    )


LISTENING = {True: "that it listens", False: "that it does not listen"}


def _says_that_it_listens(entry: Mapping[str, Value]) -> bool:
    return entry["event"] == "light" and (
        entry.get("role") == "listening" or entry.get("color") == "blue"
    )


def _likely_cause(rows: Sequence[Row]) -> str:
    """The last thing before the violation that decides the verdict; otherwise the last that somebody did, or
    that changed a state: where to look first."""
    before = [row for row in rows if not row.is_violation]
    if not before or not rows[-1].is_violation:
        return ""
    done = [
        row
        for row in before
        if row.event in DONE_BY_PEOPLE and not row.event.startswith("setting")
    ]
    decisive = [row for row in before if row.is_decisive]
    cause = (decisive or done or before)[-1]
    return f"It follows “{cause.words}” at {cause.time}; look at what the implementation does from there on."


def _formula_text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value_text(key: str, value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key in TIMES and isinstance(value, int):
        return seconds_text(value)
    return str(value)
