"""M4A, AMR and their kin, and the sound of videos: read with the extra `noiseaug[av]`, and written as FLAC."""

from __future__ import annotations

import shutil
import subprocess
import sys

import av
import mutagen
import numpy as np
import pytest
import soundfile

from noiseaug.media.audio import reading
from support.av_files import ENCODERS, make
from support.commands import noiseaug, run_one, within
from support.corpus import sound
from support.recordings import ratios, read, snr_of
from support.trees import failures, files, manifest, tree

SOUNDS = (".m4a", ".m4b", ".aac", ".wma", ".mka", ".weba", ".tta", ".wv", ".amr")
VIDEOS = (".mov", ".mp4", ".mkv", ".webm", ".avi", ".wmv", ".3gp")
# Rounding to 24 bits, and what builds of FFmpeg's decoders differ by.
CLOSE = 1.5 * 2.0**-23


def decoded(path):
    """The first sound as `ffmpeg` decodes it, with encoder's delay taken off; shape (frames, channels)."""
    if not shutil.which("ffmpeg"):
        pytest.skip("NOT TESTED: the same samples as those of ffmpeg; install ffmpeg")
    with av.open(path) as file:
        channels = file.streams.audio[0].codec_context.channels
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "f64le", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout, "<f8").reshape(-1, channels)


def test_the_files_of_these_tests_are_of_all_suffixes_that_are_made_here():
    assert {*SOUNDS, *VIDEOS} == set(ENCODERS)


@pytest.mark.parametrize("suffix", SOUNDS)
def test_sound_becomes_flac_with_the_samples_that_ffmpeg_decodes(source, dest, suffix):
    make(source / f"a{suffix}")
    assert within("run", source, dest, "--std", "0").returncode == 0, failures(dest)
    (row,) = manifest(dest).values()
    expected, found = decoded(source / f"a{suffix}"), read(dest / "a.flac")
    assert found.shape == expected.shape == (row["num_samples"], row["channels"])
    assert np.abs(found - expected).max() <= CLOSE
    assert row["file_name"] == "a.flac" and "compression" in row["not_kept"]
    assert "av " in row["made_with"] and "libavcodec " in row["made_with"]


@pytest.mark.parametrize(
    ("suffix", "encoder", "form"),
    [(".m4a", "aac", "fltp"), (".mp4", "aac", "fltp"), (".mka", "aac", "fltp"), (".weba", "libopus", "flt")],
)
def test_the_delay_of_the_encoder_is_taken_off(source, tmp_path, suffix, encoder, form):
    """Older versions of FFmpeg leave that of AAC in Matroska, so this asks the samples that were encoded."""
    path = make(source / f"a{suffix}", frames=48_000, encoder=encoder, form=form)
    assert within("run", path, tmp_path / "out.flac", "--std", "0").returncode == 0
    found, original = read(tmp_path / "out.flac"), sound(48_000, 2)
    assert len(original) <= len(found) < len(original) + 1024
    assert np.corrcoef(found[: len(original), 0], original[:, 0])[0, 1] > 0.95


@pytest.mark.parametrize("suffix", VIDEOS)
def test_the_sound_of_a_video_that_is_named_is_taken(source, tmp_path, suffix):
    make(source / f"film{suffix}", film=True)
    result = within("run", source / f"film{suffix}", tmp_path / "sound.flac", "--std", "0")
    assert result.returncode == 0, result.stderr
    expected, found = decoded(source / f"film{suffix}"), read(tmp_path / "sound.flac")
    assert found.shape == expected.shape and np.abs(found - expected).max() <= CLOSE


def test_in_a_folder_videos_are_other_files_unless_kind_audio_means_them(source, dest):
    make(source / "a.m4a")
    for suffix in VIDEOS:
        make(source / f"film-{suffix[1:]}{suffix}", film=True)
    result = within("run", source, dest, "--std", "0.1")
    assert result.returncode == 0 and files(dest) == ["a.flac", "manifest.jsonl"]
    assert "7 videos left out; --kind audio takes their sound" in result.stdout + result.stderr
    result = within("run", source, dest, "--std", "0.1", "--kind", "audio")
    assert result.returncode == 0, failures(dest)
    rows = manifest(dest)
    assert len(rows) == 8 and rows["film-mp4.flac"]["not_kept"] == "FLOAT samples, AAC compression, video"
    assert "left out" not in result.stdout + result.stderr


