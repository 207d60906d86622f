"""Positive controls: requests that must be heard, streamed and answered, before and after each run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from earwitness.conformance.gate.verdict import weakest
from earwitness.conformance.running.possible import impossible, is_served
from earwitness.conformance.running.untold import LONGEST_BATCH
from earwitness.conformance.stimuli.clips import (
    CLIPS,
    FIRST,
    Clip,
)
from earwitness.conformance.stimuli.stimulus import (
    Call,
    Choose,
    Kill,
    Mute,
    Network,
    Power,
    Press,
    Say,
    Server,
)
from earwitness.conformance.targets.protocol import (
    ExplainRequest,
)
from earwitness.model.trace import Observation, Origin

if TYPE_CHECKING:
    from earwitness.conformance.running.course import Course

CONTROL, SECOND_CONTROL = "weather", "weather-2"
"""The clips of the positive control; the second is played where nothing came of the first."""
LONGEST_EXPLANATION = 1_000
"""Characters of what a target says of itself where nothing came of a request."""
SETTLING = "quiet"
"""What is said to a device that was brought back: nothing, for two seconds."""


def run_control(course: Course, device: str, when: str) -> None:
    """A request must be heard, streamed and answered. On whose word that rests is noted: the harness sees
    sound cross, and hears what is played."""
    if course.dead:
        return
    seen = course.player.say(device, CLIPS[CONTROL])
    streamed, missing = _control_of(seen, device)
    if missing:
        # Who reports in batches may still have it to tell.
        seen += course.player.say(
            device, Clip("", tail=LONGEST_BATCH / 1_000_000)
        )
        flush = Network(device, "up")
        if not impossible(flush, course.harness.hello):
            seen += course.carry_out(flush)
        streamed, missing = _control_of(seen, device)
    if missing and course.harness.senses[device].feeds:
        # A wake word detector misses a word now and then.
        seen = course.player.say(device, CLIPS[SECOND_CONTROL])
        streamed, missing = _control_of(seen, device)
    crossed = any(o.origin is Origin.WITNESSED for o in streamed)
    if course.harness.watched and not crossed:
        missing.append("seen on the wire")
    if missing:
        lacking = " and not ".join(missing)
        course.dead = f"the positive control {when} failed on {device}: the request was not {lacking}"
        course.dead += "".join(
            f"; the target: {reason}"
            for reason in (
                *course.skipped[-1:],
                _explain_failure(course, device),
            )
            if reason
        )
        course.dead += _last_words(course)
        course.heard = None
        return
    known = Origin.WITNESSED if crossed else Origin.DEVICE
    course.heard = weakest(
        [known] + ([course.heard] if course.heard is not None else [])
    )


def _explain_failure(course: Course, device: str) -> str:
    """What the target itself knows of why nothing came of a request."""
    hello = course.harness.hello
    if not (is_served(hello) or hello.packs):
        return ""
    answer = course.harness.target.request(ExplainRequest(device))
    data = answer.ok.data if answer.ok is not None else ""
    return str(data)[:LONGEST_EXPLANATION] if data else ""


def _last_words(course: Course) -> str:
    """What a target that says what is wrong with it has written to standard error at last."""
    hello, cell = course.harness.hello, course.harness.target.cell
    if cell is None or not (is_served(hello) or hello.packs):
        return ""
    words = " ".join(cell.error_tail().split())[-LONGEST_EXPLANATION:]
    return f". Its last words: {words}" if words else ""


def bring_back(course: Course, devices: Iterable[str]) -> None:
    """Undo what would keep an honest device from answering."""
    for device in devices:
        state = course.states[device]
        course.carry_out(Network(device, "up"))
        course.carry_out(Power(device, "restore"))
        if state.muted:
            course.carry_out(Press(device, "microphone"))
        if state.word != state.first_word:
            course.carry_out(Choose(device, state.first_word))
        if state.calling:
            course.carry_out(Call(device, "end", "device"))
        _bring_server_back(course, device)
        course.carry_out(Say(device, SETTLING))


def _bring_server_back(course: Course, device: str) -> None:
    """It answers again, and a device that was left in the middle of something begins again."""
    state = course.states[device]
    if state.behaviour != "answer":
        course.carry_out(Server(device, "answer"))
    if state.software_muted:
        course.carry_out(Mute(device, False))
    disturbed = any(
        isinstance(step, Server) and step.device == device
        for step, _ in course.journal
    )
    if disturbed:
        course.carry_out(Kill(device))


def _control_of(
    seen: Sequence[Observation], device: str
) -> tuple[list[Observation], list[str]]:
    """The sound that a device streamed in a positive control, and what is missing of one."""
    own = [o for o in seen if o.device == device]
    streamed = [o for o in own if is_voice_sent(o)]
    answered = [o for o in own if o.event == "tts.audio"]
    missing = [
        what
        for what, got in (("streamed", streamed), ("answered", answered))
        if not got
    ]
    return streamed, missing


def is_voice_sent(seen: Observation) -> bool:
    return (
        seen.event == "stream.audio" and seen.attributes.get("voice") is True
    )


assert CLIPS[CONTROL].wake == FIRST
