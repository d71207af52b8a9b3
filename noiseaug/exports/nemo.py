"""NeMo manifests: JSON Lines with `audio_filepath`, `duration` in seconds, and `text`.

As NeMo's `manifest.item_iter` reads them: `audio_filepath` is taken relative to the manifest's own directory (if
shorter than 255 characters), `~` is expanded, `duration` must be there, a missing `text` counts as an empty one, and
keys that it does not know are passed over.
"""

from __future__ import annotations

import json
import os

from noiseaug.exports.options import ExportOptions
from noiseaug.exports.samples import Sample, Survey
from noiseaug.exports.transcripts import transcript_of
from noiseaug.exports.writer import Writer, noise_facts, way_to
from noiseaug.storage import disk
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.source_file import Refused

_NAME = "nemo_manifest.json"
_LONGEST_RELATIVE = 254
_HEAD = b'{"audio_filepath": "'
# ASCII: NeMo opens manifests in the encoding of the locale.
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode


class Nemo(Writer):
    """The writer of one manifest.

    Names are relative by default, so that the folder can be moved as a whole.
    """

    kinds = ("audio",)
    sidecars = "transcript"

    def __init__(self, dest: str, output: str, options: ExportOptions, survey: Survey, drafts: Drafts) -> None:
        (path,) = self.targets(output, options)
        self._way = way_to(dest, os.path.dirname(path) or ".", options.paths or "relative")
        self._absolute = way_to(dest, "", "absolute")
        self._file = drafts.open(path)

    @staticmethod
    def targets(output: str, options: ExportOptions) -> list[str]:
        """Return the manifest, which has a name of its own if `output` is a directory."""
        return [os.path.join(output, _NAME) if disk.is_directory(output) else output]

    def add(self, sample: Sample) -> int:
        """Write the line of a recording; return how many transcripts it has.

        Raises:
            Refused: if its transcript cannot be read, or it holds no sound.
        """
        if not sample.record["num_samples"]:
            raise Refused("holds no sound, which NeMo cannot train on")
        row = {"audio_filepath": self._reference(sample.file_name), "duration": sample.duration}
        if (text := transcript_of(sample)) is not None:
            row["text"] = text
        facts = {key: sample.record[key] for key in ("sampling_rate", "num_samples", "channels")}
        self._file.write(_encode(row | facts | noise_facts(sample.record)).encode() + b"\n")
        return int("text" in row)

    def _reference(self, file_name: str) -> str:
        name = self._way + file_name
        if len(name) > _LONGEST_RELATIVE:
            return self._absolute + file_name
        return f"./{name}" if name.startswith("~") else name  # which is expanded, by older versions even if it is there

    def finish(self) -> None:
        """Write nothing more."""

    @staticmethod
    def wrote(path: str) -> bool:
        """Tell whether the file begins with a line of ours."""
        if not path.endswith((".json", ".jsonl")) and os.path.splitext(path)[1]:
            return False
        line = disk.beginning(path, 1 << 17).partition(b"\n")[0]
        return line.startswith(_HEAD) and b', "role": "' in line and b', "source_path": "' in line
