"""Artifacts, versions and aliases on disk: published whole or not at all. Knows nothing of models.

The same layout stands in a folder and on object storage, where the manifest is put last and only if absent::

    artifacts/<stage>/<fingerprint>/<attempt>/…      the files of one artifact
    artifacts/<stage>/<fingerprint>/manifest.json    names the attempt; written last and only if absent: the commit
    artifacts/<stage>/<fingerprint>/<attempt>.draft  the lease of a writer at work, locked while it lives
    versions/<name>.json                             immutable: one artifact per stage, metrics, parents
    aliases/<alias>.json                             replaced atomically, carries its own history
"""

from graphrec.store.artifact import Artifact, FileRecord
from graphrec.store.catalogue import StageRef, Version, VersionConflict
from graphrec.store.fingerprint import fingerprint
from graphrec.store.store import Collected, Store

__all__ = ["Artifact", "Collected", "FileRecord", "StageRef", "Store", "Version", "VersionConflict", "fingerprint"]
