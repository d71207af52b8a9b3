"""Images byte by byte, of kinds that libraries read and none here writes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from differential import contents
from support.picture_files import chunk, interlaced, pam, png

Files = Iterator[tuple[str, bytes]]

_MASKS = {
    "555": (16, 0x7C00, 0x03E0, 0x001F, 0),
    "565": (16, 0xF800, 0x07E0, 0x001F, 0),
    "444": (16, 0x0F00, 0x00F0, 0x000F, 0),
    "bgr565": (16, 0x001F, 0x07E0, 0xF800, 0),
    "1555": (16, 0x7C00, 0x03E0, 0x001F, 0x8000),
    "4444": (16, 0x0F00, 0x00F0, 0x000F, 0xF000),
    "xrgb": (32, 0xFF0000, 0xFF00, 0xFF, 0),
    "rgbx": (32, 0xFF000000, 0xFF0000, 0xFF00, 0),
    "bgrx": (32, 0xFF, 0xFF00, 0xFF0000, 0),
    "argb": (32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    "abgr": (32, 0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    "rgba": (32, 0xFF000000, 0xFF0000, 0xFF00, 0xFF),
    "deep": (32, 0x3FF00000, 0xFFC00, 0x3FF, 0),
}


def files() -> Files:
    """All of them."""
    for name, picture in contents.pictures().items():
        for kind, suffix, data in _bitmaps(picture):
            if kind != "bmp-444-v52":  # whose one reader fills up 4 bits with zeros, so that white is 240
                yield f"hand-{kind}-{name}{suffix}", data
        yield from ((f"hand-{kind}-{name}{suffix}", data) for kind, suffix, data in _others(picture))


def _rows(packed: np.ndarray) -> bytes:
    """Rows of bytes from the bottom up, each filled up to four bytes."""
    return np.pad(packed[::-1], ((0, 0), (0, -packed.shape[1] % 4))).tobytes()


def bitmap(
    width: int,
    height: int,
    bits: int,
    rows: bytes,
    *,
    header: int = 40,
    compression: int = 0,
    masks: bytes = b"",
    palette: bytes = b"",
    colours: int = 0,
) -> bytes:
    """A BMP file with a header of so many bytes."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack(
            "<IiiHHIIiiII", header, width, height, 1, bits, compression, len(rows), 2835, 2835, colours, 0
        )
        info += masks[: max(header - 40, 0)]
        info += bytes(max(header - len(info), 0))
        masks = masks[max(header - 40, 0) :] if header < 56 else b""
    start = 14 + len(info) + (len(masks) if header == 40 else 0) + len(palette)
    body = info + (masks if header == 40 else b"") + palette + rows
    return struct.pack("<2sIHHI", b"BM", 14 + len(body), 0, 0, start) + body


