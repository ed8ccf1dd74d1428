"""Texts become L2-normalised vectors that do not depend on the texts they are encoded with.

Nothing is ever padded. Texts of exactly equal length share a run where the graph is our own, in which no number of one
text depends on the others: a vector is the same bit for bit whatever the batch, the order or the number of threads. Of
any other graph that is unknown, and on a CPU every text is then a run of its own. Several runs go in parallel, one
thread each. ``docs/decisions/0021`` has the CPU's numbers; the path for GPUs has not been run yet, and its vectors may
differ from a CPU's in the last bits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from creators.errors import SetupError
from creators.text import replace_lone_surrogates
from enrich.encoders.export import exported_encoder
from enrich.encoders.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    from enrich.encoders.graph import Precision

DIMENSION = 384
"""Length of the vectors that the creators index holds."""
MAX_CHARACTERS = 20_000
"""Only so much of a text is tokenised; far beyond what any model reads, it bounds the work of a hostile text."""
CUDA_TOKENS_PER_RUN = 16_384
CPU_TOKENS_PER_RUN = 512
"""More do not get faster: what the layers hand on no longer fits a core's cache."""
_KNOWN_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_WORD_VECTORS_RANK = 3
_PROBE_TOKENS = 18
_QUIET = 3  # ONNX Runtime: errors only

Provider = Literal["cpu", "cuda"]
Vectors = NDArray[np.float32]


