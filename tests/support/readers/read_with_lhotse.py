"""Prints what the real Lhotse makes of recordings.jsonl.gz and supervisions.jsonl.gz in a directory, as JSON.

A program of its own, as a stand-in for torch would confuse other libraries in the process.
"""

from __future__ import annotations

import importlib.util
import json
import sys

from support.readers.stand_in import stand_in_for


def main(directory: str, prefix: str | None = None) -> None:
    if importlib.util.find_spec("torch") is None:
        stand_in_for("torch")
    from lhotse import CutSet, RecordingSet, SupervisionSet, validate
    from lhotse.qa import validate_recordings_and_supervisions

    recordings = RecordingSet.from_file(f"{directory}/recordings.jsonl.gz").to_eager()
    supervisions = SupervisionSet.from_file(f"{directory}/supervisions.jsonl.gz").to_eager()
    if prefix:
        recordings = recordings.with_path_prefix(prefix)
    validate(recordings, read_data=True)
    validate_recordings_and_supervisions(recordings, supervisions)
    cuts = CutSet.from_manifests(recordings=recordings, supervisions=supervisions)
    validate(cuts)
    rows = []
    for cut in cuts:
        (supervision,) = cut.supervisions
        samples = cut.load_audio()
        rows.append(
            {
                "id": cut.recording.id,
                "text": supervision.text,
                "custom": supervision.custom,
                "shape": samples.shape,
                "sum": float(samples.astype("float64").sum()),
                "sampling_rate": cut.sampling_rate,
            }
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