def _bitmaps(picture: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    height, width = picture.shape[:2]
    size = width, height
    bgr = picture[..., ::-1].reshape(height, -1)
    yield "bmp-os2-24", ".bmp", bitmap(*size, 24, _rows(bgr), header=12)
    colours = np.random.default_rng(2).integers(0, 256, (256, 4)).astype(np.uint8)
    colours[:, 3] = 0
    indices = contents.grey(picture)
    for bits in (1, 4, 8):
        packed = _packed(indices >> (8 - bits), bits)
        table = colours[: 1 << bits]
        yield f"bmp-os2-{bits}", ".bmp", bitmap(*size, bits, _rows(packed), header=12, palette=table[:, :3].tobytes())
        for header in (40, 64, 108, 124):
            yield (
                f"bmp-v{header}-{bits}",
                ".bmp",
                bitmap(*size, bits, _rows(packed), header=header, palette=table.tobytes()),
            )
    few = colours[:5].tobytes()
    yield "bmp-5-colours", ".bmp", bitmap(*size, 8, _rows(indices % 5), palette=few, colours=5)
    down = bitmap(*size, 24, _rows(bgr[::-1]))
    yield "bmp-top-down", ".bmp", down[:22] + struct.pack("<i", -height) + down[26:]
    yield "bmp-555-plain", ".bmp", bitmap(*size, 16, _rows(_masked(picture, "555")))
    yield "bmp-32-plain", ".bmp", bitmap(*size, 32, _rows(_masked(picture, "xrgb")))
    for kind, (bits, *masks) in _MASKS.items():
        for header in (40, 52, 56, 108, 124):
            if masks[3] and header < 56:
                continue
            given = struct.pack("<4I", *masks)[: 12 if header < 56 else 16]
            rows = _rows(_masked(picture, kind))
            yield f"bmp-{kind}-v{header}", ".bmp", bitmap(*size, bits, rows, header=header, compression=3, masks=given)
    for bits in (4, 8):
        rows = _run_lengths(indices >> (8 - bits), bits)
        yield (
            f"bmp-rle{bits}",
            ".bmp",
            bitmap(
                *size, bits, rows, compression=3 - bits // 4, palette=colours[: 1 << bits].tobytes(), colours=1 << bits
            ),
        )


def _packed(indices: np.ndarray, bits: int) -> np.ndarray:
    """Indices of 1, 2, 4 or 8 bits, the first in the highest bits."""
    spread = np.unpackbits(indices[..., None], axis=-1)[..., 8 - bits :]
    return np.packbits(spread.reshape(len(indices), -1), axis=1)


def _masked(picture: np.ndarray, kind: str) -> np.ndarray:
    bits, *masks = _MASKS[kind]
    planes = contents.with_alpha(picture).astype(np.uint64)
    packed = np.zeros(picture.shape[:2], np.uint64)
    for channel, mask in enumerate(masks):
        if mask:
            shift, width = (mask & -mask).bit_length() - 1, mask.bit_count()
            value = planes[..., channel] >> 8 - width if width <= 8 else planes[..., channel] << width - 8
            packed |= value << shift
    return packed.astype(f"<u{bits // 8}").view(np.uint8).reshape(picture.shape[0], -1)


def _run_lengths(indices: np.ndarray, bits: int) -> bytes:
    """Rows as runs and, in every other row, as pixels one by one."""
    rows = []
    for number, row in enumerate(indices[::-1]):
        if number % 2 and 3 <= len(row) <= 255:
            packed = _packed(row[None], bits).tobytes()
            rows.append(bytes([0, len(row)]) + packed + bytes(len(packed) % 2))
        else:
            rows.append(b"".join(bytes([1, value if bits == 8 else value << 4]) for value in row))
        rows.append(b"\0\0")
    return b"".join(rows) + b"\0\1"


def _others(picture: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    height, width = picture.shape[:2]
    grey, alpha = contents.grey(picture), contents.with_alpha(picture)
    size = f"{width} {height}"
    yield from (
        ("pam-" + kind.lower(), ".pam", pam(array, kind))
        for kind, array in {
            "GRAYSCALE": grey,
            "GRAYSCALE_ALPHA": alpha[..., 2:],
            "RGB": picture,
            "RGB_ALPHA": alpha,
        }.items()
    )
    yield "pam-blackandwhite", ".pam", pam(grey // 128, "BLACKANDWHITE").replace(b"MAXVAL 255", b"MAXVAL 1")
    yield "pgm-comment", ".pgm", f"P5\n# said\n{size}\n# more\n255\n".encode() + grey.tobytes()
    for top in (1, 15, 100, 1000, 4095):
        values = (grey.astype(np.uint32) * top // 255).astype(">u2" if top > 255 else "u1")
        yield f"pgm-max{top}", ".pgm", f"P5 {size} {top}\n".encode() + values.tobytes()
        plain = " ".join(map(str, values.ravel()))
        yield f"pgm-plain-max{top}", ".pgm", f"P2 {size} {top}\n{plain}\n".encode()
    yield (
        "pbm-plain",
        ".pbm",
        f"P1\n{size}\n".encode() + "\n".join("".join(str(value) for value in row) for row in grey // 128).encode(),
    )
    yield "pgm-two", ".pgm", 2 * (f"P5 {size} 255\n".encode() + grey.tobytes())
    floats = (picture[::-1] / 255).astype("<f4")
    for scale in ("-1.0", "-2.5"):
        yield f"pfm-scale{scale}", ".pfm", f"PF\n{size}\n{scale}\n".encode() + floats.tobytes()
    yield "pfm-big-endian", ".pfm", f"PF\n{size}\n1.0\n".encode() + floats.astype(">f4").tobytes()
    yield from _sun(picture)
    yield from _portable(picture)


def _sun(picture: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    """Sun rasters of all types and depths; rows are filled up to two bytes."""
    height, width = picture.shape[:2]
    grey = contents.grey(picture)
    colours = np.random.default_rng(3).integers(0, 256, (3, 256)).astype(np.uint8)
    alpha = contents.with_alpha(picture)
    layouts = {
        (1, False): _packed(grey >> 7, 1),
        (8, False): grey,
        (8, True): grey,
        (24, False): picture[..., ::-1].reshape(height, -1),
        (32, False): alpha[..., [3, 2, 1, 0]].reshape(height, -1),
    }
    for (depth, mapped), rows in layouts.items():
        rows = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
        for kind in (0, 1, 2, 3):
            raw = rows if kind != 3 or depth < 24 else rows.copy()
            if kind == 3 and depth == 24:  # in the order red, green, blue
                raw = np.pad(picture.reshape(height, -1), ((0, 0), (0, 3 * width % 2)))
            elif kind == 3 and depth == 32:
                raw = alpha[..., [3, 0, 1, 2]].reshape(height, -1)
            data = _sun_runs(raw.tobytes()) if kind == 2 else raw.tobytes()
            table = colours.tobytes() if mapped else b""
            head = struct.pack(
                ">8I", 0x59A66A95, width, height, depth, len(data) if kind else 0, kind, int(mapped), len(table)
            )
            label = f"ras-{depth}{'-map' if mapped else ''}-type{kind}"
            yield label, ".ras", head + table + data


def _sun_runs(data: bytes) -> bytes:
    out, at = bytearray(), 0
    while at < len(data):
        run = 1
        while run < 256 and at + run < len(data) and data[at + run] == data[at]:
            run += 1
        if run > 2:
            out += bytes([0x80, run - 1, data[at]])
        else:
            run = 1
            out += b"\x80\0" if data[at] == 0x80 else data[at : at + 1]
        at += run
    return bytes(out)


def _portable(picture: np.ndarray) -> Iterator[tuple[str, str, bytes]]:
    """PNG of all depths and colour types that Pillow does not write."""
    alpha, grey = contents.with_alpha(picture), contents.grey(picture)
    deep = contents.deep(alpha)
    yield "png-deep-rgb", ".png", png(deep[..., :3], 2)
    yield "png-deep-rgba", ".png", png(deep, 6)
    yield "png-deep-ga", ".png", png(deep[..., 2:], 4)
    yield "png-deep-grey-key", ".png", png(deep[..., 1], 0, chunk(b"tRNS", deep[0, 0, 1].astype(">u2").tobytes()))
    yield "png-deep-rgb-key", ".png", png(deep[..., :3], 2, chunk(b"tRNS", deep[0, 0, :3].astype(">u2").tobytes()))
    yield "png-interlaced", ".png", interlaced(grey)
    for bits in (2, 4):
        yield f"png-grey{bits}", ".png", _small(grey, bits)
        yield (
            f"png-grey{bits}-key",
            ".png",
            _small(grey, bits, chunk(b"tRNS", struct.pack(">H", grey[0, 0] >> (8 - bits)))),
        )
    yield "png-grey1", ".png", png(grey // 128, 0, depth=1)
    yield "png-gamma", ".png", png(picture, 2, chunk(b"gAMA", struct.pack(">I", 100000)))
    yield (
        "png-histogram",
        ".png",
        png(grey // 128, 3, chunk(b"PLTE", bytes([200, 0, 0, 0, 0, 200])), chunk(b"hIST", bytes(4))),
    )
    yield "png-background", ".png", png(picture, 2, chunk(b"bKGD", bytes(6)), chunk(b"sBIT", b"\5\6\5"))


def _small(grey: np.ndarray, bits: int, *before: bytes) -> bytes:
    packed = _packed(grey >> (8 - bits), bits)
    made = png(packed, 0, *before, depth=8)
    return _with_width(made, grey.shape[1], bits)


def _with_width(data: bytes, width: int, bits: int) -> bytes:
    ihdr = struct.pack(">I", width) + data[20:24] + bytes([bits]) + data[25:29]
    return data[:8] + chunk(b"IHDR", ihdr) + data[33:]
