"""Twins: two runs with the same steps, one with speech and one with the room alone. Where nothing may be sent
or kept, nothing that can be seen from outside may tell them apart: number, size and time of messages, growth
of stores, lines of logs. No decoder is needed, so encodings that nobody thought of are caught.

What twins cannot see is a difference in the content of messages that are always sent, with the same sizes
at the same times. For those the accounts have a budget: constant cover traffic beyond it is unexplained."""

from __future__ import annotations

import re
import statistics
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

from earwitness.conformance.witnesses.layouts import is_printable
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.model.vocabulary import Microseconds

FEWEST_PAIRS = 4
"""A difference must repeat. A mark that takes one of two values by chance agrees within each kind and
differs between them in one of 128 sets of four pairs, and in fewer of more."""
ERROR_RATE = 0.01
"""How often at most an honest device with chance in its traffic is called a leak, over all marks together."""
VALUE = re.compile(rb"[0-9A-Za-z.+_-]+")
"""A value of whatever text: a number, a name, a word."""
LONGEST_SHAPE, MOST_PLACES = 120, 400
"""Bytes by which texts are told from each other, and places that are looked at. Chosen."""
MOST_PAIRS = 12
"""Pairs whose 4,096 exchanges are all tried."""
ROUNDING = 1e-9
"""Sums of the same numbers in another order may differ by so much. Chosen, far below any real difference."""