class TextEncoder:
    """One loaded encoder; safe to share between threads.

    Attributes:
        fingerprint: name, weights, precision, pooling and token limit; two encoders with one fingerprint agree.
        dimension: length of a vector.
        max_tokens: tokens read of a text, its two markers included.
        threads: runs at once.
        tokens_per_run: texts of equal length share a run up to so many tokens; 0 gives each text its own.
    """

    def __init__(self, session: Any, tokenizer: Any, manifest: Manifest, threads: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.threads = threads
        self._inputs = [node.name for node in session.get_inputs()]
        self._output = _output_name(session)
        self.max_tokens = manifest.max_tokens
        self.fingerprint = manifest.fingerprint
        # The probe is the last word of the vocabulary: a tokenizer of another model fails here, not in production.
        last_word = np.array([[tokenizer.get_vocab_size() - 1]], dtype=np.int64)
        self.dimension = int(self.run(last_word).shape[1])
        self.tokens_per_run = CUDA_TOKENS_PER_RUN
        if session.get_providers()[0] == "CPUExecutionProvider":
            self.tokens_per_run = CPU_TOKENS_PER_RUN if manifest.shares_runs and self._same_together() else 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector per text, float32 of shape (n, dimension); an empty text has a vector too."""
        tokens = [self.tokenise(text) for text in texts]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        runs = list(_runs([len(ids) for ids in tokens], self.tokens_per_run))

        def fill(rows: list[int]) -> None:
            vectors[rows] = self.run(np.array([tokens[row] for row in rows], dtype=np.int64))

        if len(runs) == 1 or self.threads == 1:
            for rows in runs:
                fill(rows)
        else:
            # Made per call: a pool that outlives the call would be dead in a forked worker.
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(fill, runs))
        return vectors

    def encode_one(self, text: str) -> Vectors:
        """Return the vector of one text, of shape (dimension,)."""
        vector: Vectors = self.encode([text])[0]
        return vector

    def tokenise(self, text: str) -> list[int]:
        """Return the token ids of a text, its two markers included, at most ``max_tokens``."""
        ids: list[int] = self._tokenizer.encode(replace_lone_surrogates(text)[:MAX_CHARACTERS]).ids
        return ids

    def run(self, input_ids: NDArray[np.int64]) -> Vectors:
        """Return the vectors of texts of equal length, given as token ids of shape (texts, tokens)."""
        feeds = {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
        feeds["token_type_ids"] = np.zeros_like(input_ids)
        (vectors,) = self._session.run([self._output], {name: feeds[name] for name in self._inputs})
        if vectors.ndim == _WORD_VECTORS_RANK:
            vectors = vectors.mean(axis=1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        normalised: Vectors = (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
        return normalised

    def _same_together(self) -> bool:
        # The graph allows it; whether this processor's kernels do, too, is seen.
        ids = np.arange(1_000, 1_000 + 3 * _PROBE_TOKENS, dtype=np.int64).reshape(3, _PROBE_TOKENS)
        return all(np.array_equal(self.run(ids)[row], self.run(ids[row : row + 1])[0]) for row in range(len(ids)))


def default_encoder(
    cache_dir: Path, encoder_dir: Path | None, provider: Provider, threads: int, precision: Precision = "fp32"
) -> TextEncoder:
    """Return the encoder of ``encoder_dir``, or all-MiniLM-L6-v2, exported into ``cache_dir`` at first use.

    Raises:
        SetupError: the encoder cannot be made, loaded, or does not fit the index; the message names the fix.
    """
    if provider == "cuda" and precision == "int8" and encoder_dir is None:
        detail = "the int8 form has no CUDA kernels; set CREATORSCOPE_ENCODER_PRECISION to fp32, or the provider to cpu"
        raise SetupError(detail, field="encoder_precision")
    encoder = load_encoder(encoder_dir or exported_encoder(cache_dir, precision), provider, threads)
    if encoder.dimension != DIMENSION:
        detail = (
            f"{encoder_dir} makes vectors of {encoder.dimension} numbers, the creators index holds {DIMENSION}; "
            "point CREATORSCOPE_ENCODER_DIR to an encoder of that size, or unset it"
        )
        raise SetupError(detail, field="encoder_dir")
    return encoder


def load_encoder(directory: Path, provider: Provider = "cpu", threads: int = 0) -> TextEncoder:
    """Return the encoder in ``directory`` (``model.onnx``, ``tokenizer.json``, at best ``encoder.json``).

    Args:
        directory: made by this package or by any exporter of sentence encoders to ONNX.
        provider: ``cuda`` needs the GPU build of ONNX Runtime.
        threads: texts encoded at once; 0 is one per core that this process may use.

    Raises:
        SetupError: a file is missing or does not fit the others, or the provider is not there.
    """
    manifest = read_manifest(directory)
    try:
        tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(manifest.max_tokens)
        session = _session(directory / "model.onnx", provider)
        return TextEncoder(session, tokenizer, manifest, threads or _cores())
    except SetupError:
        raise
    except Exception as error:  # both libraries raise bare Exception subclasses of their own
        detail = f"{directory} is not a sentence encoder that runs here: model.onnx and tokenizer.json: {error}"
        raise SetupError(detail, field="encoder_dir") from error


def _session(model: Path, provider: Provider) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    if provider == "cpu":
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    # TF32 would cut the products to 10 bits, and GPU vectors would differ from those of the CPU.
    wanted: list[Any] = [("CUDAExecutionProvider", {"use_tf32": 0})]
    session = None
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        session = onnxruntime.InferenceSession(str(model), options, providers=[*wanted, "CPUExecutionProvider"])
    if session is None or session.get_providers()[0] != "CUDAExecutionProvider":
        detail = (
            "CREATORSCOPE_ENCODER_PROVIDER is cuda, but ONNX Runtime finds no CUDA here; "
            "install onnxruntime-gpu in place of onnxruntime, or set it to cpu"
        )
        raise SetupError(detail, field="encoder_provider")
    return session


def _output_name(session: Any) -> str:
    inputs = {node.name for node in session.get_inputs()}
    if "input_ids" not in inputs or inputs - _KNOWN_INPUTS:
        detail = f"model.onnx takes {sorted(inputs)}; a sentence encoder takes input_ids and at most {_KNOWN_INPUTS}"
        raise SetupError(detail, field="encoder_dir")
    names = [node.name for node in session.get_outputs()]
    return "sentence_embedding" if "sentence_embedding" in names else str(names[0])


def _runs(lengths: Sequence[int], tokens_per_run: int) -> Iterator[list[int]]:
    """Yield rows of equal length, longest first, each run within the token budget or one text."""
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        same = bool(rows) and lengths[rows[0]] == lengths[row]
        if rows and not (same and (len(rows) + 1) * lengths[row] <= tokens_per_run):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # absent on macOS and Windows
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)
