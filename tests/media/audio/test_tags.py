"""Tags of recordings, in files of the same container: kept as they are, and read by what did not write them."""

from __future__ import annotations

import base64
import struct

import mutagen
import numpy as np
import pytest
from mutagen import apev2, flac, id3, mp3, oggopus, oggvorbis

from noiseaug.media.audio import encoding
from support.commands import within
from support.corpus import RATE, sound, write_sound
from support.recordings import read, seen
from support.tagged import (
    COMMENTS,
    FRAMES,
    PIXELS,
    aiff_chunks,
    behind_mp3,
    chunks_of,
    id3_of,
    insert_chunk,
    listed_by,
    picture,
    put_chunks,
    tag_blocks,
    tag_comments,
    wav_chunks,
)
from support.trees import manifest, tree


def run_over(source, dest, *options):
    """Runs, and returns what the record of the only source says is not kept."""
    assert within("run", source, dest, "--std", "0.01", *options).stderr == ""
    (row,) = manifest(dest).values()
    return row["not_kept"]


def assert_only_noise(source, dest, name, plain):
    """The samples are those that come of the same file without tags."""
    tagged = read(dest / name)
    (source / name).write_bytes(plain)
    within("run", source, dest.with_name("plain"), "--std", "0.01")
    assert np.array_equal(tagged, read(dest.with_name("plain") / name))


CHUNKS = [*wav_chunks(), (b"a,\n\x01", b""), (b"ABCD", b"odd")]


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "FLOAT"])
def test_chunks_of_wav_are_kept_as_they_are(source, dest, form, subtype):
    plain = write_sound(source / "a.wav", sound(3001), subtype, form=form).read_bytes()
    put_chunks(source / "a.wav", [*CHUNKS, (b"JUNK", bytes(100))])
    assert run_over(source, dest) == ""
    found = [
        chunk for chunk in chunks_of(dest / "a.wav") if chunk[0] not in (b"fmt ", b"data", b"fact", b"PEAK", b"ds64")
    ]
    assert found == CHUNKS
    if form != "RF64":  # of which mutagen knows nothing
        assert mutagen.File(dest / "a.wav").tags["TBPM"].text == ["120"]
    assert listed_by("ffprobe", dest / "a.wav")["title"] == "a song"
    assert seen(dest / "a.wav") == seen(source / "a.wav")
    assert_only_noise(source, dest, "a.wav", plain)


def test_chunks_before_the_samples_are_kept_too(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    insert_chunk(source / "a.wav", b"bext", bytes(602))
    assert run_over(source, dest) == ""
    assert (b"bext", bytes(602)) in chunks_of(dest / "a.wav")


def test_chunks_of_big_endian_wav_are_kept_in_their_order_of_bytes(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16", endian="BIG")
    # libsndfile 1.2.2 takes a big-endian file with a chunk `cue ` for a little-endian one.
    chunks = [chunk for chunk in wav_chunks(">") if chunk[0] != b"cue "]
    put_chunks(source / "a.wav", chunks)
    assert run_over(source, dest) == ""
    assert chunks_of(dest / "a.wav")[2:] == chunks
    assert run_over(source, dest / "other", "--audio-format", "flac").startswith("bext chunk, smpl chunk")
    assert flac.FLAC(dest / "other/a.flac")["TITLE"] == ["a song"]


@pytest.mark.parametrize("name", [b"levl", b"MD5 "])
def test_chunks_that_are_not_true_of_the_new_samples_are_named(source, dest, name):
    write_sound(source / "a.wav", sound(), "PCM_16")
    put_chunks(source / "a.wav", [(name, bytes(16)), (b"bext", bytes(602))])
    assert run_over(source, dest) == f"{name.decode().strip()} chunk"
    assert [found for found, _ in chunks_of(dest / "a.wav")] == [b"fmt ", b"data", b"bext"]


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "FLOAT"])
def test_chunks_of_aiff_are_kept_as_they_are(source, dest, subtype):
    plain = write_sound(source / "a.aiff", sound(3001), subtype).read_bytes()
    put_chunks(source / "a.aiff", aiff_chunks())
    assert run_over(source, dest) == ""
    found = [chunk for chunk in chunks_of(dest / "a.aiff") if chunk[0] not in (b"COMM", b"SSND", b"FVER", b"PEAK")]
    assert found == aiff_chunks()
    assert mutagen.File(dest / "a.aiff").tags["TBPM"].text == ["120"]
    assert listed_by("ffprobe", dest / "a.aiff")["title"] == "a song"
    assert_only_noise(source, dest, "a.aiff", plain)


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "ALAC_16"])
def test_chunks_of_core_audio_are_kept_as_they_are(source, dest, subtype):
    plain = write_sound(source / "a.caf", sound(3001), subtype).read_bytes()
    added = [(b"info", struct.pack(">I", 1) + b"title\0a song\0"), (b"strg", bytes(5)), (b"uuid", bytes(16))]
    put_chunks(source / "a.caf", added)
    assert run_over(source, dest) == ""
    assert chunks_of(dest / "a.caf")[-3:] == added
    assert listed_by("ffprobe", dest / "a.caf")["title"] == "a song"
    assert_only_noise(source, dest, "a.caf", plain)