class TwinOutcome(Enum):
    ALIKE = "alike"
    APART = "apart"
    UNDECIDED = "undecided"
    """Marks differ, but they also differ among runs of the same kind: more pairs are needed."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """The marks of one run by which somebody outside could tell it from another: a number for each name."""

    marks: Mapping[str, float]

    def of(self, name: str) -> float:
        return self.marks.get(name, 0.0)


@dataclass(frozen=True, slots=True)
class TwinComparison:
    """What pairs of runs say. `mark` and the two values are of the plainest difference; `error_rate` is
    the chance with which an honest device is called apart; `missed` the largest share of runs that may
    differ without being noticed in 19 of 20 such comparisons."""

    outcome: TwinOutcome
    pairs: int
    mark: str = ""
    with_speech: float = 0.0
    room_alone: float = 0.0
    error_rate: float = 0.0
    missed: float = 1.0

    @property
    def sentence(self) -> str:
        """For reports."""
        pairs = f"{self.pairs} pairs of runs"
        if self.outcome is TwinOutcome.APART:
            return f"{self.mark}: {self._values}, in {pairs} ({self._chance})"
        if self.outcome is TwinOutcome.ALIKE:
            return f"{pairs} cannot be told apart; {self._would_be_seen}"
        return f"{self.mark} differs in {pairs}, too few to tell chance from speech"

    @property
    def _values(self) -> str:
        return f"{self.with_speech:g} with speech, {self.room_alone:g} with the room alone"

    @property
    def _chance(self) -> str:
        return f"chance does this in at most {self.error_rate:.1%} of comparisons"

    @property
    def _would_be_seen(self) -> str:
        share = f"a difference in more than {self.missed:.0%} of runs"
        return f"{share} would have been seen in 19 of 20 comparisons"


def take_footprint(
    crossings: Iterable[Crossing],
    began: Microseconds,
    growth: Mapping[str, int],
    log_lines: Mapping[str, int],
    connections: int = 0,
) -> Footprint:
    """The marks of a run from what a device sent since `began`, by how many bytes each file has grown, and
    how many lines each log (or count each metric) has. Marks that are 0 may be left out."""
    marks: dict[str, float] = {"connections": float(connections)}
    sent = [
        crossing
        for crossing in crossings
        if crossing.direction is Direction.FROM_DEVICE
    ]
    for kind in dict.fromkeys(
        (crossing.protocol, crossing.part) for crossing in sent
    ):
        group = [
            crossing
            for crossing in sent
            if (crossing.protocol, crossing.part) == kind
        ]
        name = f"{kind[1].value} of {kind[0]}"
        marks |= {
            f"{mark} ({name})": value
            for mark, value in _marks_of(group, began).items()
        }
    marks |= values_that_change(sent)
    marks["files that changed"] = float(len(growth))
    marks["bytes that stores grew by"] = float(sum(growth.values()))
    marks |= {
        f"growth of {name}": float(size) for name, size in growth.items()
    }
    marks |= {
        f"lines of {name}": float(count) for name, count in log_lines.items()
    }
    return Footprint({name: value for name, value in marks.items() if value})


def values_that_change(sent: Iterable[Crossing]) -> dict[str, float]:
    """For each place in texts of one shape, how many values more than one it had. A text that is always sent
    in one length may say in one digit how loud it is."""
    values: dict[tuple[bytes, int], set[bytes]] = {}
    for crossing in sent:
        if crossing.part is Part.MESSAGE and is_printable(crossing.content):
            spaced = b" ".join(crossing.content.split())
            shape = VALUE.sub(b"*", spaced)[:LONGEST_SHAPE]
            for place, value in enumerate(VALUE.findall(crossing.content)):
                if len(values) < MOST_PLACES or (shape, place) in values:
                    values.setdefault((shape, place), set()).add(value)
    return {
        f"values in place {place} of {shape.decode('ascii', 'replace')}": float(
            len(found) - 1
        )
        for (shape, place), found in values.items()
        if len(found) > 1
    }


def _marks_of(
    group: Sequence[Crossing], began: Microseconds
) -> dict[str, float]:
    """Marks of what was sent in one way."""
    sizes = [crossing.size for crossing in group]
    times = [crossing.time_taken - began for crossing in group]
    content = b"".join(crossing.content for crossing in group)
    return {
        "messages": float(sum(crossing.whole for crossing in group)),
        "bytes": float(sum(sizes)),
        "largest": float(max(sizes)),
        "smallest": float(min(sizes)),
        "first at": float(times[0]),
        "last at": float(times[-1]),
        "middle at": float(statistics.median(times)),
        "bytes when compressed": float(
            len(zlib.compress(content[: 1 << 20]))
        ),
    }


def compare_twins(
    pairs: Sequence[tuple[Footprint, Footprint]],
) -> TwinComparison:
    """Compare pairs of (with speech, room alone). Two pairs without any difference are alike. Where there
    is one, add pairs while the outcome is UNDECIDED: four decide where chance has no part, eight where it
    has, by an exact test on exchanges within pairs."""
    count = len(pairs)
    differing = [
        name
        for name in _mark_names(pairs)
        if any(_mark_difference(pair, name) for pair in pairs)
    ]
    if not differing:
        return TwinComparison(
            TwinOutcome.ALIKE, count, missed=missed_share(count)
        )
    steady = [
        name
        for name in differing
        if count >= FEWEST_PAIRS and _is_steady(pairs, name)
    ]
    if steady:
        return _tell_apart(
            pairs,
            max(steady, key=lambda name: _difference_weight(pairs, name)),
            2.0 ** (1 - 2 * count),
        )
    strongest, chance = exchange_test(pairs, differing)
    if chance <= ERROR_RATE:
        return _tell_apart(pairs, strongest, chance)
    if 2.0 ** (1 - count) > ERROR_RATE:
        return TwinComparison(TwinOutcome.UNDECIDED, count, mark=strongest)
    return TwinComparison(
        TwinOutcome.ALIKE,
        count,
        error_rate=ERROR_RATE,
        missed=missed_share(count),
    )


def exchange_test(
    pairs: Sequence[tuple[Footprint, Footprint]], names: Sequence[str]
) -> tuple[str, float]:
    """The mark that differs most steadily, and the chance of that or more over all marks (Fisher's exact
    permutation test in pairs, with the largest statistic over the marks, Westfall and Young 1993).

    If speech made no difference, speech and room could be exchanged within each pair. The statistic of a
    mark is the sum of its differences over the root of the sum of their squares, which exchanging does not
    change."""
    table = [
        [_mark_difference(pair, name) for pair in pairs[:MOST_PAIRS]]
        for name in names
    ]
    scales = [
        sum(value * value for value in row) ** 0.5 or 1.0 for row in table
    ]

    def largest(signs: Sequence[int]) -> tuple[float, int]:
        values = [
            abs(
                sum(
                    sign * value
                    for sign, value in zip(signs, row, strict=True)
                )
            )
            / scale
            for row, scale in zip(table, scales, strict=True)
        ]
        best = max(range(len(values)), key=values.__getitem__)
        return values[best], best

    exchanges = list(product((1, -1), repeat=len(table[0])))
    seen, best = largest(exchanges[0])
    as_large = sum(
        largest(signs)[0] >= seen - ROUNDING for signs in exchanges
    )
    return names[best], as_large / len(exchanges)


def missed_share(pairs: int) -> float:
    """The largest share of runs that may differ and yet all pairs be alike once in 20 times."""
    # 0.05: once in 20 times.
    return 1.0 - 0.05 ** (1.0 / pairs) if pairs else 1.0


def _mark_names(pairs: Sequence[tuple[Footprint, Footprint]]) -> list[str]:
    return list(
        dict.fromkeys(
            name for pair in pairs for run in pair for name in run.marks
        )
    )


def _mark_difference(pair: tuple[Footprint, Footprint], name: str) -> float:
    return pair[0].of(name) - pair[1].of(name)


def _is_steady(
    pairs: Sequence[tuple[Footprint, Footprint]], name: str
) -> bool:
    """Whether all runs of one kind agree among themselves, so that chance has no part in the difference."""
    with_speech = {pair[0].of(name) for pair in pairs}
    room_alone = {pair[1].of(name) for pair in pairs}
    return len(with_speech) == len(room_alone) == 1 or _never_meet(
        with_speech, room_alone
    )


def _never_meet(with_speech: set[float], room_alone: set[float]) -> bool:
    """Whether a mark is there in all runs of one kind and in none of the other: its size may vary with
    what is said."""
    return (with_speech == {0.0} and 0.0 not in room_alone) or (
        room_alone == {0.0} and 0.0 not in with_speech
    )


def _difference_weight(
    pairs: Sequence[tuple[Footprint, Footprint]], name: str
) -> float:
    """How plain a difference is: relative to the larger value."""
    one, other = pairs[0][0].of(name), pairs[0][1].of(name)
    return abs(one - other) / max(abs(one), abs(other), 1.0)


def _tell_apart(
    pairs: Sequence[tuple[Footprint, Footprint]], mark: str, chance: float
) -> TwinComparison:
    return TwinComparison(
        TwinOutcome.APART,
        len(pairs),
        mark=mark,
        with_speech=statistics.mean(pair[0].of(mark) for pair in pairs),
        room_alone=statistics.mean(pair[1].of(mark) for pair in pairs),
        error_rate=chance,
    )
