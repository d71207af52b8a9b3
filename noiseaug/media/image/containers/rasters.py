"""The formats that are little more than a header and samples, and the headers of JPEG 2000."""

from __future__ import annotations

import re
import struct

import numpy as np

from noiseaug.media.image.containers.avif import boxes
from noiseaug.media.image.header import Header, Undecodable
from noiseaug.noise.scale import Array

_TOKEN = re.compile(rb"(?:\s|#[^\n\r]*[\n\r])*([^\s#]+)")
_PNM = {b"1": "pbm", b"2": "pgm", b"3": "ppm", b"4": "pbm", b"5": "pgm", b"6": "ppm"}
_PAM_CHANNELS = {b"GRAYSCALE": 1, b"GRAYSCALE_ALPHA": 2, b"RGB": 3, b"RGB_ALPHA": 4, b"BLACKANDWHITE": 1}
_PAM_END = b"\nENDHDR\n"
_MOST_PAM_HEADER = 1 << 16
_CMYK = (12).to_bytes(4, "big")  # an enumerated colour space of JPEG 2000
_JP2_LOST = {b"xml ": "XML", b"uuid": "UUID boxes", b"res ": "resolution"}


def pnm(data: bytes) -> Header:
    """Return the header of a PBM, PGM or PPM file."""
    name = _PNM[data[1:2]]
    numbers, at = [], 2
    for _ in range(2 if name == "pbm" else 3):
        found = _TOKEN.match(data, at)
        if not found:
            raise ValueError("a number is missing")
        numbers.append(int(found[1]))
        at = found.end()
    lost = ["1-bit depth"] if name == "pbm" else []
    lost += ["comment"] if b"#" in data[:at] else []
    channels = 3 if name == "ppm" else 1
    if data[1:2] in b"456":  # in bits or bytes
        row = (numbers[0] + 7) // 8 if name == "pbm" else numbers[0] * channels * (1 if numbers[2] < 256 else 2)
        lost += ["further images"] if data[at + 1 + row * numbers[1] :].lstrip()[:1] == b"P" else []
    header = Header(name, numbers[0], numbers[1], channels=channels, lost=tuple(lost))
    return _with_maximum(header, 255 if name == "pbm" else numbers[2])


def _with_maximum(header: Header, maximum: int) -> Header:
    """Return the header with the sample that stands for white, and the dtype that follows from it."""
    if not 0 < maximum < 1 << 16:
        return header._replace(refusal=f"is a {header.format.upper()} with a maximum of {maximum}; expected 1 to 65535")
    header = header._replace(dtype="uint8" if maximum < 256 else "uint16")
    if maximum in (255, 65535):
        return header
    lost = (f"maximum of {maximum}", *header.lost)
    return header._replace(maximum=maximum, layout=f"maximum of {maximum}", lost=lost)


def pam(data: bytes) -> Header:
    """Return the header of a PAM file."""
    lines = data[: data.index(_PAM_END, 0, _MOST_PAM_HEADER)].split(b"\n")[1:]
    fields = {name: value.strip() for name, _, value in (line.partition(b" ") for line in lines)}
    kind, channels = fields.get(b"TUPLTYPE", b""), int(fields[b"DEPTH"])
    lost = ["comment"] if any(line.startswith(b"#") for line in lines) else []
    count = int(fields[b"WIDTH"]) * int(fields[b"HEIGHT"]) * channels * (1 if int(fields[b"MAXVAL"]) < 256 else 2)
    if count > 0 and data.startswith(b"P7\n", data.index(_PAM_END) + len(_PAM_END) + count):
        lost.append("further images")
    header = Header("pam", int(fields[b"WIDTH"]), int(fields[b"HEIGHT"]), channels=channels, lost=tuple(lost))
    if _PAM_CHANNELS.get(kind) != channels:
        told = f"type {kind.decode('latin-1') or 'unknown'} and {channels} channels"
        return header._replace(refusal=f"is a PAM of {told}, which is not supported; convert it to PNG")
    return _with_maximum(header, int(fields[b"MAXVAL"]))