def test_chunks_of_wave64_are_kept_before_the_samples(source, dest):
    plain = write_sound(source / "a.w64", sound(3001), "PCM_16").read_bytes()
    added = b"bext" + bytes(12), bytes(602)
    insert_chunk(source / "a.w64", *added)
    assert run_over(source, dest) == ""
    assert chunks_of(dest / "a.w64")[1] == added
    assert run_over(source, dest / "other", "--audio-format", "wav") == "bext chunk"
    assert_only_noise(source, dest, "a.w64", plain)


def test_texts_of_8svx_are_kept_before_the_samples(source, dest):
    plain = write_sound(source / "a.8svx", sound(), "PCM_S8", form="SVX").read_bytes()
    insert_chunk(source / "a.8svx", b"AUTH", b"somebody", before=b"BODY")
    assert run_over(source, dest) == ""
    assert [kind for kind, _ in chunks_of(dest / "a.8svx")] == [b"VHDR", b"NAME", b"ANNO", b"AUTH", b"BODY"]
    assert_only_noise(source, dest, "a.8svx", plain)


def test_blocks_of_flac_are_kept_as_they_are(source, dest):
    path = source / "a.flac"
    plain = write_sound(path, sound(), "PCM_16").read_bytes()
    tag_comments(path)
    tag_blocks(path)
    assert run_over(source, dest) == ""
    before, after = flac.FLAC(path), flac.FLAC(dest / "a.flac")
    assert after.tags == before.tags and after["ARTIST"] == ["one", "two"]
    assert after.tags.vendor.startswith("reference libFLAC")
    kinds = [block.code for block in before.metadata_blocks if block.code != 1]
    assert [block.code for block in after.metadata_blocks] == kinds
    for old, new in zip(
        [block for block in before.metadata_blocks if block.code != 1], after.metadata_blocks, strict=True
    ):
        assert old.code in (0, 4) or old.write() == new.write()
    listed_by("flac", dest / "a.flac")
    assert "ARTIST=two" in listed_by("metaflac", dest / "a.flac")
    assert listed_by("ffprobe", dest / "a.flac")["REPLAYGAIN_TRACK_GAIN"] == "-3.10 dB"
    assert_only_noise(source, dest, "a.flac", plain)


def test_id3_around_flac_is_named_frame_by_frame(source, dest):
    path = source / "a.flac"
    write_sound(path, sound(), "PCM_16")
    tag_comments(path)
    path.write_bytes(id3_of(FRAMES) + path.read_bytes())
    assert run_over(source, dest) == "ID3 TIT2, ID3 TPE1, ID3 TBPM, ID3 TXXX, picture"
    assert flac.FLAC(dest / "a.flac")["ARTIST"] == ["one", "two"]


@pytest.mark.parametrize("size", [10, 64_500, 65_025, 65_100, 700_000])
@pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.oga", "OPUS"), ("a.opus", "OPUS")])
def test_comments_of_ogg_are_kept_as_they_are_on_pages_numbered_and_summed_anew(source, dest, name, subtype, size):
    path = source / name
    plain = write_sound(path, sound(40_000), subtype, form="OGG").read_bytes()
    before = {"VORBIS": oggvorbis.OggVorbis, "OPUS": oggopus.OggOpus}[subtype](path)
    before.update(COMMENTS)
    before["METADATA_BLOCK_PICTURE"] = [_base64(picture(PIXELS + bytes(size))), _base64(picture())]
    before.save()
    assert run_over(source, dest) == ""
    after = type(before)(dest / name)
    assert list(after.tags) == list(before.tags)
    assert after.info.length == pytest.approx(before.info.length)
    report = listed_by("ogginfo", dest / name)
    assert "WARNING" not in report.upper() and "ended" in report
    if subtype == "OPUS":
        assert "WARNING" not in listed_by("opusinfo", dest / name).upper()
    assert_only_noise(source, dest, name, plain)


