"""The open-vocabulary recogniser, an extra: Whisper through faster-whisper, from a local folder of weights.
Nothing is fetched."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import numpy as np

from earwitness.reference_impl.cloud.asr import Hypothesis

BEAMS = 5
"""Hypotheses that are followed; the model's authors use 5."""
SILENT = 0.6
"""No-speech probability from which nothing was said: it reads words into silence (0.9 and more there, below
0.2 on requests)."""


class WhisperRecognizer:
    """Loads the weights once. Raises RuntimeError where the extra or the weights are missing."""

    def __init__(self, folder: Path) -> None:
        try:
            # Its voice detector runs on onnxruntime, which else reports each process to its maker.
            os.environ["ORT_DISABLE_TELEMETRY"] = "1"
            from faster_whisper import WhisperModel
            from faster_whisper.tokenizer import Tokenizer
        except ImportError:
            raise RuntimeError(
                "faster-whisper is not installed; pip install 'earwitness[whisper]'"
            ) from None
        if not (folder / "model.bin").is_file():
            raise RuntimeError(
                f"{folder} holds no Whisper weights in CTranslate2 form (model.bin)"
            )
        self._model = WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            local_files_only=True,
        )
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language="en",
        )

    def recognize_speech(self, sound: bytes) -> list[Hypothesis]:
        """n-best with shares that sum to 1, texts that differ only in case or punctuation merged."""
        from faster_whisper.audio import pad_or_trim

        samples = np.frombuffer(sound, np.int16).astype(np.float32) / 32768
        # A tenth of a second holds no word.
        if len(samples) < 1600:
            return []
        encoded = self._model.encode(
            pad_or_trim(self._model.feature_extractor(samples))
        )
        prompt = self._model.get_prompt(
            self._tokenizer,
            [],
            without_timestamps=True,
        )
        (result,) = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=BEAMS,
            num_hypotheses=BEAMS,
            return_scores=True,
            return_no_speech_prob=True,
        )
        if result.no_speech_prob > SILENT:
            return []
        shares: dict[str, float] = {}
        best = max(
            score * len(ids)
            for score, ids in zip(
                result.scores,
                result.sequences_ids,
                strict=True,
            )
        )
        for score, ids in zip(
            result.scores,
            result.sequences_ids,
            strict=True,
        ):
            text = " ".join(
                re.sub(
                    r"[^a-z' ]",
                    " ",
                    self._tokenizer.decode(ids).lower(),
                ).split()
            )
            if text:
                shares[text] = shares.get(text, 0.0) + math.exp(
                    score * len(ids) - best
                )
        total = sum(shares.values())
        return sorted(
            (
                Hypothesis(text, share / total)
                for text, share in shares.items()
            ),
            key=lambda h: -h.confidence,
        )
