"""The process of work that is done beside: it is given the work on standard input and writes what comes of it
to a pipe. It imports little until it has read all, so that nobody waits for it."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Of `linux/prctl.h`."""


def main() -> None:
    content = sys.stdin.buffer.read()
    writing, nicer = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(writing, False)
    os.nice(nicer)
    _end_with_parent()
    # To end by an exception leaves no folders behind. Ctrl-C is for whoever began this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(writing, "wb") as out:

        def tell(answer: object) -> None:
            out.write(pickle.dumps(answer))
            out.flush()

        if "tells" in sys.argv[3:]:
            ended = _do_work(content, tell)
            if ended is not None:
                tell(ended)
        else:
            tell(_do_work(content))


def _do_work(content: bytes, *given: object) -> object:
    from earwitness.conformance.targets.protocol import TargetError

    try:
        return pickle.loads(content)(*given)
    except TargetError as error:
        return error


def _end_with_parent() -> None:
    """Where the kernel can, it tells this process to end when whoever began it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


if __name__ == "__main__":
    main()
