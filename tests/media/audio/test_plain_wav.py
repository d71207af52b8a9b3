"""Plain WAV files, which are read and written without libsndfile: what comes out is what libsndfile would make."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from noiseaug import GaussianNoise
from support.commands import STRENGTH, within
from support.corpus import sound
from support.trees import failures, manifest

# The keys of a row that differ from file to file.
OF_FILE = frozenset(
    {
        *("file_name", "source_path", "key", "sha256", "source_sha256", "source_bytes", "bytes", "label"),
        *("noise_mean", "noise_std", "clipped", "snr_db_measured"),
    }
)


def written(samples: np.ndarray, rate: int) -> bytes:
    """The WAV file that libsndfile makes of samples."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, "PCM_16", format="WAV")
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("rate", [1, 8000, 44100, 768_000, 768_001])
def test_a_plain_file_becomes_the_bytes_that_libsndfile_writes(channels, rate, tmp_path, dest):
    for frames in (1, 7, 30_000):
        samples = (np.clip(sound(frames, channels), -1, 1) * 32767).astype(np.int16)
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / f"in/{frames}.wav").write_bytes(written(samples, rate))
        (tmp_path / f"in/{frames}-padded.wav").write_bytes(padded(written(samples, rate)))
    assert within("run", tmp_path / "in", dest, *STRENGTH).returncode == 0
    rows = manifest(dest)
    for frames in (1, 7, 30_000):
        samples, _ = soundfile.read(tmp_path / f"in/{frames}.wav", dtype="int16", always_2d=True)
        noisy = GaussianNoise("25/255", seed=7)(samples, key=f"{frames}.wav", bits=16, channel_axis=-1)
        assert (dest / f"{frames}.wav").read_bytes() == written(noisy, rate)
        same, other = rows[f"{frames}.wav"], rows[f"{frames}-padded.wav"]
        assert list(same) == list(other)
        assert {key: value for key, value in same.items() if key not in OF_FILE} == {
            key: value for key, value in other.items() if key not in OF_FILE
        }


def padded(content: bytes) -> bytes:
    """A WAV file with a chunk of nothing before its samples, which libsndfile has to read."""
    junk = b"JUNK" + (10).to_bytes(4, "little") + bytes(10)
    return content[:4] + struct.pack("<I", len(content) + len(junk) - 8) + content[8:36] + junk + content[36:]


@pytest.mark.parametrize("at", range(0, 44, 2))
def test_a_header_that_is_not_plain_is_left_to_libsndfile(at, tmp_path, dest):
    content = bytearray(written(np.full((100, 2), 1000, np.int16), 8000))
    content[at] ^= 0x2A
    (tmp_path / "a.wav").write_bytes(content)
    # What libsndfile makes of the file where the noise comes from another place in the program.
    within("run", tmp_path / "a.wav", tmp_path / "apart", *STRENGTH, "--keep-silence")
    within("run", tmp_path / "a.wav", dest, *STRENGTH)
    assert failures(dest) == failures(tmp_path / "apart")
    names = [path.name for path in dest.glob("a*")]
    assert names == [path.name for path in (tmp_path / "apart").glob("a*")]
    for name in names:
        assert (dest / name).read_bytes() == (tmp_path / "apart" / name).read_bytes()


def test_silence_and_originals_of_plain_files_are_recorded_as_of_others(tmp_path, dest):
    content = written(np.zeros(500, np.int16), 8000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/plain.wav").write_bytes(content)
    (tmp_path / "in/plain-padded.wav").write_bytes(padded(content))
    assert within("run", tmp_path / "in", dest, *STRENGTH, "--with-clean", "tree").returncode == 0
    rows = manifest(dest)
    assert len(rows) == 4
    for tree in ("clean", "noisy"):
        same, other = rows[f"{tree}/plain.wav"], rows[f"{tree}/plain-padded.wav"]
        told = {key: value for key, value in same.items() if key not in OF_FILE}
        assert told == {key: value for key, value in other.items() if key not in OF_FILE}
        assert told["silent"]
