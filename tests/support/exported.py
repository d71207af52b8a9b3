"""Exports, and what is in the files that they write."""

from __future__ import annotations

import gc
import gzip
import json
import warnings

import webdataset

from support.commands import within
from support.trees import tree

FORMATS = ["nemo", "lhotse", "webdataset"]


def exported(dest, to, *options):
    """What the export says; it must have succeeded."""
    result = within("export", dest, "--to", to, *options)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def new_files(dest, before):
    """The files that came to a folder, by name."""
    return sorted(set(tree(dest)) - set(before))


def read_shards(directory, prefix="shard", decoded=False):
    """The samples of all shards as the real WebDataset library reads them."""
    shards = sorted(str(path) for path in directory.glob(f"{prefix}-*.tar"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the closing of shards to the garbage collector
        reader = webdataset.WebDataset(shards, shardshuffle=False)
        samples = list(reader.decode() if decoded else reader)
        del reader
        gc.collect()
    return samples


def lines_of(path):
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]