def is_plain(data: bytes) -> bool:
    """Tell whether the samples of a PGM or PPM file are written in digits. (OpenCV 5.0.0 rounds those down.)"""
    return data[:2] in (b"P2", b"P3")


def decode_plain(data: bytes, header: Header) -> Array:
    """Return the samples of a PGM or PPM file that are written in digits, in the order BGR.

    Raises:
        Undecodable: if some are missing.
    """
    count = header.height * header.width * header.channels
    numbers = re.sub(rb"#[^\n\r]*", b"", data).split(maxsplit=4 + count)[4 : 4 + count]
    if len(numbers) < count or not all(number.isdigit() for number in numbers):
        raise Undecodable("its pixels end early, or are no numbers")
    samples = np.array([min(int(number), header.maximum) for number in numbers], header.dtype)
    shape = (header.height, header.width, header.channels)
    return rgb(samples.reshape(shape if header.channels > 1 else shape[:2]))


def decode_pam(data: bytes, header: Header) -> Array:
    """Return the samples of a PAM file, in the order BGR. (OpenCV 5.0.0 gives RGB, and black for a maximum of 1.)

    Raises:
        Undecodable: if it is cut off.
    """
    start = data.index(_PAM_END) + len(_PAM_END)
    shape, dtype = (header.height, header.width, header.channels), np.dtype(header.dtype).newbyteorder(">")
    count = header.height * header.width * header.channels
    if len(data) - start < count * dtype.itemsize:
        raise Undecodable("its pixels end early")
    samples = np.frombuffer(data, dtype, count, start).astype(header.dtype)
    return rgb(samples.reshape(shape if header.channels > 1 else shape[:2]))


def encode_pam(samples: Array) -> bytes:
    """Return a PAM file of samples of 1 to 4 channels in the order BGR. (OpenCV 5.0.0 takes that for RGB.)"""
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
    refusal = "" if scale == 1 else f"is a PFM with a scale of {scale:g}, which is not supported; expected 1"
    channels = 3 if data[1:2] == b"F" else 1
    return Header("pfm", int(tokens[1]), int(tokens[2]), channels=channels, dtype="float32", refusal=refusal)


def hdr(data: bytes) -> Header:
    """Return the header of a Radiance HDR file."""
    head, _, rest = data[: 1 << 16].partition(b"\n\n")
    lines = [line for line in head.splitlines()[1:] if line and not line.startswith(b"FORMAT=")]
    names = ["comment" if line.startswith(b"#") else line.partition(b"=")[0].decode("latin-1") for line in lines]
    lost = tuple(name.replace(",", " ") for name in names)
    size = rest.split(b"\n", 1)[0].split()
    return Header("hdr", int(size[3]), int(size[1]), channels=3, dtype="float32", lost=lost)


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
    elif any(colour[:1] == b"\1" and colour[3:7] == _CMYK for colour in found.get(b"colr", [])):
        refusal = "is a CMYK JPEG 2000, which is not supported; convert it to RGB"
    elif b"pclr" in found:
        refusal = "is a JPEG 2000 with a palette, which is not supported; convert it to colour"
    dtype = "uint8" if depth == 7 else "uint16"
    return Header("jp2", width, height, channels=channels, dtype=dtype, refusal=refusal, lost=tuple(lost))


def codestream(data: bytes) -> Header:
    """Return the header of JPEG 2000 samples without a file around them (annex A.5.1)."""
    right, bottom, left, top = struct.unpack_from(">4I", data, 8)
    channels, depth = struct.unpack_from(">HB", data, 40)
    supported = depth in (7, 15) and channels in (1, 3, 4)
    told = f"JPEG 2000 of {channels} channels of {(depth & 127) + 1} bits"
    refusal = "" if supported else f"is a {told}, which is not supported; convert it to PNG"
    dtype = "uint8" if depth == 7 else "uint16"
    return Header("jp2", right - left, bottom - top, channels=channels, dtype=dtype, refusal=refusal)
