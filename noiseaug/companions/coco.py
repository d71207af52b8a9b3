"""COCO files: `annotations.json` says of the outputs what a file of this format says of the sources.

The file is read once from end to end, to find where its entries stand. They are copied from there, as they are but for
their ids (and the file names of images), so that memory goes by the number of entries and not by their polygons.
"""

from __future__ import annotations

import itertools
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from noiseaug.companions.json_spans import Member, members
from noiseaug.errors import Stopped, Unfit
from noiseaug.manifest.reading import read_groups
from noiseaug.planning.walk import Source
from noiseaug.storage import disk
from noiseaug.storage.paths import ANNOTATIONS
from noiseaug.storage.source_file import Refused, SourceFile

_HEAD = b'{"images": [\n'  # how annotations.json begins, and hardly another COCO file
_CHUNK = 1 << 18
_EXPECTED = "expected a COCO file: a JSON object with a list 'images' and a list 'annotations'"
# Members of an annotation, in its bytes. Quotes within texts are escaped, so these can stand in none.
_ID = re.compile(rb'"id"\s*:\s*(-?\d+)(?=\s*[,}])')
_IMAGE_ID = re.compile(rb'"image_id"\s*:\s*(-?\d+)(?=\s*[,}])')


class CocoFile:
    """A COCO file about sources.

    Args:
        path: where it is.

    Attributes:
        path: as given.

    Raises:
        Unfit: if it is not there, not JSON or not COCO.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._entries = _Entries()
        try:
            self._file = SourceFile(path)
            self._entries.read(self._file)
        except Refused as error:
            raise Unfit(f"{path} cannot be read: it {error}; {_EXPECTED}") from None
        except OSError as error:
            raise Unfit(f"{path} cannot be read: {error.strerror}; {_EXPECTED}") from None
        except ValueError as error:
            raise Unfit(f"{path} is no COCO file: {error}; {_EXPECTED}") from None
        self._met = bytearray(len(self._entries.numbers))
        self._strangers = 0

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def is_at(self, path: str) -> bool:
        """Tell whether `path` leads to this very file."""
        return disk.exists(path) and disk.is_same(path, self.path)

    def meet(self, source: Source) -> None:
        """Note that there is this source."""
        number = self._entries.by_name.get(source.path)
        if number is not None:
            self._met[number] = 1
        elif source.kind == "image":
            self._strangers += 1

    def notes(self) -> list[str]:
        """Return what of the file and of the sources that were met does not go together.

        Raises:
            Unfit: if nothing does.
        """
        names = self._entries.by_name
        missing = [name for name, number in names.items() if not self._met[number]]
        notes = []
        if len(missing) == len(names):
            first = f", the first is {missing[0]}" if missing else ""
            what = "must be paths relative to SOURCE, of files that are selected"
            raise Unfit(f"none of the {len(names):,} images of {self.path} is a source{first}; their file_name {what}")
        if missing:
            what = f"of the {len(names):,} images of {self.path} are no sources and are left out, the first is"
            notes.append(f"{len(missing):,} {what} {missing[0]}")
        if self._strangers:
            notes.append(f"{self._strangers:,} images of SOURCE are not in {self.path}, nor in {ANNOTATIONS}")
        if self._entries.strays:
            notes.append(f"{self._entries.strays:,} annotations in {self.path} are of no image there and are left out")
        return notes

    def write(self, rows: str, write: Callable[[bytes], None]) -> None:
        """Write `annotations.json` for the targets in the manifest at the path `rows`.

        Ids count from 1 in the order of the manifest; the annotations of an image keep theirs.

        Raises:
            Stopped: if the file changed since it was looked at.
        """
        try:
            write(_HEAD)
            _write_lines(self._images(rows), write)
            write(b'],\n"annotations": [\n')
            _write_lines(self._annotations(rows), write)
            write(b"]")
            for key, spans in self._entries.others.items():
                values = [self._bytes(*span) for span in spans.each]
                value = b"[" + b",".join(values) + b"]" if spans.is_array else values[0]
                write(b",\n" + json.dumps(key).encode() + b": " + value)
            write(b"}\n")
        except (ValueError, TypeError, AttributeError):
            raise Stopped(f"{self.path} changed while the run went on; run again") from None

    def _targets(self, rows: str) -> Iterator[tuple[int, str]]:
        for group in read_groups(rows):
            number = self._entries.by_name.get(group.source_path)
            if number is not None:
                yield from ((number, file_name) for file_name in group.rows)

    def _images(self, rows: str) -> Iterator[bytes]:
        for new_id, (number, file_name) in enumerate(self._targets(rows), 1):
            entry = json.loads(self._bytes(*self._entries.images[number]))
            yield json.dumps(entry | {"id": new_id, "file_name": file_name}).encode()

    def _annotations(self, rows: str) -> Iterator[bytes]:
        count = itertools.count(1)
        for image_id, (number, _) in enumerate(self._targets(rows), 1):
            for start, size in self._entries.annotations_of(number):
                yield renumbered(self._bytes(start, size), next(count), image_id)

    def _bytes(self, start: int, size: int) -> bytes:
        return self._file.read_at(size, start)


class _Spans(NamedTuple):
    each: list[tuple[int, int]]
    is_array: bool


class _Entries:
    """Where in a COCO file which entry stands, as (start, size) in bytes. Images go by numbers of their own, from 0.

    Attributes:
        numbers: those of images by their ids.
        by_name: those of images by their file names.
        images: the entries of images by number.
        others: all members but images and annotations.
        strays: annotations of no image.
    """

    def __init__(self) -> None:
        self.numbers: dict[int | str, int] = {}
        self.by_name: dict[str, int] = {}
        self.images: dict[int, tuple[int, int]] = {}
        self.others: dict[str, _Spans] = {}
        self.strays = 0
        self._starts, self._sizes, self._image_numbers = array("Q"), array("Q"), array("Q")
        self._order, self._ends = array("Q"), array("Q")

    def read(self, file: SourceFile) -> None:
        """Read the file; raise ValueError if it is none of COCO."""
        seen = set()
        for member in members(file):
            seen.add(member.key)
            if member.key in ("images", "annotations"):
                if not member.is_element:
                    if member.value != []:
                        raise ValueError(f"its '{member.key}' is no list")
                elif member.key == "images":
                    self._add_image(member, file.read_at(member.size, member.start))
                else:
                    self._add_annotation(member)
            else:
                spans = self.others.setdefault(member.key, _Spans([], member.is_element))
                spans.each.append((member.start, member.size))
        for key in ("images", "annotations"):
            if key not in seen:
                raise ValueError(f"it has no '{key}'")
        self._sort()

    def _number(self, entry: Any, key: str, what: str) -> int:
        found = entry.get(key) if isinstance(entry, dict) else None
        if not isinstance(found, int | str) or isinstance(found, bool):
            raise ValueError(f"an entry of '{what}' has no {key}: {str(entry)[:60]}")
        return self.numbers.setdefault(found, len(self.numbers))

    def _add_image(self, member: Member, content: bytes) -> None:
        entry = json.loads(content)
        number = self._number(entry, "id", "images")
        name = entry.get("file_name")
        if not isinstance(name, str):
            raise ValueError(f"an entry of 'images' has no file_name: {str(entry)[:60]}")
        if number in self.images or name in self.by_name:
            raise ValueError(f"two entries of 'images' have the same id or file_name: {str(entry)[:60]}")
        self.images[number] = member.start, member.size
        self.by_name[name] = number

    def _add_annotation(self, member: Member) -> None:
        self._image_numbers.append(self._number(member.value, "image_id", "annotations"))
        self._starts.append(member.start)
        self._sizes.append(member.size)

    def _sort(self) -> None:
        """Bring the annotations of an image together, in the order they have."""
        counts = array("Q", bytes(8 * (len(self.numbers) + 1)))
        for number in self._image_numbers:
            counts[number + 1] += 1
            self.strays += number not in self.images
        self._ends = array("Q", itertools.accumulate(counts))
        places = self._ends[:]
        self._order = array("Q", bytes(8 * len(self._starts)))
        for index, number in enumerate(self._image_numbers):
            self._order[places[number]] = index
            places[number] += 1

    def annotations_of(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the entries of an image's annotations."""
        for index in self._order[self._ends[number] : self._ends[number + 1]]:
            yield self._starts[index], self._sizes[index]


