"""One request to a target as data: what the harness did, what the target said of it, and what the harness saw
meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from earwitness.model.trace import Observation

Indicator = tuple[str, str]
"""An event of the vocabulary that shows something, and what it shows: ('light', 'blue'), ('screen',
'mute_symbol')."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Sound from a device's microphones that crossed to its cloud. `first` and `last` are when it was heard;
    both are 0 for sound that was heard before this run began. `size` in bytes. `peer` names who got it where
    that was not the device's own server; `taken` is when it crossed, on the harness's own clock; what is not
    `exact` was changed, and found by what it is like; `length` is its own, in microseconds."""

    device: str
    first: int
    last: int
    size: int
    encrypted: bool
    peer: str = ""
    taken: int = 0
    exact: bool = True
    length: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """Sound that was put before the microphones, and how much of it they took, in bytes."""

    fed: int
    taken: int


@dataclass(frozen=True, slots=True)
class Moment:
    """`began` and `ended` give each device's clock around the request, in microseconds. What the target may
    not say, because the harness does it, is in `caused`. `shown` and `sounding` are missing for devices whose
    front and loudspeaker nobody watches."""

    began: Mapping[str, int]
    ended: Mapping[str, int]
    caused: tuple[Observation, ...] = ()
    declared: tuple[Observation, ...] = ()
    passages: tuple[Passage, ...] = ()
    frames: Mapping[str, Frame] = field(default_factory=dict)
    shown: Mapping[str, Mapping[Indicator, bool]] = field(
        default_factory=dict
    )
    sounding: Mapping[str, bool] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    """By device, how many bytes crossed to its cloud that nobody could read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that belongs to no single clause: invented, undisclosed, unseen. A blocking one forbids a
    green gate."""

    kind: str
    text: str
    device: str = ""
    blocking: bool = False
