"""The formats that are little more than a header and samples, and the headers of JPEG 2000."""

from __future__ import annotations

import re
import struct

import numpy as np

from noiseaug.media.image.containers.avif import boxes
from noiseaug.media.image.header import NOTHING, Header, Metadata
from noiseaug.noise.scale import Array

_BMP_DENSITY = slice(38, 46)
_SUN_GREY_MAP = bytes(range(256)) * 3
_TOKEN = re.compile(rb"(?:\s|#[^\n\r]*[\n\r])*([^\s#]+)")
_PNM = {b"1": "pbm", b"2": "pgm", b"3": "ppm", b"4": "pbm", b"5": "pgm", b"6": "ppm"}
_JP2_LOST = {b"xml ": "XML", b"uuid": "UUID boxes", b"res ": "resolution"}


def bmp(data: bytes) -> Header:
    """Return the header of a BMP file."""
    if int.from_bytes(data[14:18], "little") < 40:  # of OS/2
        width, height = struct.unpack_from("<HH", data, 18)
        return Header("bmp", width, height)
    width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    across, down = struct.unpack("<ii", data[_BMP_DENSITY])
    metadata = Metadata(per_metre=(across, down)) if across > 0 and down > 0 else NOTHING
    lost = ("palette",) if bits <= 8 and not _is_grey_ramp(data) else ("16-bit pixels",) if bits == 16 else ()
    return Header("bmp", abs(width), abs(height), lost=lost, metadata=metadata)


def _is_grey_ramp(data: bytes) -> bool:
    start = 14 + int.from_bytes(data[14:18], "little")
    return data[start : start + 1024] == b"".join(bytes((level, level, level, 0)) for level in range(256))


def bmp_with_density(encoded: bytes, per_metre: tuple[float, float]) -> bytes:
    """Return an encoded BMP file with its pixels a metre."""
    density = struct.pack("<ii", *(round(value) for value in per_metre))
    return encoded[: _BMP_DENSITY.start] + density + encoded[_BMP_DENSITY.stop :]


def pnm(data: bytes) -> Header:
    """Return the header of a PBM, PGM or PPM file."""
    name = _PNM[data[1:2]]
    numbers, at = [], 2
    for _ in range(2 if name == "pbm" else 3):
        found = _TOKEN.match(data, at)
        if not found:
            return Header(name)
        numbers.append(int(found[1]))
        at = found.end()
    lost = ["1-bit depth"] if name == "pbm" else []
    lost += ["comment"] if b"#" in data[:at] else []
    refusal = _wrong_maximum(numbers[2]) if name != "pbm" else ""
    return Header(name, numbers[0], numbers[1], refusal=refusal, lost=tuple(lost))


def _wrong_maximum(maximum: int) -> str:
    """Return why samples up to `maximum` are refused: they come as they are, and full scale is 255 or 65535."""
    return "" if maximum in (255, 65535) else f"has a maximum of {maximum}; expected 255 or 65535: scale it first"


def pam(data: bytes) -> Header:
    """Return the header of a PAM file."""
    lines = data[:4096].splitlines()[1:]
    lines = lines[: next((at for at, line in enumerate(lines) if line.strip() == b"ENDHDR"), len(lines))]
    fields = {name: value.strip() for name, _, value in (line.partition(b" ") for line in lines)}
    refusal, kind = _wrong_maximum(int(fields[b"MAXVAL"])), fields.get(b"TUPLTYPE", b"")
    if kind not in (b"GRAYSCALE", b"GRAYSCALE_ALPHA", b"RGB", b"RGB_ALPHA"):  # BLACKANDWHITE: OpenCV 5.0.0 makes black
        refusal = f"is a PAM of type {kind.decode('latin-1')}, which is not supported"
    lost = ("comment",) if any(line.startswith(b"#") for line in lines) else ()
    return Header("pam", int(fields[b"WIDTH"]), int(fields[b"HEIGHT"]), refusal=refusal, lost=lost)


