"""Lhotse manifests: `recordings.jsonl.gz`, and `supervisions.jsonl.gz` with transcripts and what is known of the noise.

A Recording has no room for anything but the file, so that the noise stands in the `custom` field of a supervision;
every recording has one, without `text` where there is no transcript.
"""

from __future__ import annotations

import json
import os
import zlib

from noiseaug.exports.options import ExportOptions
from noiseaug.exports.samples import Sample, Survey
from noiseaug.exports.transcripts import transcript_of
from noiseaug.exports.writer import Writer, noise_facts, way_to
from noiseaug.manifest.records import Record
from noiseaug.storage import disk
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.settled_file import SettledFile
from noiseaug.storage.source_file import Refused

_NAMES = ("recordings.jsonl.gz", "supervisions.jsonl.gz")
# RFC 1952: deflate, with a comment and no name, time 0, made on Unix. The comment tells exports from other files.
_GZIP_HEAD = b"\x1f\x8b\x08\x10\0\0\0\0\0\x03noiseaug export\0"
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode


class Lhotse(Writer):
    """The writer of the two lists.

    Names are absolute by default: Lhotse takes relative ones from the directory that a program is started in. With
    relative ones, `recordings.with_path_prefix(directory)` leads to the files.
    """

    kinds = ("audio",)
    sidecars = "transcript"
    files = "lhotse manifests"

    def __init__(self, dest: str, output: str, options: ExportOptions, survey: Survey, drafts: Drafts) -> None:
        self._way = way_to(dest, output, options.paths or "absolute")
        self._recordings, self._supervisions = map(_GzipLines, map(drafts.open, self.targets(output, options)))

    @staticmethod
    def targets(output: str, options: ExportOptions) -> list[str]:
        """Return the two lists."""
        return [os.path.join(output, name) for name in _NAMES]

    def add(self, sample: Sample) -> int:
        """Write the lines of a recording; return how many transcripts it has.

        Raises:
            Refused: if its transcript cannot be read, or it holds no sound.
        """
        record = sample.record
        if not record["num_samples"]:
            raise Refused("holds no sound, which Lhotse takes for an error")
        text = transcript_of(sample)
        channels = list(range(record["channels"]))
        recording = {
            "id": sample.file_name,
            "sources": [{"type": "file", "channels": channels, "source": self._way + sample.file_name}],
            "sampling_rate": record["sampling_rate"],
            "num_samples": record["num_samples"],
            "duration": sample.duration,
            "channel_ids": channels,
        }
        supervision = {
            "id": sample.file_name,
            "recording_id": sample.file_name,
            "start": 0.0,
            "duration": sample.duration,
            "channel": channels if channels[1:] else 0,
            **({} if text is None else {"text": text}),
            "custom": noise_facts(record),
        }
        self._recordings.write(recording)
        self._supervisions.write(supervision)
        return int(text is not None)

    def finish(self) -> None:
        """End the lists."""
        self._recordings.finish()
        self._supervisions.finish()

    @staticmethod
    def wrote(path: str) -> bool:
        """Tell whether the file has the comment of ours."""
        return os.path.basename(path) in _NAMES and disk.beginning(path, len(_GZIP_HEAD)) == _GZIP_HEAD


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
