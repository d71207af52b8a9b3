"""Recordings that libsndfile does not read: M4A, AMR, the sound of videos. FFmpeg does, through PyAV of `noiseaug[av]`.

Samples are those that `ffmpeg -i FILE -f f32le -` of the same version gives: without the delay of the encoder, as
far as the file tells of it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame

from noiseaug.media.audio.containers import films
from noiseaug.media.audio.tags import Held, held_as_texts
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused, SourceFile

# What is read: no playlists, which name files and addresses elsewhere. Their names are those of FFmpeg's demuxers.
_DEMUXERS = (
    *("aac", "amr", "amrnb", "amrwb", "asf", "avi", "flac", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mp3", "ogg"),
    *("tta", "wav", "wv"),
)
_OPTIONS = {"format_whitelist": ",".join(_DEMUXERS), "protocol_whitelist": "none"}
# What containers are called, where that is not the first of the demuxer's names.
_CONTAINERS = {"mov": "MP4", "matroska": "Matroska"}
# The subtype of the samples that decoders give, by FFmpeg's names. Those with a p have a plane a channel.
_SUBTYPES = {"u8": "PCM_U8", "s16": "PCM_16", "s32": "PCM_32", "flt": "FLOAT", "dbl": "DOUBLE"}
# What Vorbis comments call tags that FFmpeg has another name for.
_TAGS = {"track": "tracknumber", "disc": "discnumber", "album_artist": "albumartist"}
# What muxers write of themselves.
_TECHNICAL = frozenset(
    {
        *("major_brand", "minor_version", "compatible_brands", "encoder", "software", "handler_name", "vendor_id"),
        *("language", "duration", "encoded_by", "isvbr", "wmfsdkversion", "wmfsdkneeded"),
        *("deviceconformancetemplate", "track_number", "gapless_playback", "itunsmpb", "itunnorm"),
    }
)
_KINDS = {"video": "video", "subtitle": "subtitles", "data": "data streams", "attachment": "attachments"}
# The files that say how long they are, exactly or nearly so; of others, FFmpeg estimates it by their size.
_EXACT = frozenset({"asf", "avi", "mov", "tta", "wv"})
_SLACK_SECONDS = 0.2
_MOST_FRAMES_A_BYTE = 64


class Reader:
    """The first sound in a file, read like `soundfile.SoundFile`: from the beginning to the end, once.

    Attributes:
        format, subtype, endian, samplerate, channels: as of `SoundFile`; the format is that of the container.
        frames: how many are expected, which may be an estimate.
        made_with: the versions of the libraries.

    Raises:
        Refused: if there is no sound in it, or it cannot be decoded. So does `read`.
    """

    endian = "FILE"

    def __init__(self, source: SourceFile) -> None:
        self._what = f"{os.path.splitext(source.path)[1].lower()} file"
        declared = films.declared_size(source)
        if declared > source.size:
            raise Refused(f"is truncated: {declared} bytes expected, {source.size} found")
        try:
            self._file = av.open(_Bytes(source), "r", options=_OPTIONS, metadata_errors="replace")
        except (av.FFmpegError, ValueError, OSError):
            raise Refused(
                f"is no {self._what} that FFmpeg can read: it is damaged, truncated or of another format; replace or "
                "remove it"
            ) from None
        if not self._file.streams.audio:
            self._file.close()
            raise Refused(f"is a {self._what} without sound, of which there is nothing to take; leave it out")
        self._stream = stream = self._file.streams.audio[0]
        context = stream.codec_context
        if context is None:  # a codec that this FFmpeg does not know
            raise self._undecodable()
        context.thread_count = 1  # runs are parallel over files
        name = self._file.format.name.partition(",")[0]
        self.format = _CONTAINERS.get(name, name.upper())
        frames = self._decoded()
        first = next(frames, None)  # it knows better than the header, which does not tell of HE-AAC's double rate
        like = first or context
        self.samplerate, self.channels = like.sample_rate, like.layout.nb_channels
        self.subtype = self._subtype(like.format.name if like.format else "")
        self.frames, self._least = self._expected(name)
        self._blocks = map(self._samples, itertools.chain([first] if first else [], frames))
        self._waiting, self._done = np.empty((0, self.channels)), 0

    def _subtype(self, form: str) -> str:
        """Return the subtype of samples in a format of FFmpeg's."""
        context, plain = self._stream.codec_context, form.removesuffix("p")
        if plain not in _SUBTYPES or not self.samplerate or not self.channels:
            raise self._undecodable()
        bits = _bits_of(context.name, context.extradata or b"") if plain == "s32" else 0
        return "PCM_24" if bits == 24 else _SUBTYPES[plain]

    def _expected(self, name: str) -> tuple[int, int]:
        """Return how many frames there are, perhaps by estimate, and how many at least."""
        stream, file = self._stream, self._file
        seconds = 0.0
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif file.duration:
            seconds = file.duration / av.time_base
        if not seconds:
            return file.size * _MOST_FRAMES_A_BYTE, 0
        least = seconds - _SLACK_SECONDS if name in _EXACT and stream.duration else 0.0
        return round(seconds * self.samplerate), round(least * self.samplerate)

    @property
    def made_with(self) -> str:
        """The versions of PyAV and of FFmpeg's decoders."""
        version = ".".join(map(str, av.library_versions["libavcodec"]))
        return f"av {av.__version__}, libavcodec {version}"

    def held(self) -> Held:
        """Return the tags, by the names of Vorbis comments, and names of what no output will have."""
        texts = ((_TAGS.get(name, name).upper(), text) for name, text in self._tags().items() if name not in _TECHNICAL)
        return held_as_texts(texts, self._lost())

    def _lost(self) -> Iterator[str]:
        stream = self._stream
        name = stream.codec_context.name
        if not name.startswith("pcm_"):
            yield f"{name.removesuffix('float').upper()} compression"
        for other in self._file.streams:
            if other.type == "video" and other.disposition & other.disposition.attached_pic:
                yield "picture"
            elif other.type == "audio" and other.index != stream.index:
                yield "further sound"
            elif other.type in _KINDS:
                yield _KINDS[other.type]
        if self._file.chapters():
            yield "chapters"

    def _tags(self) -> dict[str, str]:
        """Return the tags of the file and of its sound, by their names in small letters."""
        both = self._stream.metadata | self._file.metadata
        return {name.lower(): text for name, text in both.items() if text}

    def read(self, dtype: str, *, always_2d: bool, out: Array) -> Array:
        """Fill `out`, shape (frames, channels), with the next samples. Return the part of it that is filled."""
        filled = 0
        while filled < len(out):
            if not len(self._waiting):
                self._waiting = next(self._blocks, self._waiting)
                if not len(self._waiting):
                    self._check_end()
                    break
            part = self._waiting[: len(out) - filled]
            out[filled : filled + len(part)] = part
            self._waiting = self._waiting[len(part) :]
            filled += len(part)
            self._done += len(part)
        return out[:filled]

    def _decoded(self) -> Iterator[AudioFrame]:
        """Yield the frames that have samples."""
        try:
            for packet in self._file.demux(self._stream):
                if packet.is_corrupt:
                    raise self._damaged()
                yield from (frame for frame in packet.decode() if frame.samples)
        except (av.FFmpegError, ValueError, OSError):
            raise self._damaged() from None

    def _samples(self, frame: AudioFrame) -> Array:
        """Return the samples of a frame, shape (frames, channels), on the lattice of the subtype."""
        if (frame.sample_rate, frame.layout.nb_channels) != (self.samplerate, self.channels):
            raise Refused(
                f"changes within from {self.samplerate} Hz and {self.channels} channels to {frame.sample_rate} Hz and "
                f"{frame.layout.nb_channels} channels; convert it to FLAC or WAV"
            )
        found: Array = frame.to_ndarray()
        samples = found.T if frame.format.is_planar else found.reshape(-1, self.channels)
        if samples.dtype == np.uint8:  # left-justified, as libsndfile gives them
            return (samples.astype(np.int16) - 128) << 8
        return samples

    def _check_end(self) -> None:
        if self._done < self._least:
            found, said = (count / self.samplerate for count in (self._done, self.frames))
            raise Refused(f"is truncated: {said:.1f} seconds expected, {found:.1f} found")

    def _undecodable(self) -> Refused:
        return Refused(
            f"is a {self._what} whose sound FFmpeg cannot decode: it is truncated, or of a coding that it does not "
            "know; replace it, or convert it to FLAC or WAV"
        )

    def _damaged(self) -> Refused:
        return Refused(f"is a {self._what} that is damaged or truncated: FFmpeg cannot decode all of it; replace it")

    def close(self) -> None:
        """Let go of the decoder. The source stays open."""
        self._file.close()


def _bits_of(codec: str, extradata: bytes) -> int:
    """Return how many bits of 32 a lossless codec uses, or 32 where it does not tell. They are the highest ones."""
    if codec.startswith("pcm_s24"):
        return 24
    if codec == "alac" and len(extradata) >= 36:
        return extradata[17]
    if codec == "flac" and len(extradata) >= 34:
        return ((extradata[12] & 1) << 4 | extradata[13] >> 4) + 1
    return 32


class _Bytes:
    """The bytes of a source, as a file in Python."""

    def __init__(self, source: SourceFile) -> None:
        self._source, self._at = source, 0
        self.name = source.path  # its suffix helps to tell what it is

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self._source.read_at(size, self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._source.size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at
