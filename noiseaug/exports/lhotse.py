"""Lhotse manifests: `recordings.jsonl.gz`, and `supervisions.jsonl.gz` with transcripts and what is known of the noise.

A Recording has no room for anything but the file, so that the noise stands in the `custom` field of a supervision;
every recording has one, without `text` where there is no transcript.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import ClassVar

from noiseaug.errors import Misplaced
from noiseaug.exports.format import ExportOptions, noise_facts, way_to
from noiseaug.exports.samples import Sample, Survey
from noiseaug.exports.transcripts import transcript_of
from noiseaug.manifest.records import Record
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.settled_file import SettledFile
from noiseaug.storage.source_file import Refused

_NAMES = ("recordings.jsonl.gz", "supervisions.jsonl.gz")
# RFC 1952: deflate, with a comment and no name, time 0, made on Unix. The comment tells exports from other files.
_GZIP_HEAD = b"\x1f\x8b\x08\x10\0\0\0\0\0\x03noiseaug export\0"
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode


class Lhotse:
    """Writes the two lists.

    Names are absolute by default: Lhotse takes relative ones from the directory that a program is started in. With
    relative ones, `recordings.with_path_prefix(directory)` leads to the files.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"audio"})

    def __init__(self, dest: str, output: str | None, options: ExportOptions, survey: Survey, drafts: Drafts) -> None:
        paths = self.targets(dest, output, options)
        self._way = way_to(dest, dest if output is None else output, options.paths or "absolute")
        self._recordings, self._supervisions = (_GzipLines(drafts.open(path)) for path in paths)

    @staticmethod
    def targets(dest: str, output: str | None, options: ExportOptions) -> list[str]:
        """Return the paths of the two lists. Raises Misplaced if they have no directory."""
        directory = dest if output is None else output
        if os.path.exists(directory) and not os.path.isdir(directory):
            raise Misplaced(f"{directory} is a file; lhotse manifests are several, so name a directory as --output")
        return [os.path.join(directory, name) for name in _NAMES]

    def add(self, sample: Sample) -> None:
        """Writes the lines of a recording. Raises Refused if its transcript cannot be read or it holds no sound."""
        if not sample.record["num_samples"]:
            raise Refused("holds no sound, which Lhotse takes for an error")
        text = transcript_of(sample.path)
        self._recordings.write(self._recording(sample))
        self._supervisions.write(_supervision(sample, text))

    def _recording(self, sample: Sample) -> Record:
        record = sample.record
        channels = list(range(record["channels"]))
        return {
            "id": sample.file_name,
            "sources": [{"type": "file", "channels": channels, "source": self._way + sample.file_name}],
            "sampling_rate": record["sampling_rate"],
            "num_samples": record["num_samples"],
            "duration": sample.duration,
            "channel_ids": channels,
        }

    def finish(self) -> None:
        """Ends the lists."""
        self._recordings.finish()
        self._supervisions.finish()

    @staticmethod
    def wrote(path: str) -> bool:
        """Whether the file has the comment of ours."""
        if os.path.basename(path) not in _NAMES:
            return False
        try:
            with open(path, "rb") as file:
                return file.read(len(_GZIP_HEAD)) == _GZIP_HEAD
        except OSError:
            return False


def _supervision(sample: Sample, text: str | None) -> Record:
    channels = sample.record["channels"]
    return {
        "id": sample.file_name,
        "recording_id": sample.file_name,
        "start": 0.0,
        "duration": sample.duration,
        "channel": 0 if channels == 1 else list(range(channels)),
        **({} if text is None else {"text": text}),
        "custom": noise_facts(sample.record),
    }


class _GzipLines:
    """JSON Lines, compressed to the same bytes whenever and wherever that is done (by the same zlib)."""

    def __init__(self, file: SettledFile) -> None:
        self._file = file
        self._compressor = zlib.compressobj(6, wbits=-zlib.MAX_WBITS)
        self._crc = self._size = 0
        file.write(_GZIP_HEAD)

    def write(self, record: Record) -> None:
        line = _encode(record).encode() + b"\n"
        self._crc, self._size = zlib.crc32(line, self._crc), self._size + len(line)
        self._file.write(self._compressor.compress(line))

    def finish(self) -> None:
        tail = self._crc.to_bytes(4, "little") + (self._size % (1 << 32)).to_bytes(4, "little")
        self._file.write(self._compressor.flush() + tail)
