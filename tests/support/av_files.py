"""M4A and its kin, and videos, made by PyAV."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from support.corpus import sound

# The encoder of each suffix, the format of samples that it takes, and how many it takes at a time.
ENCODERS = {
    ".m4a": ("aac", "fltp", 1024),
    ".m4b": ("aac", "fltp", 1024),
    ".aac": ("aac", "fltp", 1024),
    ".wma": ("wmav2", "fltp", 2048),
    ".mka": ("libopus", "flt", 960),
    ".weba": ("libopus", "flt", 960),
    ".tta": ("tta", "s16", 4608),
    ".wv": ("wavpack", "s16p", 4096),
    ".amr": ("libopencore_amrnb", "s16", 160),
    ".mov": ("aac", "fltp", 1024),
    ".mp4": ("aac", "fltp", 1024),
    ".mkv": ("flac", "s16", 4608),
    ".webm": ("libopus", "flt", 960),
    ".avi": ("mp2", "s16", 1152),
    ".wmv": ("wmav2", "fltp", 2048),
    ".3gp": ("libopencore_amrnb", "s16", 160),
}
# The names of containers in FFmpeg that suffixes do not tell it.
_CONTAINERS = {".m4a": "ipod", ".m4b": "ipod", ".mka": "matroska", ".weba": "webm"}


def make(
    path: Path,
    frames: int = 30_000,
    *,
    encoder: str = "",
    form: str = "",
    rate: int = 0,
    tags: dict[str, str] | None = None,
    film: bool = False,
    sounds: int = 1,
    options: dict[str, str] | None = None,
) -> Path:
    """Writes a recording, by the usual encoder of its suffix; of a `film`, with a video before the sound."""
    usual, usual_form, portion = ENCODERS[path.suffix]
    mono = "amr" in (encoder or usual)
    rate = rate or (8000 if mono else 44_100 if usual.startswith("wma") else 48_000)
    with av.open(path, "w", format=_CONTAINERS.get(path.suffix), options=options or {}) as file:
        file.metadata.update(tags or {})
        pictures = _video(file) if film else None
        streams = [file.add_stream(encoder or usual, rate=rate) for _ in range(sounds)]
        for stream in streams:
            stream.codec_context.format = form or usual_form
            stream.codec_context.layout = "mono" if mono else "stereo"
            stream.codec_context.bit_rate = 12_200 if mono else 128_000
        if pictures:
            for number in range(5):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8), "rgb24")
                file.mux(pictures.encode(frame))
            file.mux(pictures.encode(None))
        for seed, stream in enumerate(streams):
            _fill(file, stream, sound(frames, 1 if mono else 2, seed), portion)
    return path


def _video(file):
    stream = file.add_stream("mpeg4" if "webm" not in file.format.name else "libvpx", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    return stream


def _fill(file, stream, samples, portion):
    """Encodes samples of one stream, a portion at a time."""
    context = stream.codec_context
    name = context.format.name
    whole = {"s16": np.int16, "s32": np.int32}.get(name.removesuffix("p"))
    scaled = samples.astype(np.float32) if whole is None else np.rint(samples * np.iinfo(whole).max).astype(whole)
    for start in range(0, len(scaled), portion):
        part = scaled[start : start + portion]
        part = part.T if name.endswith("p") else part.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), name, context.layout.name)
        frame.sample_rate, frame.pts = context.sample_rate, start
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
