"""Ways to what was not visited yet: shortest runs of the model to each of its transitions and promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from earwitness.conformance.running.choices import (
    Chooser,
    everything_everywhere,
)
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.tour import questions
from earwitness.conformance.stimuli.stimulus import (
    Power,
    Say,
    Scenario,
    SetTone,
)
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.vectors.vector import Vector, device_of

TRANSITION = "transition "
"""How a vector names a transition that it reaches."""


def model_paths(
    vectors: Iterable[Vector], hello: Hello, visited: Iterable[str]
) -> Iterator[Scenario]:
    """The vectors' scenarios that the target can be given, those first that reach transitions nobody visited;
    then the same with the tone on."""
    known = frozenset(visited)
    fitting = list(_fitting_vectors(vectors, hello))
    fresh = [path for each, path in fitting if not _reached_by(each) <= known]
    rest = [path for _, path in fitting if path not in fresh]
    yield from fresh
    yield from rest
    for path in (*fresh, *rest):
        device = path[0].device
        toned = (Power(device, "restore"), SetTone(device, True), *path)
        if not any(impossible(step, hello) for step in toned):
            yield toned


def aims_of(
    vectors: Iterable[Vector],
    chooser: Chooser,
    length: int,
    visited: Iterable[str] = (),
) -> Iterator[Scenario]:
    """What a search tries before it leaves all to chance: ways to what the model has, everybody's questions
    after a request, and each deed in each state."""
    hello = chooser.hello
    paths = model_paths(vectors, hello, visited)
    yield from join_paths(paths, hello, length)
    yield from questions_after_request(hello)
    yield from join_parts(everything_everywhere(chooser), length)


def questions_after_request(hello: Hello) -> Iterator[Scenario]:
    """A request to a device, and everybody asks for everything: of two properties, in every role."""
    device = next(iter(hello.devices))
    asked = [q for q in questions(device) if not impossible(q, hello)]
    if asked:
        yield Say(device, "weather"), *asked


def join_parts(parts: Iterable[Scenario], length: int) -> Iterator[Scenario]:
    """Several parts that end as they began, as many as there is room for."""
    joined: Scenario = ()
    for part in parts:
        if joined and len(joined) + len(part) > length:
            yield joined
            joined = ()
        joined = (*joined, *part)
    if joined:
        yield joined


def join_paths(
    paths: Iterable[Scenario], hello: Hello, length: int
) -> Iterator[Scenario]:
    """Several paths one after another, as many as there is room for, each from a device without power."""
    joined: Scenario = ()
    for path in paths:
        cut = Power(path[0].device, "cut")
        off = () if impossible(cut, hello) else (cut,)
        if joined and len(joined) + len(off) + len(path) > length:
            yield joined
            joined = ()
        joined = (*joined, *off, *path) if joined else path
    if joined:
        yield joined


def _fitting_vectors(
    vectors: Iterable[Vector], hello: Hello
) -> Iterator[tuple[Vector, Scenario]]:
    seen: set[Scenario] = set()
    for vector in vectors:
        device = device_of(vector.kind, hello.devices)
        if device is None or not vector.steps:
            continue
        scenario = vector.scenario(device)
        if scenario in seen:
            continue
        seen.add(scenario)
        if not any(impossible(step, hello) for step in scenario):
            yield vector, scenario


def _reached_by(vector: Vector) -> frozenset[str]:
    """Names of the transitions that a vector reaches."""
    return frozenset(
        name.removeprefix(TRANSITION)
        for name in vector.reaches
        if name.startswith(TRANSITION)
    )