def test_videos_are_not_spoken_of_where_audio_is_not_asked_for(source, dest):
    make(source / "film.mp4", film=True)
    result = within("run", source, dest, "--std", "0.1", "--kind", "image")
    assert result.returncode == 1 and "--kind audio" not in result.stderr
    result = within("run", source, dest, "--std", "0.1")
    assert result.returncode == 1 and "1 video left out; --kind audio takes its sound" in result.stderr


def test_a_video_may_still_be_a_label_that_goes_along(source, dest):
    (source / "a.png").write_bytes(_png())
    make(source / "a.mp4", film=True)
    result = within("run", source, dest, "--std", "0.1", "--sidecars", ".mp4")
    assert result.returncode == 0 and (dest / "a.mp4").read_bytes() == (source / "a.mp4").read_bytes()
    result = within("run", source, dest, "--std", "0.1", "--sidecars", ".mp4", "--kind", "audio")
    assert result.returncode == 2 and "files that get noise themselves" in result.stderr


def test_a_video_without_sound_is_refused_with_that_reason(source, dest):
    make(source / "film.mp4", film=True, sounds=0)
    assert within("run", source, dest, "--std", "0.1", "--kind", "audio").returncode == 3
    assert failures(dest)["film.mp4"] == "is a .mp4 file without sound, of which there is nothing to take; leave it out"


def test_of_several_sounds_the_first_is_taken_and_the_others_are_named(source, dest):
    make(source / "a.mka", sounds=2)
    assert within("run", source, dest, "--std", "0").returncode == 0
    (row,) = manifest(dest).values()
    assert row["not_kept"] == "FLOAT samples, OPUS compression, further sound"
    assert np.abs(read(dest / "a.flac") - decoded(source / "a.mka")).max() <= CLOSE


@pytest.mark.parametrize(
    ("form", "encoder", "suffix", "subtype"),
    [
        ("s16p", "alac", ".m4a", "PCM_16"),
        ("s32p", "alac", ".m4a", "PCM_24"),
        ("s16", "pcm_s16le", ".mov", "PCM_16"),
        ("s32", "pcm_s24le", ".mov", "PCM_24"),
        ("s16", "flac", ".mka", "PCM_16"),
        ("s32", "flac", ".mka", "PCM_24"),
        ("s16", "tta", ".tta", "PCM_16"),
        ("s16p", "wavpack", ".wv", "PCM_16"),
    ],
)
def test_what_is_lossless_keeps_its_depth_and_every_sample(source, dest, form, encoder, suffix, subtype):
    make(source / f"a{suffix}", form=form, encoder=encoder)
    assert within("run", source, dest, "--std", "0", "--kind", "audio").returncode == 0, failures(dest)
    (row,) = manifest(dest).values()
    assert row["subtype"] == subtype and "samples" not in row["not_kept"]
    assert np.array_equal(read(dest / "a.flac"), decoded(source / f"a{suffix}"))


def test_texts_become_comments(source, dest):
    tags = {"title": "T, the tune", "artist": "A", "album": "L", "date": "2024", "track": "3/9", "composer": "C"}
    make(source / "a.m4a", tags=tags)
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    (row,) = manifest(dest).values()
    tags["tracknumber"] = tags.pop("track")
    assert {name: text for name, (text,) in mutagen.File(dest / "a.flac").tags.as_dict().items()} == tags
    assert row["not_kept"] == "FLOAT samples, AAC compression"


