"""The reference as a target: a program in a cell, or, to be quick, within this process."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.lines import (
    answer_from,
    hello_from,
    request_message,
)
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import (
    Answer,
    Hello,
    HelloRequest,
    Message,
    Request,
    Target,
    TargetError,
)
from earwitness.model.vocabulary import nearest

if TYPE_CHECKING:
    from earwitness.reference_impl.session import Session

HALVES = ("faulty", "liar", "honest")
"""The parts of the zoo."""


def open_reference(rest: str, options: TargetOptions) -> Target:
    """`ref`, or `ref:faulty/NAME`, `ref:liar/NAME`, `ref:honest/NAME` of the zoo, as a program like
    everybody's; `ref:fast`, or `ref:fast/NAME`, is the same without sockets and real audio, within this
    process. Raises TargetError."""
    half, _, name = rest.partition("/")
    if half == "fast":
        from earwitness.conformance.targets.fast import FastReferenceTarget

        return FastReferenceTarget(name)
    if rest and not (half in HALVES and name):
        raise TargetError(
            f"'ref:{rest}' names no target; use ref, ref:fast, or one of ref:faulty/, ref:liar/, ref:honest/"
            " and ref:fast/ with a name"
        )
    check_variant(name)
    program = [
        sys.executable,
        "-P",
        "-m",
        "earwitness.reference_impl.session",
        *([name] if name else []),
    ]
    return ProcessTarget(shlex.join(program), options)


def fast_form_of(target: str) -> str:
    """The name of the same target within this process; '' where there is none.

    >>> fast_form_of("ref:liar/small"), fast_form_of("ref"), fast_form_of("exec:./device")
    ('ref:fast/small', 'ref:fast', '')
    """
    kind, _, rest = target.partition(":")
    half, _, name = rest.partition("/")
    if kind != "ref" or half == "fast":
        return ""
    return f"ref:fast/{name}" if name else "ref:fast"


def check_variant(name: str) -> None:
    """Raises TargetError for a name that is not in the zoo; the empty name is the reference as it is."""
    from earwitness.reference_impl.faults.variants import VARIANTS

    if name and name not in VARIANTS:
        raise TargetError(
            f"the reference has no variation '{name}'.{nearest(name, VARIANTS)} Known: {', '.join(VARIANTS)}"
        )


class ReferenceTarget:
    """Drives `earwitness.reference_impl`, as it is or as one of the zoo. Raises TargetError for an unknown
    name."""

    cell = None
    confinement = Confinement.OPEN

    def __init__(self, fault: str = "") -> None:
        check_variant(fault)
        try:
            self._session = self.start(fault)
        except (RuntimeError, OSError) as error:
            raise TargetError(
                f"the reference did not start: {error}"
            ) from None
        self._number = 0
        self.folder = Path(tempfile.mkdtemp(prefix="run-"))
        (self.folder / "out").mkdir()

    def start(self, name: str) -> Session:
        from earwitness.reference_impl.faults.variants import session_class

        session: Session = session_class(name)(name)
        return session

    def introduce(self) -> Hello:
        messages = self._exchange_messages(HelloRequest())
        return hello_from(messages, self._number)

    def request(self, request: Request) -> Answer:
        messages = self._exchange_messages(request)
        # The reference in this process speaks as version 1 does: what it answers beyond the protocol is left
        # out.
        return answer_from(messages, self._number, spoken=1)

    def _exchange_messages(self, request: Request) -> list[Message]:
        self._number += 1
        try:
            asked = request_message(self._number, request)
            return list(self._session.handle_request(cast(Any, asked)))
        except (
            Exception
        ) as error:  # whatever breaks in there is the target's, not ours
            raise TargetError(
                f"the reference broke: {type(error).__name__}: {error}"
            ) from error

    def close(self) -> None:
        self._session.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
