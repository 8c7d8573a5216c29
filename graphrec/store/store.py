"""The store: artifacts, the versions that name them, and the aliases that name versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec.errors import ArtifactError, ConfigError
from graphrec.store.artifact import Artifact
from graphrec.store.catalogue import Catalogue, StageRef, Version
from graphrec.store.files import storage_errors
from graphrec.store.folder import FolderRecords
from graphrec.store.parts import Artifacts, Write
from graphrec.store.shelf import Shelf
from graphrec.store.uri import cache_folder, local_path, remote_uri


@dataclass(frozen=True)
class Collected:
    """What :meth:`Store.gc` removed, or would."""

    versions: tuple[str, ...]
    artifacts: tuple[Artifact, ...]

    @property
    def bytes(self) -> int:
        """Disk space that the artifacts took."""
        return sum(one.bytes for one in self.artifacts)


class Store:
    """Artifacts, versions and aliases in a folder or on object storage, safe for many processes at once.

    Opening touches nothing; folders appear with the first write. Artifacts found or published through this object are
    leased, that is, no gc removes them, until :meth:`close` or the end of the process.

    On object storage (``s3://bucket/prefix``, ``gs://``, ``az://``; credentials: :mod:`graphrec.store.objects`) files
    are read from a mirror on this machine. Leases hold on this machine alone; gc and the sweep of what a crash left
    spare whatever is younger than a day instead. See :mod:`graphrec.store.remote`.

    Args:
        root: The store's folder, or a URI as text.
        recheck: Compare what is found with its manifest even if this process has done so before.

    Attributes:
        place: The folder or the URI, for messages.
        root: The store's folder, or that of the mirror.

    Raises:
        ConfigError: If no such URI can be opened, or it needs what is not installed.
    """

    def __init__(self, root: Path | str, *, recheck: bool = False) -> None:
        uri = remote_uri(root)
        self.place = uri or str(local_path(root))
        self._shelf: Artifacts
        self._catalogue: Catalogue
        if uri is None:
            self.root = local_path(root)
            self._shelf, self._catalogue = Shelf(self.root, recheck=recheck), Catalogue(FolderRecords(self.root))
        else:
            from graphrec.store.remote import open_remote

            self.root = cache_folder(uri)
            self._shelf, records = open_remote(uri, self.root, recheck=recheck)
            self._catalogue = Catalogue(records)

    @property
    def scratch(self) -> Path:
        """A local folder for what may be lost: caches, checkpoints of unfinished work."""
        return self.root

    def find(self, stage: str, fingerprint: str) -> Artifact | None:
        """Return the committed artifact of a fingerprint, or ``None``.

        All its files are read and compared with the manifest the first time this process sees it, or with ``recheck``
        this object.

        Raises:
            ConfigError: If the stage or the fingerprint is no name.
            ArtifactError: If a file or the manifest is damaged, or a newer graphrec wrote it.
        """
        return self._shelf.find(stage, fingerprint)

    def publish(
        self,
        stage: str,
        fingerprint: str,
        write: Write,
        *,
        inputs: Mapping[str, str] | None = None,
        libraries: Sequence[str] = (),
    ) -> Artifact:
        """Run ``write`` on an empty folder and publish what it wrote, whole or not at all.

        If the fingerprint is already published, ``write`` does not run; if another process publishes it meanwhile,
        this attempt is removed. Either way the published artifact is returned.

        Args:
            stage: Name of the stage.
            fingerprint: Key of what goes in, from :func:`fingerprint`.
            write: Writes files into the folder it is given; returns facts about them (JSON) or ``None``.
            inputs: Name → digest of what is read, for lineage.
            libraries: Distributions whose versions are noted.

        Raises:
            StoreWriteError: If the disk is full or not writable; nothing is published and the space is freed.
            ArtifactError: If ``write`` wrote nothing, links, or facts that are not JSON.
        """
        return self._shelf.publish(stage, fingerprint, write, inputs=inputs or {}, libraries=libraries)

    def artifact(self, version: Version | str, stage: str) -> Artifact:
        """Return the artifact that a version (or an alias, or a version's name) means for a stage.

        Raises:
            ArtifactError: If the version has no such stage, or the artifact is gone or another one.
        """
        found = self.resolve(version) if isinstance(version, str) else version
        if stage not in found.stages:
            raise ArtifactError(f"version {found.name} must have stage {stage!r} (got {', '.join(found.stages)})")
        return self._referred(found.name, stage, found.stages[stage])

    def save_version(
        self, name: str, stages: Mapping[str, Artifact], metrics: Mapping[str, Any], parents: Sequence[str] = ()
    ) -> Version:
        """Publish an immutable version; the same content again under the same name is fine.

        Args:
            name: Its name.
            stages: Stage → artifact, each published in this store.
            metrics: Figures about it, JSON.
            parents: Names of the versions it came from.

        Raises:
            VersionConflict: If the name holds another content.
            ArtifactError: If an artifact is not in this store.
            StoreWriteError: If the disk is full or not writable.
        """
        refs = self._refs(name, stages)
        return self._standing(self._catalogue.save(Version(name, refs, dict(metrics), tuple(parents))))

    def add_version(
        self, stages: Mapping[str, Artifact], metrics: Mapping[str, Any], parents: Sequence[str] = ()
    ) -> Version:
        """Publish a version under the next free number, however many processes do so at once.

        A run that changed nothing makes no new version: if the newest has these stages and metrics, it is returned.
        """
        refs = self._refs("new", stages)
        return self._standing(self._catalogue.add(lambda name: Version(name, refs, dict(metrics), tuple(parents))))

    def next_version_name(self) -> str:
        """Return the next free number, such as ``v0001`` (:meth:`add_version` also takes it)."""
        return self._catalogue.next_name()

    def versions(self) -> list[Version]:
        """Return all versions, sorted by name."""
        return self._catalogue.versions()

    def aliases(self) -> dict[str, str]:
        """Return alias → version name."""
        return self._catalogue.aliases()

    def alias_history(self, alias: str) -> list[dict[str, str]]:
        """Return what an alias named over time, oldest first: ``{"version", "set"}`` each."""
        return self._catalogue.history(alias)

    def set_alias(self, alias: str, version: Version | str) -> None:
        """Point an alias at a version, in one step, and note it in the alias's history.

        Raises:
            ConfigError: If the alias is no name, or a version's name.
            ArtifactError: If there is no such version.
            StoreWriteError: If the disk is full or not writable.
        """
        self._catalogue.set_alias(alias, version if isinstance(version, str) else version.name)

    def resolve(self, name: str) -> Version:
        """Return the version that an alias (``latest``) or a name (``v0003``) means.

        Raises:
            ConfigError: If it is no name.
            ArtifactError: If there is none; an empty store says to run first.
        """
        return self._catalogue.resolve(name)

    def named(self, name: str) -> str:
        """Return the name of the version that an alias means, and a version's name as it is.

        The version is not read, so that whoever follows an alias may ask as often as he likes.

        Raises:
            ConfigError: If it is no name.
            ArtifactError: If the alias's record is damaged.
        """
        return self._catalogue.named(name)

    def verify(self, version: Version | str) -> None:
        """Read every file of a version again, on object storage all of them over the network.

        Raises:
            ArtifactError: Naming the first file that is missing or damaged.
        """
        found = self.resolve(version) if isinstance(version, str) else version
        for stage, ref in found.stages.items():
            self._shelf.check(_meant(self._shelf.named(stage, ref.fingerprint), found.name, stage, ref))

    def gc(self, keep: int, *, dry_run: bool = False) -> Collected:
        """Remove old numbered versions, then the artifacts that no version refers to and nobody leases.

        Args:
            keep: How many of the newest numbered versions stay (at least 1, so that no number comes back). Versions
                that an alias names, and versions named by hand, always stay. So does, on object storage, every artifact
                of the last day: a job elsewhere may be about to name it.
            dry_run: Only say what would go.
        """
        if keep < 1:
            raise ConfigError(f"keep must be at least 1 (got {keep}); the newest version always stays")
        with storage_errors(self.root), self._catalogue.records.locked():
            old = self._catalogue.expired(keep)
            if not dry_run:
                old = self._catalogue.drop(old)
                self._shelf.sweep()
                self._catalogue.records.sweep()
            removed = self._shelf.collect(lambda: self._in_use(set(old)), dry_run=dry_run)
        return Collected(old, tuple(removed))

    def close(self) -> None:
        """Give up the leases on what was found here."""
        self._shelf.close()

    def _in_use(self, gone: set[str]) -> set[tuple[str, str]]:
        kept = (one for one in self.versions() if one.name not in gone)
        return {(stage, ref.fingerprint) for one in kept for stage, ref in one.stages.items()}

    def _refs(self, version: str, stages: Mapping[str, Artifact]) -> dict[str, StageRef]:
        refs = {stage: StageRef(one.fingerprint, one.digest) for stage, one in stages.items()}
        for stage, ref in refs.items():
            self._referred(version, stage, ref)  # leased from here on: gc cannot take it before the version stands
        return refs

    def _standing(self, version: Version) -> Version:
        """Return a version just published, or take it back if a gc without locks removed an artifact meanwhile."""
        try:
            for stage, ref in version.stages.items():
                _meant(self._shelf.named(stage, ref.fingerprint), version.name, stage, ref)
        except ArtifactError:
            self._catalogue.drop([version.name])
            raise
        return version

    def _referred(self, version: str, stage: str, ref: StageRef) -> Artifact:
        return _meant(self._shelf.find(stage, ref.fingerprint), version, stage, ref)


def _meant(found: Artifact | None, version: str, stage: str, ref: StageRef) -> Artifact:
    """Return the artifact found, if it is the one that a version means."""
    if found is None or found.digest != ref.digest:
        got = "none" if found is None else f"digest {found.digest[:12]}"
        raise ArtifactError(
            f"version {version}: {stage} must be {ref.fingerprint[:12]} with digest {ref.digest[:12]} (got {got}); "
            "run the stage again"
        )
    return found
