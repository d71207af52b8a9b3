"""MPEG audio (MP3 and its kin), and the ID3 tag before it."""

from __future__ import annotations

from collections.abc import Iterator

from noiseaug.media.audio.containers.chunks import HEAD, label
from noiseaug.storage.source_file import SourceFile

_TAG_HEADER = _FRAME_HEADER = 10
_KNOWN_FRAMES = frozenset(
    {b"TIT2", b"TPE1", b"TALB", b"TCON", b"TRCK", b"COMM", b"TSSE", b"TENC", b"TCOP", b"TYER", b"TDRC", b"TLEN"}
)


def lost(source: SourceFile) -> Iterator[str]:
    """Yield names of the frames of an ID3v2.3 or 2.4 tag that no output will have."""
    head = source.read_at(HEAD, 0)
    version, end = head[3], min(_tag_size(head), len(head))
    at = _TAG_HEADER
    while at + _FRAME_HEADER <= end and head[at]:
        name, size = head[at : at + 4], head[at + 4 : at + 8]
        if name == b"APIC":
            yield "picture"
        elif name not in _KNOWN_FRAMES:
            yield f"ID3 {label(name)}"
        at += _FRAME_HEADER + (_synchsafe(size) if version == 4 else int.from_bytes(size, "big"))


def knows_its_length(source: SourceFile) -> bool:
    """Tell whether a Xing, Info or VBRI header in the first frame says how many frames there are."""
    head = source.read_at(_TAG_HEADER, 0)
    first = source.read_at(2048, _tag_size(head) if head[:3] == b"ID3" else 0)
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))


def _tag_size(head: bytes) -> int:
    return _TAG_HEADER + _synchsafe(head[6:10])


def _synchsafe(size: bytes) -> int:
    """Return the number in four bytes of seven bits each, as ID3v2 counts."""
    return sum((byte & 127) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=False))
