"""Files that go along with a source: labels, annotations, transcripts and masks of the same stem."""

from __future__ import annotations

import contextlib
import functools
import itertools
import posixpath
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.kinds import kind_of
from noiseaug.planning.walk import matcher
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk

# Folders of images whose labels stand in a folder of another name beside it: YOLO's and Pascal VOC's.
_PARALLEL = {"images": "labels", "JPEGImages": "Annotations"}
_VOC_NAME = re.compile(rb"(<annotation\b.*?<filename>)[^<]*(</filename>)", re.DOTALL)


class Sidecar(NamedTuple):
    """A file that goes along with a source.

    Attributes:
        path: relative to SOURCE.
        mtime_ns: the time of its last change, in nanoseconds.
        folder: of a mask, the folder of masks that it is in; else empty.
    """

    path: str
    mtime_ns: int
    folder: str = ""


class Sidecars:
    """Finds the files that go along with sources: labels by their suffixes, masks by their folders.

    What is kept in its own place does not go along with anything.

    Args:
        source_root: the directory SOURCE.
        suffixes: of the files that go along, such as `.txt`.
        selection: names the folders of masks, and what is kept.

    Attributes:
        are_wanted: whether any files are to go along.
        images: the images for which masks were looked for.
        without_mask: those of them that have none.
    """

    def __init__(self, source_root: str, suffixes: tuple[str, ...], selection: Selection) -> None:
        self._root, self._suffixes, self._masks = source_root, suffixes, selection.masks
        self._kept = matcher(selection.keep) if selection.keep else lambda _: False
        self.are_wanted = bool(suffixes or selection.masks)
        self.images = self.without_mask = 0

    def of(self, source_path: str) -> tuple[Sidecar, ...]:
        """Return the files that go along with a source.

        For each suffix that is one file at most: beside it, or else in the folder that runs parallel to its own, as
        `labels/a.txt` does to `images/a.jpg`. Masks are all images of the same stem in a parallel folder.
        """
        found = []
        for suffix in self._suffixes:
            beside = (self._looked_at(path) for path in _places(source_path, suffix))
            found += list(itertools.islice(filter(None, beside), 1))
        if self._masks and kind_of(source_path) == "image":
            masks = [mask for folder in self._masks for mask in self._masks_of(source_path, folder)]
            self.images += 1
            self.without_mask += not masks
            found += masks
        return tuple(found)

    def note(self) -> str | None:
        """Return what is to be said of images that have no mask."""
        if not self.without_mask:
            return None
        lacking = f"{self.without_mask:,} of {self.images:,} image{'s' if self.images > 1 else ''}"
        folders = " or ".join(f"{folder}/" for folder in self._masks)
        return f"no mask found for {lacking}; expected an image of the same stem in {folders} beside its folder"

    def _masks_of(self, source_path: str, folder: str) -> list[Sidecar]:
        directory, base = posixpath.split(source_path)
        stem = posixpath.splitext(base)[0]
        for place in _parallel_to(directory, folder):
            paths = (f"{place}/{name}" for name in self._images_in(place).get(stem, ()))
            if masks := list(filter(None, (self._looked_at(path, folder) for path in paths))):
                return masks
        return []

    def _looked_at(self, path: str, folder: str = "") -> Sidecar | None:
        try:
            info = disk.stat(f"{self._root}/{path}")
        except OSError:
            return None
        return Sidecar(path, info.st_mtime_ns, folder) if stat.S_ISREG(info.st_mode) and not self._kept(path) else None

    @functools.lru_cache(maxsize=16)  # noqa: B019 - neighbours in a walk have their masks in a few folders
    def _images_in(self, directory: str) -> dict[str, list[str]]:
        """Return the names of images in a directory of SOURCE by their stems."""
        found: dict[str, list[str]] = {}
        with contextlib.suppress(OSError):
            for name in disk.names_in(f"{self._root}/{directory}"):
                if kind_of(name) == "image":
                    found.setdefault(posixpath.splitext(name)[0], []).append(name)
        return found


def _parallel_to(directory: str, folder: str) -> Iterator[str]:
    """Yield the places of masks of images in a directory: `folder` in place of one of its parts, or within it.

    >>> list(_parallel_to("train/images", "masks"))
    ['train/masks', 'masks/images', 'train/images/masks']
    """
    parts = directory.split("/") if directory else []
    for index in reversed(range(len(parts))):
        yield "/".join([*parts[:index], folder, *parts[index + 1 :]])
    yield "/".join([*parts, folder])


def name_for(sidecar: Sidecar, source_path: str, target_name: str) -> str:
    """Return the name of a sidecar for a target, where the target's own sidecar would be looked for.

    >>> name_for(Sidecar("labels/a.txt", 0), "images/a.jpg", "noisy/images/a-1.jpg")
    'noisy/labels/a-1.txt'
    >>> name_for(Sidecar("train/masks/a.png", 0, "masks"), "train/images/a.jpg", "std0.1/train/images/a.jpg")
    'std0.1/train/masks/a.png'
    """
    suffix = posixpath.splitext(sidecar.path)[1]
    if sidecar.folder:
        directory, base = posixpath.split(target_name)
        place = _place_of_mask(posixpath.dirname(source_path), sidecar, directory)
        return f"{place}/{posixpath.splitext(base)[0]}{suffix}"
    beside, *parallel = _places(target_name, suffix)
    is_beside = posixpath.dirname(sidecar.path) == posixpath.dirname(source_path)
    return beside if is_beside or not parallel else parallel[0]


def _place_of_mask(directory: str, mask: Sidecar, target_directory: str) -> str:
    """Return the place of a mask that is to that of the target as the mask's own is to that of the source.

    Where a template of names left out the folder that the mask's stands for, that is a folder within the target's.
    """
    places = list(_parallel_to(directory, mask.folder))
    from_end = places.index(posixpath.dirname(mask.path))  # as many folders of the source come after the one replaced
    target_places = list(_parallel_to(target_directory, mask.folder))
    parts, target_parts = directory.split("/"), target_directory.split("/")
    is_replaced = from_end < len(places) - 1
    if is_replaced and target_parts[-from_end - 1 :] == parts[-from_end - 1 :]:
        return target_places[from_end]
    if is_replaced and parts[-from_end - 1] in target_parts:
        return target_places[target_parts[::-1].index(parts[-from_end - 1])]
    return target_places[-1]


def content_for(content: bytes, name: str, target_name: str) -> bytes:
    """Return the content of a sidecar for a target.

    The bytes stay the same, but a <filename> of Pascal VOC becomes that of the target.

    >>> content_for(b"<annotation><filename>a.jpg</filename></annotation>", "a-1.xml", "cats/a-1.jpg")
    b'<annotation><filename>a-1.jpg</filename></annotation>'
    """
    if not name.endswith(".xml"):
        return content
    from xml.sax.saxutils import escape  # takes 30 ms, as it knows of URLs, and few files need it

    base = escape(posixpath.basename(target_name)).encode("utf-8", "surrogateescape")
    return _VOC_NAME.sub(lambda found: found[1] + base + found[2], content, count=1)


def _places(path: str, suffix: str) -> Iterator[str]:
    """Yield where the sidecar of a file may be: beside it, and in the folder parallel to its own, if it has one."""
    stem = posixpath.splitext(path)[0]
    yield stem + suffix
    *folders, base = stem.split("/")
    for index in reversed(range(len(folders))):
        if folders[index] in _PARALLEL:
            folders[index] = _PARALLEL[folders[index]]
            yield "/".join([*folders, base + suffix])
            return