def test_noise_at_a_ratio_takes_several_passes_and_comes_out_as_asked(source, dest):
    make(source / "a.m4a", frames=200_000)
    ratios(source, dest, "10", snr_reference="channel")
    found = snr_of(decoded(source / "a.m4a"), read(dest / "a.flac"))
    assert abs(found - 10) < 0.02
    (row,) = manifest(dest).values()
    assert row["num_samples"] == len(decoded(source / "a.m4a"))


def test_other_formats_hold_the_floats_as_they_are(source, dest):
    make(source / "a.m4a")
    assert within("run", source, dest, "--std", "0", "--audio-format", "wav").returncode == 0
    assert soundfile.info(dest / "a.wav").subtype == "FLOAT"
    assert np.abs(read(dest / "a.wav") - decoded(source / "a.m4a")).max() < 1e-6  # another build of the decoder
    (row,) = manifest(dest).values()
    assert row["not_kept"] == "AAC compression"


def test_originals_beside_are_the_files_themselves(source, dest):
    make(source / "a.m4a")
    assert within("run", source, dest, "--std", "0.1", "--with-clean", "beside").returncode == 0
    assert (dest / "a.m4a").read_bytes() == (source / "a.m4a").read_bytes()
    assert [row["role"] for row in manifest(dest).values()] == ["clean", "noisy"]


def test_a_rate_and_a_number_of_channels_stay(source, dest):
    row = run_one(source, dest, "a.m4a", make(source / "b.m4a", rate=22050).read_bytes(), "--std", "0", "--limit", "1")
    assert (row["sampling_rate"], row["channels"]) == (22050, 2)


def test_the_bytes_do_not_depend_on_the_size_of_blocks(source, dest, monkeypatch):
    make(source / "a.m4a", frames=150_000)
    assert within("run", source, dest / "one", "--std", "0.1", "--snr", "10").returncode == 0
    monkeypatch.setattr(reading, "BLOCK_SAMPLES", 1000)
    monkeypatch.setattr(reading, "HELD_SAMPLES", 0)
    assert within("run", source, dest / "two", "--std", "0.1", "--snr", "10").returncode == 0
    assert tree(dest / "one") == tree(dest / "two")


def test_outputs_are_made_again_the_same(source, dest):
    make(source / "a.m4a")
    make(source / "film.mp4", film=True)
    assert within("run", source, dest, "--std", "0.1", "--kind", "audio").returncode == 0
    assert within("verify", dest, "--source", source, "--deep").returncode == 0
    again = within("run", source, dest, "--std", "0.1", "--kind", "audio")
    assert again.stdout.startswith("nothing to do")


TRUNCATED = {".m4a": {"movflags": "faststart"}, ".mov": {}, ".aac": {}, ".wma": {}, ".mka": {}, ".webm": {}}
TRUNCATED |= {".tta": {}, ".wv": {}, ".amr": {}, ".avi": {}}


@pytest.mark.parametrize("suffix", TRUNCATED)
def test_no_truncated_file_passes_for_whole(source, dest, suffix):
    data = make(source / f"a{suffix}", film=suffix in VIDEOS, options=TRUNCATED[suffix]).read_bytes()
    (source / f"a{suffix}").unlink()
    for part in (0.01, 0.2, 0.5, 0.7, 0.9):
        (source / f"{part}{suffix}").write_bytes(data[: int(len(data) * part)])
    result = noiseaug("run", source, dest, "--std", "0.1", "--kind", "audio", "--engine", "threads")
    assert result.returncode == 3 and not manifest(dest)
    for why in failures(dest).values():
        assert "truncated" in why, why
    assert "moov" not in result.stderr and "Error" not in result.stderr and "[" not in result.stderr


def test_what_is_no_sound_is_refused_in_words_of_ours(source, dest):
    (source / "text.m4a").write_bytes(b"no sound at all, and long enough to be looked at twice " * 100)
    (source / "empty.aac").write_bytes(b"")
    result = noiseaug("run", source, dest, "--std", "0.1", "--engine", "threads")
    assert result.returncode == 3 and "av.error" not in result.stderr
    assert failures(dest) == {
        "empty.aac": "is empty; expected audio",
        "text.m4a": "is no .m4a file that FFmpeg can read: it is damaged, truncated or of another format; replace or "
        "remove it",
    }