def renumbered(annotation: bytes, new_id: int, image_id: int) -> bytes:
    """Return the bytes of an annotation with other ids, and else as they are.

    >>> renumbered(b'{"id": 7, "bbox": [1.50, 2e0], "image_id": 9}', 1, 2)
    b'{"id": 1, "bbox": [1.50, 2e0], "image_id": 2}'
    """
    ids, image_ids = list(_ID.finditer(annotation)), list(_IMAGE_ID.finditer(annotation))
    # Taking all apart and putting it together again takes 30 us for 500 bytes, this 4.
    if len(ids) == len(image_ids) == 1 and annotation.count(b"{") == 1 and b"\\" not in annotation:
        spots = sorted([(ids[0].span(1), new_id), (image_ids[0].span(1), image_id)])
        (first, one), (second, other) = spots
        return b"%b%d%b%d%b" % (
            annotation[: first[0]],
            one,
            annotation[first[1] : second[0]],
            other,
            annotation[second[1] :],
        )
    return json.dumps(json.loads(annotation) | {"id": new_id, "image_id": image_id}).encode()


def is_annotations(path: str) -> bool:
    """Tell whether the file is one that `CocoFile.write` wrote."""
    try:
        with disk.open_for_reading(path) as file:
            return file.read(len(_HEAD)) == _HEAD
    except OSError:
        return False


def image_names(file: SourceFile) -> Iterator[str]:
    """Yield the file names of the images in a file that `CocoFile.write` wrote, in its order.

    Raises:
        ValueError: if it holds something else.
    """
    for number, member in enumerate(members(file), 1):
        if member.key != "images":
            return
        if member.value == [] and not member.is_element:
            continue
        entry = json.loads(file.read_at(member.size, member.start))
        if not isinstance(entry, dict) or entry.get("id") != number:
            raise ValueError(f"the image of id {number} was expected, and there is {str(entry)[:60]}")
        yield str(entry.get("file_name"))


def _write_lines(entries: Iterable[bytes], write: Callable[[bytes], None]) -> None:
    """Write entries of an array, one a line."""
    chunk, size, between = [], 0, b""
    for entry in entries:
        chunk += [between, entry]
        between, size = b",\n", size + len(entry)
        if size >= _CHUNK:
            write(b"".join(chunk))
            chunk, size = [], 0
    write(b"".join([*chunk, b"\n" if between else b""]))
