"""What the headers of FLAC, Ogg, MPEG audio, AU, NIST SPHERE, AVR and VOC tell."""

from __future__ import annotations

import struct

from noiseaug.media.audio.containers import mpeg_frames, nist
from noiseaug.media.audio.containers.chunks import label
from noiseaug.media.audio.containers.told import Told
from noiseaug.storage.source_file import OpenFile

# Codings of AU, in words, with the kind of a sample and its bits.
_OF_AU = {
    1: ("u-law", "law", 8),
    2: ("PCM of 8 bits", "integer", 8),
    3: ("PCM of 16 bits", "integer", 16),
    4: ("PCM of 24 bits", "integer", 24),
    5: ("PCM of 32 bits", "integer", 32),
    6: ("floats of 32 bits", "float", 32),
    7: ("floats of 64 bits", "float", 64),
    23: ("G.721 ADPCM", "", 4),
    24: ("G.722", "", 0),
    25: ("G.723 ADPCM of 3 bits", "", 3),
    26: ("G.723 ADPCM of 5 bits", "", 5),
    27: ("a-law", "law", 8),
}
_BLOCK_OF_AU = 120
_OLD_BLOCK, _MORE, _NEW_BLOCK, _PCM_OF_VOC = 1, 2, 9, (0, 4)
_IN_OGG = {b"\x7fFLAC": "FLAC", b"Speex ": "Speex", b"\x80theora": "Theora video", b"fishead\0": "a Skeleton"}
# What is met under the suffixes of audio, and is none that is read: where its magic stands, the magic, and its name.
_ELSE = (
    (4, b"ftyp", "MPEG-4 (M4A)"),
    (0, b"#!AMR", "AMR"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"\x30\x26\xb2\x75", "ASF (WMA)"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (0, b"TTA", "True Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"DSD ", "DSD"),
    (0, b"FRM8", "DSD"),
    (0, b"MThd", "MIDI"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"\x64\xa3", "IRCAM of an unusual coding"),
    (0, b"PVF1", "Portable Voice of an unusual coding"),
)


def told_of_flac(file: OpenFile) -> Told:
    """Return what the block STREAMINFO of a FLAC file tells. A total of 0 stands where the encoder did not know it."""
    body = file.read_at(26, 0)
    if len(body) < 26 or body[4] & 127:
        return Told("FLAC without the block STREAMINFO")
    packed = int.from_bytes(body[18:26])
    bits, channels, total = (packed >> 36 & 31) + 1, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    return Told(f"FLAC of {bits} bits", packed >> 44, channels, "integer", bits, frames=total or None)


def told_of_ogg(file: OpenFile) -> Told:
    """Return what the first packet of an Ogg file tells. Of Opus, the rate is that before it was encoded."""
    page = file.read_at(27 + 255 + 64, 0)
    first = page[27 + page[26] :] if len(page) > 27 else b""
    if first.startswith(b"\1vorbis"):
        channels, rate = struct.unpack_from("<BI", first.ljust(16, b"\0"), 11)
        return Told("Ogg Vorbis", rate, channels, "code")
    if first.startswith(b"OpusHead"):
        return Told("Ogg Opus", 0, first[9] if len(first) > 9 else 0, "code")
    found = next((name for magic, name in _IN_OGG.items() if first.startswith(magic)), "something else than sound")
    return Told(f"Ogg with {found}")


def told_of_mpeg(file: OpenFile) -> Told:
    """Return what the first frame of MPEG audio tells, behind the tags that may stand before it."""
    frame = mpeg_frames.first(file)
    if frame is None:
        return Told("an ID3 tag and no MPEG audio" if file.read_at(3, 0) == b"ID3" else "no MPEG audio")
    return Told(f"MPEG audio of layer {'I' * frame.layer}", frame.rate, frame.channels, "code", start=frame.at)


def told_of_au(file: OpenFile) -> Told:
    """Return what the header of a Sun/NeXT AU file, of either byte order, tells."""
    head = file.read_at(24, 0).ljust(24, b"\0")
    offset, size, coding, rate, channels = struct.unpack((">" if head[:4] == b".snd" else "<") + "4x5I", head)
    words, kind, bits = _OF_AU.get(coding, (f"the coding {coding}", "", 0))
    if not bits or not channels:
        return Told(f"Sun/NeXT AU with {words}", rate, channels)
    left = file.length() - offset
    frames = max(min(size, left) if size not in (0, 0xFFFFFFFF) else left, 0) * 8 // (bits * channels)
    if not kind:
        return Told(f"Sun/NeXT AU with {words}", rate, channels, "code", frames=frames, block=_BLOCK_OF_AU)
    width, integer = bits // 8 * channels, bits if kind == "integer" else 0
    return Told(f"Sun/NeXT AU with {words}", rate, channels, kind, integer, width, frames)


def told_of_nist(file: OpenFile) -> Told:
    """Return what the fields of a NIST SPHERE header tell."""
    fields = nist.fields(file)
    coding = fields.get("sample_coding", "pcm")
    rate, channels, width, frames = (
        int(float(fields[name])) if fields.get(name, "").replace(".", "", 1).isdecimal() else 0
        for name in ("sample_rate", "channel_count", "sample_n_bytes", "sample_count")
    )
    kind, bits = ("integer", 8 * width) if coding == "pcm" else ("law", 0) if coding in ("ulaw", "alaw") else ("", 0)
    words = f"NIST SPHERE with {label(coding.encode())} of {8 * width} bits"
    return Told(words, rate, channels, kind, bits, width * channels, frames or None)


def told_of_avr(file: OpenFile) -> Told:
    """Return what the header of an AVR file tells."""
    stereo, bits, rate, frames = struct.unpack(">12xHH6xII", file.read_at(30, 0).ljust(30, b"\0"))
    channels = 2 if stereo else 1
    return Told(f"AVR of {bits} bits", rate & 0xFFFFFF, channels, "integer", bits, channels * bits // 8, frames or None)


def told_of_others(file: OpenFile) -> Told:
    """Return what a file tells that has no magic of those that are known: MPEG audio, or what it looks like."""
    head = file.read_at(12, 0)
    found = next((name for at, magic, name in _ELSE if head[at : at + len(magic)] == magic), "")
    if not found and head[:1] == b"\xff":
        return told_of_mpeg(file)
    return Told(found or f"a file that begins with the bytes {head[:4].hex(' ')}")


def told_of_voc(file: OpenFile) -> Told:
    """Return what a Creative VOC file tells. libsndfile takes the head of a second block of sound for samples."""
    at, told, sounding = int.from_bytes(file.read_at(2, 20), "little"), Told("Creative VOC", kind="integer"), 0
    while len(head := file.read_at(16, at)) == 16 and head[0]:
        length = int.from_bytes(head[1:4], "little")
        if head[0] in (_OLD_BLOCK, _MORE, _NEW_BLOCK):
            sounding += 1
        if head[0] == _NEW_BLOCK:
            told = _new_block(head)
            told = told._replace(frames=(length - 12) // told.frame_bytes) if length > 12 and told.frame_bytes else told
        at += 4 + length
    return Told("Creative VOC with several blocks of sound", kind="code") if sounding > 1 else told


def _new_block(head: bytes) -> Told:
    """Return what a block of the newer kind tells, from its first 16 bytes."""
    rate, bits, channels, coding = struct.unpack_from("<IBBH", head, 4)
    if coding not in _PCM_OF_VOC or bits not in (8, 16):
        return Told(f"Creative VOC with the coding {coding} of {bits} bits", rate, channels)
    return Told(f"Creative VOC with PCM of {bits} bits", rate, channels, "integer", bits, bits // 8 * channels)
