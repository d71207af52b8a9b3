"""The .safetensors format: a header in JSON, and tensors one behind the other.

This reads and writes the format as https://huggingface.co/docs/safetensors describes it, as a stream: the library of
that name needs all tensors in memory to write a file, and has no bfloat16 for NumPy. The tests read outputs with it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from noiseaug.media.array.member import Member, Reading
from noiseaug.media.array.noising import Noising
from noiseaug.media.array.span import Span
from noiseaug.media.array.values import BFLOAT16, Values, values_of
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import Refused, SourceFile

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "C64": "<c8",
    "BOOL": "|b1",
    **{f"I{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
}
_NAMES = {np.dtype(text): name for name, text in _DTYPES.items()}
_OTHER_BITS = {"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_OTHER_BITS |= {"F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4_E2M1": 4}
_BITS = {name: 8 * np.dtype(text).itemsize for name, text in _DTYPES.items()} | {"BF16": 16} | _OTHER_BITS
_METADATA = "__metadata__"
_LONGEST = 100_000_000  # bytes of the header, as in the library
_COPIED = 1 << 20
# Names of tensors with several small numbers in each integer, and of what says how to read one that is quantised.
_PACKED = re.compile(r"(^|[._])(qweight|qzeros|weight_packed|packed_weight|blocks)$")
_SCALES = (".absmax", ".quant_map", "_scale", "_scale_inv", "_scales")
_SCALES_BESIDE = ("SCB", "scales", "weight_scale", "weight_scale_inv")


class Safetensors:
    """A .safetensors file."""

    format = "safetensors"
    made_by = ""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        length = int.from_bytes(source.read_at(8, 0), "little")
        if source.size < 8 or length > min(_LONGEST, source.size - 8):
            raise Refused("is no .safetensors file: its header does not fit into it; copy it anew")
        self._raw = Span(source, 0, 8 + length).read(8 + length)
        self._header = _parsed(self._raw[8:])
        tensors = [(name, told) for name, told in self._header.items() if name != _METADATA]
        for name, told in tensors:
            _check(name, told)
        self._tensors = dict(sorted(tensors, key=lambda item: item[1]["data_offsets"]))
        end = 0
        for name, told in self._tensors.items():
            first, last = told["data_offsets"]
            if first != end or last < first:
                raise Refused(f"has {name!r} at {first:,} to {last:,}, where {end:,} was expected; save it anew")
            end = last
        if 8 + length + end != source.size:
            missing = 8 + length + end - source.size
            what = f"ends early: {missing:,} bytes are missing" if missing > 0 else f"has {-missing:,} bytes too many"
            raise Refused(f"{what}; copy it anew")
        self.members = [self._member(name, told) for name, told in self._tensors.items()]

    @contextmanager
    def opened(self, member: Member) -> Iterator[Reading]:
        """Open a tensor for reading."""
        yield self._span(member.name)

    def _span(self, name: str) -> Span:
        first, last = self._tensors[name]["data_offsets"]
        return Span(self._source, len(self._raw) + first, len(self._raw) + last)

    def _member(self, name: str, told: dict[str, Any]) -> Member:
        dtype = told["dtype"]
        packed = f"{dtype} numbers" if dtype in _OTHER_BITS else ""
        if dtype == "BF16":
            values = Values(BFLOAT16, np.dtype("<u2"))
        else:
            values = values_of(np.dtype(_DTYPES.get(dtype, "|u1")))
            if values.are_whole and not packed and self._is_quantised(name):
                packed = f"quantised numbers ({dtype})"
        return Member(name, values, tuple(told["shape"]), packed=packed)

    def _is_quantised(self, name: str) -> bool:
        """Tell whether an integer tensor stands for other numbers, by its name and those of tensors beside it."""
        stem = name.rpartition(".")[0]
        beside = (f"{stem}.{other}" if stem else other for other in _SCALES_BESIDE)
        others = (*(name + ending for ending in _SCALES), *(beside if name.endswith("weight") else ()))
        return bool(_PACKED.search(name)) or any(other in self._tensors for other in others)

    def check_noisy(self, members: Sequence[Member]) -> None:
        """Do nothing: what is read is what is there."""

    def write(self, file: OutputFile, noisy: Mapping[str, Noising]) -> None:
        """Write a file like this one, in which the tensors of these names have noise."""
        file.append(self._raw if all(_is_same(one) for one in noisy.values()) else self._retold(noisy))
        for member in self.members:
            span = self._span(member.name)
            if member.name in noisy:
                for block in noisy[member.name].blocks(span):
                    file.append(block)
            else:
                while data := span.read(_COPIED):
                    file.append(data)

    def _retold(self, noisy: Mapping[str, Noising]) -> bytes:
        """Return a header for tensors of which some change their dtype."""
        header, at = dict(self._header), 0
        for name, told in self._tensors.items():
            first, last = told["data_offsets"]
            dtype, size = told["dtype"], last - first
            if name in noisy and not _is_same(noisy[name]):
                after = noisy[name].after.stored
                dtype, size = _NAMES[after], noisy[name].member.size * after.itemsize
            header[name] = told | {"dtype": dtype, "data_offsets": [at, at + size]}
            at += size
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text


def _is_same(noising: Noising) -> bool:
    return noising.after == noising.member.values


def _parsed(text: bytes) -> dict[str, Any]:
    """Return the header, in which each name stands once."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands there twice")
        return dict(pairs)

    try:
        header = json.loads(text.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Refused(f"has a header that cannot be read: {str(error)[:80]}; save it anew") from None
    if not text.startswith(b"{") or not isinstance(header, dict):
        raise Refused("has a header that is no JSON object; save it anew with safetensors")
    return header


def _check(name: str, told: Any) -> None:
    """Raise Refused if what the header says of a tensor cannot be."""
    if not isinstance(told, dict) or told.keys() != {"dtype", "shape", "data_offsets"}:
        raise Refused(f"says of {name!r} other than a dtype, a shape and its place; save it anew")
    dtype, shape, place = told["dtype"], told["shape"], told["data_offsets"]
    if not _are_sizes(shape) or not _are_sizes(place) or len(place) != 2:
        raise Refused(f"says of {name!r} a shape or a place that cannot be; save it anew")
    bits = _BITS.get(dtype) if isinstance(dtype, str) else None
    if bits is None:
        raise Refused(f"has {name!r} of dtype {str(dtype)[:20]!r}, which is not known here")
    count = math.prod(shape)
    if count * bits != 8 * (place[1] - place[0]):
        raise Refused(f"has {name!r} in {place[1] - place[0]:,} bytes, and {count * bits // 8:,} were expected")


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 63 for size in value)
