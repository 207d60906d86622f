"""What the stores hold of what was said in a run, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earwitness.conformance.running.stores import owners, together
from earwitness.conformance.witnesses.files import StoreFind
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

if TYPE_CHECKING:
    from earwitness.conformance.running.course import Course


def search_stores(
    course: Course, expected: frozenset[str]
) -> list[Observation]:
    """What is found in stores, booked on the devices it was said to."""
    acted_on = {
        name: _recognised_texts(course, name) for name in course.states
    }
    # A request that was cut off may have been acted on though the device never heard of it.
    spoken = [
        words for texts in course.player.requests.values() for words in texts
    ]
    searched = course.harness.stores.search(
        [*frozenset().union(*acted_on.values()), *spoken]
    )
    course.stores = together(course.stores, searched)
    found: list[Observation] = []
    for find in searched.finds:
        if find.category in expected:
            continue
        attributes: dict[str, Value] = {
            "store": find.store,
            "category": find.category,
            "acted_on": find.acted_on,
        }
        if find.text:
            attributes["addressed"] = _was_addressed(course, find)
        for name in owners(find, acted_on, course.harness.sounds):
            time = Microseconds(course.states[name].clock)
            found.append(
                Observation(
                    time=time,
                    device=name,
                    event="record.found",
                    attributes=attributes,
                    origin=Origin.WITNESSED,
                )
            )
    return found


def _was_addressed(course: Course, find: StoreFind) -> bool:
    """Whether words in a store may come from a request: all but what was only said beside a device."""
    return find.acted_on or not any(
        course.harness.sounds.words.same(find.text, words)
        for name, texts in course.player.words.items()
        for words in texts
        if words not in course.player.requests[name]
    )


def _recognised_texts(course: Course, device: str) -> frozenset[str]:
    return frozenset(
        str(o.attributes["text"]).lower()
        for o in course.timeline.trace
        if o.event == "asr.result"
        and o.device == device
        and "text" in o.attributes
    )
