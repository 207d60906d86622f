"""The judge's side of unpacking: a child process with little memory and time does it, and may die of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections import OrderedDict

from earwitness.conformance.witnesses.unpacking import (
    HEAD,
    MOST_BYTES,
    MOST_LEAVES,
    Leaf,
    LeafKind,
    Unpacked,
)

LARGEST = 256 << 20
"""Bytes of one content; a larger one is not unpacked."""
PATIENCE = 120.0
"""Seconds without a byte from the child until it counts as hung. Its own limit is on processor time, so
this is far beyond it."""
LARGEST_HEAD = 4 << 20
"""Bytes of the description of an answer. Chosen: 1 KiB for each of 4,096 leaves."""
REMEMBERED = 48 << 20
"""Bytes of results that are kept, as stores are searched again and again while little in them changes."""
COMMAND = ("-P", "-m", "earwitness.conformance.witnesses.unpacking_child")


class LimitedChild:
    """Starts the child when it is first needed, and again after it died. Close it, or use it in a `with`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._results: OrderedDict[bytes, Unpacked] = OrderedDict()
        self._remembered = 0

    def __enter__(self) -> LimitedChild:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def unpack(self, content: bytes) -> Unpacked:
        """All that is inside, or the reason why it could not be read. Never raises."""
        key = hashlib.sha256(content).digest()
        if key in self._results:
            self._results.move_to_end(key)
            return self._results[key]
        result = self._ask_child(b"u", content)
        self._remember_result(key, result)
        return result

    def decode_packets(self, packets: list[bytes]) -> Unpacked:
        """Sound from bare packets of Opus, one a message."""
        return self._ask_child(
            b"p",
            b"".join(
                len(packet).to_bytes(4, "big") + packet for packet in packets
            ),
        )

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _ask_child(self, kind: bytes, content: bytes) -> Unpacked:
        if len(content) > LARGEST:
            return Unpacked([], [f"larger than {LARGEST >> 20} MiB"])
        try:
            return self._read_answer(kind, content)
        except (OSError, EOFError, ValueError) as error:
            reason = self._explain_death(error)
            self.close()
            return Unpacked([], [reason])

    def _read_answer(self, kind: bytes, content: bytes) -> Unpacked:
        process = self._start_process()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(HEAD.pack(kind, len(content)))
        process.stdin.write(content)
        process.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        (size,) = struct.unpack(
            ">I", self._receive_bytes(process, 4, deadline)
        )
        if size > LARGEST_HEAD:
            raise ValueError("its answer is too long")
        head = json.loads(self._receive_bytes(process, size, deadline))
        return self._read_leaves(process, head, deadline)

    def _read_leaves(
        self,
        process: subprocess.Popen[bytes],
        head: dict[str, list[object]],
        deadline: float,
    ) -> Unpacked:
        """Read what was described. The child may have been taken over, so nothing of it is believed."""
        result = Unpacked(
            [], [str(reason)[:300] for reason in head["unread"][:MOST_LEAVES]]
        )
        left = 4 * MOST_BYTES
        for described in head["leaves"]:
            # Path, kind and size.
            if not isinstance(described, list) or len(described) != 3:
                raise ValueError("its answer is not understood")
            path, kind, size = described
            left -= int(size)
            if int(size) < 0 or left < 0:
                raise ValueError("its answer is too long")
            names = tuple(str(name) for name in path)
            result.leaves.append(
                Leaf(
                    names,
                    LeafKind(kind),
                    self._receive_bytes(process, int(size), deadline),
                )
            )
        return result

    def _start_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, *COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Its own session: what interrupts the judge is the judge's to handle.
                start_new_session=True,
            )
        return self._process

    def _receive_bytes(
        self, process: subprocess.Popen[bytes], size: int, deadline: float
    ) -> bytes:
        assert process.stdout is not None
        pieces: list[bytes] = []
        descriptor = process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"no answer within {PATIENCE:g} s")
                piece = os.read(descriptor, min(size, 1 << 20))
                if not piece:
                    raise EOFError
                pieces.append(piece)
                size -= len(piece)
        return b"".join(pieces)

    def _explain_death(self, error: Exception) -> str:
        """Why the child gave no answer, in a sentence."""
        code = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(1)
        if code == -signal.SIGPROF:
            return "it takes longer to decode than a decoder may use"
        if code is not None and code < 0:
            return f"its decoder was ended by signal {-code}"
        if code:
            return f"its decoder ended with code {code}"
        return f"its decoder gave no answer ({type(error).__name__}: {error})"

    def _remember_result(self, key: bytes, result: Unpacked) -> None:
        self._results[key] = result
        self._remembered += _result_weight(result)
        while self._remembered > REMEMBERED and len(self._results) > 1:
            _, dropped = self._results.popitem(last=False)
            self._remembered -= _result_weight(dropped)


def _result_weight(result: Unpacked) -> int:
    # Bytes that objects take beside their content: a rough guess, as only the order matters.
    return 1_000 + sum(len(leaf.content) + 200 for leaf in result.leaves)
