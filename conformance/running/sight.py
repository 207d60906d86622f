"""How well a run could see each event: the best origin it could have had. What nobody could have seen proves
nothing by its absence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from earwitness.conformance.running.declared_and_seen import HARNESS_ONLY
from earwitness.conformance.running.timeline import GROUND_TRUTH
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.witnesses.files import StoreSearch
from earwitness.model.logic.grounds import Sight
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import vocabulary

AT_THE_MICROPHONES = ("microphone.power", "audio.captured")
AT_THE_LOUDSPEAKER = ("tone", "tts.audio")
AT_THE_FRONT = ("light", "screen")
ON_THE_WIRE = ("stream.audio", "stream.open", "stream.close")


@dataclass(frozen=True, slots=True)
class View:
    """What the harness watched in a check. `carried`: all devices reach their cloud through it. `confined`:
    there is no other way out, neither for bytes nor for files. `searched`: every store was read to its
    end."""

    feeds: bool
    hears: bool
    sees: bool
    carried: bool
    confined: bool
    stores_named: bool
    stores_read: bool


def view_of(
    hello: Hello,
    searches: Iterable[StoreSearch],
    *,
    carried: bool,
    confined: bool,
) -> View:
    """From what a target offers to the harness, and how the searches of its stores went."""

    def all_can(capability: str) -> bool:
        return all(hello.can(device, capability) for device in hello.devices)

    searches = list(searches)
    shown = all(hello.profiles[device].display for device in hello.devices)
    return View(
        feeds=all_can("microphone"),
        hears=all_can("loudspeaker"),
        sees=all_can("display") and shown,
        carried=carried,
        confined=confined,
        stores_named=any(s.files for s in searches),
        stores_read=not any(s.unread for s in searches),
    )


def sight_of(view: View) -> Sight:
    """The best origin each event could have had. Everything a device reports is at least its word."""
    sight: dict[str, Origin | None] = dict.fromkeys(
        vocabulary().events, Origin.DEVICE
    )
    sight |= dict.fromkeys((*HARNESS_ONLY, *GROUND_TRUTH), Origin.WITNESSED)
    for watched, events in (
        (view.feeds, AT_THE_MICROPHONES),
        (view.hears, AT_THE_LOUDSPEAKER),
        (view.sees, AT_THE_FRONT),
        (view.carried and view.confined, ON_THE_WIRE),
    ):
        if watched:
            sight |= dict.fromkeys(events, Origin.WITNESSED)
    # A device that knows words which nobody told it has heard them; see the timeline.
    sight["asr.result"] = sight["wake_word"] = Origin.WITNESSED
    sight["skill.response"] = sight["tts.audio"]
    sight |= dict.fromkeys(
        ("record.found", "record.write"), _sight_of_stores(view)
    )
    sight["call.end"] = Origin.WITNESSED
    return sight


def _sight_of_stores(view: View) -> Origin | None:
    """Files outside the named stores can be seen in a cell alone, and a store that was not read says
    nothing."""
    if not view.stores_named and not view.confined:
        return None
    complete = view.confined and view.stores_read
    return Origin.WITNESSED if complete else Origin.DEVICE
