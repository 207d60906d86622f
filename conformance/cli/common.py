"""What the commands share: which packs are meant, and how a trace is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from earwitness.model.trace import Observation
    from earwitness.policies.pack import Pack

PACKS = ("alexa-smart-properties", "voice-baseline")


def packs_named(names: tuple[str, ...]) -> tuple[Pack, ...]:
    """The packs of these names or files; the shipped ones where none is given. Raises PackError."""
    from earwitness.policies.pack import find

    return tuple(find(name) for name in names or PACKS)


def print_trace(trace: tuple[Observation, ...]) -> None:
    for seen in trace:
        click.echo(
            f"          {seen.time / 1_000_000:12.6f} s  {seen.event}  {dict(seen.attributes) or ''}"
        )