def _base64(block):
    return base64.b64encode(block.write()).decode()


@pytest.mark.parametrize("version", [2, 3, 4])
def test_id3_is_kept_whole_and_what_stands_behind_the_frames_of_mp3_too(source, dest, version):
    path = source / "a.mp3"
    plain = write_sound(path, sound(20_000), "MPEG_LAYER_III").read_bytes()
    head = id3_of(FRAMES, version, padding=500)
    path.write_bytes(head + plain + behind_mp3())
    assert run_over(source, dest) == ""
    made = (dest / "a.mp3").read_bytes()
    assert made.startswith(head + b"\xff") and made.endswith(behind_mp3())
    before, after = id3.ID3(path), id3.ID3(dest / "a.mp3")
    assert {key: frame.pprint() for key, frame in before.items()} == {
        key: frame.pprint() for key, frame in after.items()
    }
    assert after.getall("APIC")[0].data == PIXELS
    assert apev2.APEv2(dest / "a.mp3")["Artist"] == "one\0two"
    assert mp3.MP3(dest / "a.mp3").info.length == pytest.approx(mp3.MP3(path).info.length)
    assert listed_by("ffprobe", dest / "a.mp3")["title"] == "a song"
    assert_only_noise(source, dest, "a.mp3", plain)


def test_tags_of_recordings_that_are_not_held_in_memory_are_kept(source, dest, monkeypatch):
    """Then the written file is on disk, and what follows its head moves there."""
    write_sound(source / "a.flac", sound(RATE * 10), "PCM_16")
    tag_comments(source / "a.flac")
    assert run_over(source, dest / "one") == ""
    monkeypatch.setattr(encoding, "_IN_MEMORY", 0)
    assert run_over(source, dest / "other") == ""
    assert flac.FLAC(dest / "other/a.flac")["ARTIST"] == ["one", "two"]
    listed_by("flac", dest / "other/a.flac")
    assert np.array_equal(read(dest / "one/a.flac"), read(dest / "other/a.flac"))


def test_several_outputs_of_a_tagged_source_are_the_same_on_every_run_and_verify(source, dest):
    write_sound(source / "a.flac", sound(), "PCM_16")
    tag_comments(source / "a.flac")
    write_sound(source / "b.opus", sound(), "OPUS", form="OGG")
    file = oggopus.OggOpus(source / "b.opus")
    file.update(COMMENTS)
    file.save()
    write_sound(source / "c.mp3", sound(), "MPEG_LAYER_III")
    (source / "c.mp3").write_bytes(id3_of(FRAMES) + (source / "c.mp3").read_bytes())
    write_sound(source / "d.wav", sound(), "FLOAT")
    put_chunks(source / "d.wav", CHUNKS)
    options = ["--std", "0.01", "--std", "0.05", "--copies", "2"]
    for folder in ("one", "other"):
        assert within("run", source, dest / folder, *options).stderr == ""
    assert tree(dest / "one") == tree(dest / "other")
    rows = manifest(dest / "one")
    assert len(rows) == 16 and {row["not_kept"] for row in rows.values()} == {""}
    for name in rows:
        if not name.endswith(".wav"):
            assert mutagen.File(dest / "one" / name).tags
    assert within("verify", dest / "one", "--deep", "--source", source).returncode == 0


def test_what_is_larger_than_64_mib_is_named_and_the_rest_is_kept(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    put_chunks(source / "a.wav", [(b"iXML", bytes((64 << 20) - 600)), (b"bext", bytes(602))])
    assert run_over(source, dest) == "bext chunk (tags over 64 MiB)"
    (source / "a.wav").unlink()
    assert chunks_of(dest / "a.wav")[-1] == (b"iXML", bytes((64 << 20) - 600))
    (dest / "a.wav").unlink()
