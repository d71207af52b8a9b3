"""The frames in a GIF file that is cut off."""

from __future__ import annotations

from noiseaug.media.image.containers.gif import EXTENSION, IMAGE, table_size

_TRAILER = b";"


def completed(data: bytes) -> tuple[bytes, str] | None:
    """Return the file up to its last whole frame, and what is missing; None if nothing is, or all."""
    at, end, frames = 13 + table_size(data[10]), 0, 0
    while True:
        try:
            kind = data[at : at + 1]
            at += 11 + table_size(data[at + 9]) if kind == IMAGE else 2
            while data[at]:
                at += 1 + data[at]
            at += 1
        except IndexError:
            break
        if kind == IMAGE:
            end, frames = at, frames + 1
        elif kind != EXTENSION:
            break
    if not frames or data[end : end + 1] == _TRAILER:
        return None
    whole = f"{frames:,} {'is' if frames == 1 else 'are'} whole"
    what = (
        f"its frames end early ({whole})" if data[end:].strip(b"\0") else f"its end is missing ({whole} of its frames)"
    )
    return data[:end] + _TRAILER, what