def encode_pam(samples: Array) -> bytes:
    """Return a PAM file of samples of 1 to 4 channels in the order BGR. (OpenCV 5.0.0 writes that for RGB.)"""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    kind = {1: "GRAYSCALE", 2: "GRAYSCALE_ALPHA", 3: "RGB", 4: "RGB_ALPHA"}[channels]
    maximum = np.iinfo(samples.dtype).max
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL {maximum}\nTUPLTYPE {kind}\nENDHDR\n"
    return head.encode() + rgb(samples).astype(samples.dtype.newbyteorder(">")).tobytes()


def rgb(samples: Array) -> Array:
    """Return samples of OpenCV's order in that of most others, or back."""
    if samples.ndim == 2 or samples.shape[2] < 3:
        return samples
    return samples[..., [2, 1, 0, 3][: samples.shape[2]]]


def pfm(data: bytes) -> Header:
    """Return the header of a PFM file."""
    tokens = data[:256].split(maxsplit=4)
    scale = abs(float(tokens[3]))
    refusal = "" if scale == 1 else f"has a scale of {scale:g}, which is not supported; expected 1"
    return Header("pfm", int(tokens[1]), int(tokens[2]), refusal=refusal)


def hdr(data: bytes) -> Header:
    """Return the header of a Radiance HDR file."""
    head, _, rest = data[: 1 << 16].partition(b"\n\n")
    lines = [line for line in head.splitlines()[1:] if line and not line.startswith(b"FORMAT=")]
    names = ["comment" if line.startswith(b"#") else line.partition(b"=")[0].decode("latin-1") for line in lines]
    lost = tuple(name.replace(",", " ") for name in names)
    size = rest.split(b"\n", 1)[0].split()
    return Header("hdr", int(size[3]), int(size[1]), lost=lost)


def sun_raster(data: bytes) -> Header:
    """Return the header of a Sun raster file."""
    width, height, depth, _, _, map_type, _ = struct.unpack_from(">7I", data, 4)
    lost = {1: "1-bit depth"}.get(depth, "palette" if map_type and depth == 8 and data[32:800] != _SUN_GREY_MAP else "")
    return Header("sunraster", width, height, lost=(lost,) if lost else ())


def sun_raster_for_opencv(data: bytes) -> bytes:
    """Return the file with a map from samples to grey, if it has none: OpenCV 5.0.0 takes that for black."""
    _, _, depth, *_, map_type, _ = struct.unpack_from(">7I", data, 4)
    if depth != 8 or map_type:
        return data
    return data[:24] + struct.pack(">II", 1, len(_SUN_GREY_MAP)) + _SUN_GREY_MAP + data[32:]


def jp2(data: bytes) -> Header:
    """Return the header of a JPEG 2000 file (ISO/IEC 15444-1, annex I)."""
    found: dict[bytes, list[bytes]] = {}
    for kind, start, end in boxes(data):
        inner = list(boxes(data, start, end)) if kind == b"jp2h" else []
        for box in [(kind, start, end), *inner]:
            found.setdefault(box[0], []).append(data[box[1] : box[2]][: 1 << 16])
    height, width, channels, depth = struct.unpack_from(">IIHB", found[b"ihdr"][0])
    lost = [name for kind, name in _JP2_LOST.items() if kind in found]
    lost += ["ICC profile"] if any(colour[:1] == b"\2" for colour in found.get(b"colr", [])) else []
    refusal = ""
    if depth not in (7, 15):
        refusal = f"is a JPEG 2000 of {(depth & 127) + 1}-bit samples; expected unsigned ones of 8 or 16 bits"
    elif channels not in (1, 3, 4):
        refusal = f"is a JPEG 2000 of {channels} channels, which is not supported; expected 1, 3 or 4"
    elif b"pclr" in found:
        refusal = "is a JPEG 2000 with a palette, which is not supported; convert it to colour"
    return Header("jp2", width, height, refusal=refusal, lost=tuple(lost))


def codestream(data: bytes) -> Header:
    """Return the header of JPEG 2000 samples without a file around them (annex A.5.1)."""
    right, bottom, left, top = struct.unpack_from(">4I", data, 8)
    channels, depth = struct.unpack_from(">HB", data, 40)
    supported = depth in (7, 15) and channels in (1, 3, 4)
    refusal = "" if supported else f"is a JPEG 2000 of {channels} channels of {(depth & 127) + 1} bits; not supported"
    return Header("jp2", right - left, bottom - top, refusal=refusal)
