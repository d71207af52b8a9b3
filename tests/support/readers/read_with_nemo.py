"""Prints what NeMo's own reader makes of a manifest, as JSON.

Its module is loaded without the rest of NeMo, which needs torch and a dozen libraries more.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from support.readers.stand_in import stand_in_for


class LocalFile:
    """Takes the place of NeMo's objects in data stores, which are copied here first."""

    def __init__(self, path):
        self._path = path

    def get(self):
        return self._path


def reader():
    """NeMo's module of manifests."""
    (package,) = importlib.util.find_spec("nemo").submodule_search_locations
    stand_in_for("nemo")
    import nemo.utils.data_utils

    nemo.utils.data_utils.is_datastore_path = lambda path: path.startswith("ais://")
    nemo.utils.data_utils.DataStoreObject = LocalFile
    path = Path(package) / "collections/common/parts/preprocessing/manifest.py"
    spec = importlib.util.spec_from_file_location("manifest_of_nemo", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    print(json.dumps(list(reader().item_iter(sys.argv[1]))))
