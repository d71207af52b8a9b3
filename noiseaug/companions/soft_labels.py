"""Label smoothing: a `soft_label` in every row of the manifest, which is noise on the targets instead of the inputs.

A class is the row's `label`, the name of a folder above the source. Of k classes, a source's own gets 1 - EPS
and each other one EPS / (k - 1), in the order of `classes.json` (Szegedy et al. 2016, "Rethinking the Inception
architecture for computer vision", section 7, there with EPS / k for all k).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable

from noiseaug.errors import Stopped, Unfit
from noiseaug.manifest.reading import record_of
from noiseaug.manifest.records import record_line
from noiseaug.planning.labels import SoftLabel

_MOST_CLASSES = 32_768  # so that a row stays within what is read as one
# Quotes within texts are escaped, so this can stand nowhere else in the line of a row.
_MARK = b'"soft_label": ['


class SoftLabels:
    """The soft labels of all classes.

    Args:
        classes: the names of the classes.
        epsilon: what the classes that a source is not of get together, 0 <= epsilon < 1.

    Raises:
        Unfit: if there are fewer than two classes, or more than 32,768.

    >>> SoftLabels(["dogs", "cats"], 0.1).of("cats").values
    [0.9, 0.1]
    """

    def __init__(self, classes: Iterable[str], epsilon: float) -> None:
        self.classes = sorted(classes)  # the order of torchvision's ImageFolder
        count = len(self.classes)
        if count < 2:
            found = f"only {self.classes[0]!r}" if self.classes and self.classes[0] else "none"
            raise Unfit(f"label smoothing needs two class folders or more in SOURCE, and there is {found}")
        if count > _MOST_CLASSES:
            raise Unfit(f"label smoothing is for {_MOST_CLASSES:,} classes at most; SOURCE has {count:,} class folders")
        self._own, self._other = 1 - epsilon, epsilon / (count - 1)
        self._places = {name: place for place, name in enumerate(self.classes)}

    @functools.lru_cache(maxsize=16)  # noqa: B019 - neighbours in a walk are of one class
    def of(self, label: str) -> SoftLabel:
        """Return the soft label of a source of this class.

        Raises:
            Stopped: if it is none of those given.
        """
        if label not in self._places:
            raise Stopped(
                f"a row has the label {json.dumps(label)}, but the walk found no source in a folder of that name; "
                "if SOURCE changed meanwhile, run again; if the manifest was edited, run with --force"
            )
        return SoftLabel(self._places[label], len(self.classes), self._own, self._other)

    def put_into(self, line: bytes) -> bytes:
        """Return the line of a row that was written before, with the soft label that it is to have now.

        Raises:
            Stopped: if the row has a label that is no class.
        """
        record = record_of(line)
        values = self.of(record["label"]).values
        return line if record.get("soft_label") == values else record_line(record | {"soft_label": values})

    def listing(self) -> bytes:
        """Return the content of classes.json."""
        return json.dumps(self.classes, indent=0).encode() + b"\n"


def is_soft(line: bytes) -> bool:
    """Tell whether there is a soft label in the line of a row."""
    return _MARK in line


def taken_off(line: bytes) -> bytes:
    """Return the line of a row without its soft label.

    >>> taken_off(b'{"file_name": "a", "source_path": "a", "label": "cats", "soft_label": [0.9, 0.1], "copy": 0}')
    b'{"file_name": "a", "source_path": "a", "label": "cats", "copy": 0}\\n'
    """
    record = record_of(line)
    del record["soft_label"]
    return record_line(record)