def test_a_coding_that_ffmpeg_does_not_know_is_refused_in_words_of_ours(source, dest):
    data = make(source / "a.weba").read_bytes()
    (source / "a.weba").write_bytes(data.replace(b"A_OPUS", b"A_NONE"))
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert failures(dest)["a.weba"].startswith("is a .weba file whose sound FFmpeg cannot decode")


def test_a_damaged_file_is_refused_where_ffmpeg_goes_on(source, dest):
    data = bytearray(make(source / "a.m4a", frames=100_000).read_bytes())
    for at in range(1000, len(data) // 2, 200):
        data[at] ^= 0x55
    (source / "a.m4a").write_bytes(data)
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "damaged or truncated: FFmpeg cannot decode all of it" in failures(dest)["a.m4a"]


def test_pictures_chapters_and_the_like_are_named(source, dest):
    if not shutil.which("ffmpeg"):
        pytest.skip("NOT TESTED: names of pictures, chapters and subtitles; install ffmpeg")
    sound_of, cover = make(source.parent / "a.m4a"), source.parent / "cover.png"
    cover.write_bytes(_png())
    words, chapters = source.parent / "words.srt", source.parent / "chapters.txt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nwords\n")
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=one\n")
    given = [argument for path in (sound_of, cover, words, chapters) for argument in ("-i", path)]
    mapped = ["-map", "0", "-map", "1", "-map", "2", "-map_metadata", "3", "-disposition:v", "attached_pic"]
    command = ["ffmpeg", "-v", "error", *given, *mapped, "-c", "copy", "-c:s", "mov_text", source / "a.m4b"]
    subprocess.run(command, check=True, timeout=60)
    assert within("run", source, dest, "--std", "0.1").returncode == 0, failures(dest)
    (row,) = manifest(dest).values()
    assert {"picture", "subtitles", "chapters"} <= set(row["not_kept"].split(", ")) and "video" not in row["not_kept"]


def test_a_playlist_under_the_name_of_a_recording_opens_no_other_file(source, dest):
    secret = make(source / "secret.aac")
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:10", "#EXTINF:9.0,", f"file://{secret}", "#EXT-X-ENDLIST", ""]
    (source / "list.m4a").write_text("\n".join(lines))
    (source / "list.m4b").write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert set(failures(dest)) == {"list.m4a", "list.m4b"} and set(manifest(dest)) == {"secret.flac"}


def test_without_the_extra_the_failure_names_it(source, dest, monkeypatch):
    make(source / "a.m4a")
    make(source / "film.mov", film=True)
    monkeypatch.setitem(sys.modules, "av", None)
    assert within("run", source, dest, "--std", "0.1", "--kind", "audio").returncode == 3
    assert failures(dest) == {
        "a.m4a": ".m4a files need the extra: pip install 'noiseaug[av]'",
        "film.mov": ".mov files need the extra: pip install 'noiseaug[av]'",
    }


def test_such_files_are_not_written(source, dest):
    make(source / "a.m4a")
    refused = within("run", source / "a.m4a", source.parent / "b.m4a", "--std", "0.1")
    assert refused.returncode == 3 and "cannot be written as .m4a: expected one of .8svx" in refused.stderr


def test_a_file_that_makes_the_decoder_hang_costs_itself_alone(source, dest):
    """As every decoder, FFmpeg works in processes of its own, which are timed."""
    make(source / "a.m4a")
    make(source / "b.m4a")
    hang = {"call": "os.read", "path": "b.m4a", "nth": 0, "when": "before", "do": "segfault", "count": ""}
    result = noiseaug("run", source, dest, "--std", "0.1", fault=hang)
    assert result.returncode == 3 and set(manifest(dest)) == {"a.flac"} and "b.m4a" in failures(dest)


def _png():
    import cv2

    return cv2.imencode(".png", np.full((8, 8, 3), 128, np.uint8))[1].tobytes()
