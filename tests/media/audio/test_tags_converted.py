"""Tags that go into files of another container: what both know is kept, all else is named."""

from __future__ import annotations

import struct

import mutagen
import pytest
from mutagen import aiff, flac, id3, oggopus, oggvorbis, wave

from support.commands import within
from support.corpus import sound, write_sound
from support.recordings import tags_of
from support.tagged import COMMENTS, FRAMES, PIXELS, behind_mp3, id3_of, info, put_chunks, tag_comments
from support.trees import manifest


def run_to(source, dest, form):
    """Runs, and returns what the record says is not kept, and the output."""
    assert within("run", source, dest, "--std", "0.01", "--audio-format", form).stderr == ""
    (name, row), *_ = manifest(dest).items()
    return row["not_kept"].replace("PCM_16 samples, ", "").replace("PCM_16 samples", ""), dest / name


@pytest.fixture
def from_flac(source):
    write_sound(source / "a.flac", sound(), "PCM_16")
    tag_comments(source / "a.flac")
    return source


@pytest.fixture
def from_mp3(source):
    write_sound(source / "a.mp3", sound(20_000), "MPEG_LAYER_III")
    (source / "a.mp3").write_bytes(id3_of(FRAMES, 4) + (source / "a.mp3").read_bytes())
    return source


@pytest.mark.parametrize("form", ["ogg", "opus"])
def test_comments_and_pictures_of_flac_become_those_of_ogg(from_flac, dest, form):
    lost, path = run_to(from_flac, dest, form)
    assert lost == ""
    file = {"ogg": oggvorbis.OggVorbis, "opus": oggopus.OggOpus}[form](path)
    assert {name: file[name] for name in COMMENTS} == COMMENTS
    assert set(file.keys()) == {*(name.lower() for name in COMMENTS), "metadata_block_picture"}
    back, again = run_to(dest, dest.with_name("back"), "flac")
    assert back in ("VORBIS samples", "OPUS samples")
    file = flac.FLAC(again)
    assert {name: file[name] for name in COMMENTS} == COMMENTS
    assert file.pictures == flac.FLAC(from_flac / "a.flac").pictures


@pytest.mark.parametrize("form", ["mp3", "wav", "aiff"])
def test_comments_and_pictures_of_flac_become_frames_of_id3_in_mp3_wav_and_aiff(from_flac, dest, form):
    lost, path = run_to(from_flac, dest, form)
    assert lost == ""
    tag = {"mp3": id3.ID3, "wav": wave.WAVE, "aiff": aiff.AIFF}[form](path)
    tag = tag if form == "mp3" else tag.tags
    assert tag.version == (2, 4, 0)
    assert tag["TPE1"].text == ["one", "two"]
    assert (tag["TIT2"].text, tag["TRCK"].text) == (["a song"], ["3/10"])
    assert [str(time) for time in tag["TDRC"].text] == ["2020-05-04"]
    assert tag["TXXX:REPLAYGAIN_TRACK_GAIN"].text == ["-3.10 dB"]
    assert tag["TXXX:my own"].text == ["a=b", "more"] and tag["TMOO"].text == COMMENTS["MOOD"]
    assert tag["UFID:http://musicbrainz.org"].data.decode() == COMMENTS["MUSICBRAINZ_TRACKID"][0]
    assert (tag["APIC:cover"].data, tag["APIC:cover"].type, tag["APIC:cover"].mime) == (PIXELS, 3, "image/png")
    if form != "aiff":  # where libsndfile and others look for texts, too
        assert tags_of(path)["title"] == "a song" and tags_of(path)["tracknumber"] == "3/10"
    lost, again = run_to(dest, dest.with_name("back"), "flac")
    assert lost in ("", "MPEG_LAYER_III samples")
    file = flac.FLAC(again)
    assert {name: file[name] for name in COMMENTS} == COMMENTS
    assert [picture.data for picture in file.pictures] == [PIXELS]


def test_a_format_with_few_texts_names_the_others(from_flac, dest):
    tags = [f"tag {name.lower()}" for name in COMMENTS]
    assert run_to(from_flac, dest / "au", "au")[0] == ", ".join([*tags, "picture"])
    lost, path = run_to(from_flac, dest / "caf", "caf")
    assert lost == "tag artist, tag my own, picture"  # one of each
    assert tags_of(path)["artist"] == "one"
    assert run_to(from_flac, dest / "w64", "w64")[0] == ", ".join([*tags, "picture"])


def test_an_empty_text_is_kept_among_comments_and_named_where_frames_cannot_tell_it(source, dest):
    write_sound(source / "a.flac", sound(), "PCM_16")
    file = flac.FLAC(source / "a.flac")
    file["mood"], file["title"] = ["", "bright"], "a song"
    file.save()
    assert run_to(source, dest / "ogg", "ogg")[0] == ""
    assert oggvorbis.OggVorbis(dest / "ogg/a.ogg")["mood"] == ["", "bright"]
    assert run_to(source, dest / "mp3", "mp3")[0] == "tag mood"
    assert id3.ID3(dest / "mp3/a.mp3")["TMOO"].text == ["bright"]


def test_a_wav_without_anything_unusual_gets_no_id3(source, dest):
    write_sound(source / "a.flac", sound(), "PCM_16")
    file = flac.FLAC(source / "a.flac")
    file["title"], file["genre"] = "a song", "Rock"
    file.save()
    assert run_to(source, dest, "wav")[0] == ""
    assert mutagen.File(dest / "a.wav").tags is None
    assert tags_of(dest / "a.wav") == {"title": "a song", "genre": "Rock"}


@pytest.mark.parametrize("form", ["wav", "aiff"])
def test_id3_goes_whole_from_mp3_to_wav_and_aiff_and_back(from_mp3, dest, form):
    lost, path = run_to(from_mp3, dest, form)
    assert lost == "MPEG_LAYER_III samples"
    assert id3_of(FRAMES, 4) in path.read_bytes()
    lost, again = run_to(dest, dest.with_name("back"), "mp3")
    assert again.read_bytes().startswith(id3_of(FRAMES, 4))
    assert "tag" not in lost


ODD_FRAMES = [
    *FRAMES,
    (b"COMM", b"\x00eng\x00a comment"),
    (b"COMM", b"\x00engiTunNORM\x00 000000"),
    (b"USLT", b"\x01deu" + "\0".encode("utf-16") + "Zeile".encode("utf-16")),
    (b"TCON", b"\x00(17)\x00"),
    (b"TYER", b"\x002019"),
    (b"TDAT", b"\x003112"),
    (b"TLEN", b"\x001000"),
    (b"UFID", b"http://musicbrainz.org\x00abc"),
    (b"PRIV", b"somebody\x00\x01\x02"),
    (b"GEOB", b"\x00\x00\x00\x00"),
    (b"WOAR", b"http://example.org"),
]


def test_frames_of_id3_become_comments_and_those_that_cannot_are_named(source, dest):
    write_sound(source / "a.mp3", sound(20_000), "MPEG_LAYER_III")
    (source / "a.mp3").write_bytes(id3_of(ODD_FRAMES, 3) + (source / "a.mp3").read_bytes())
    lost, path = run_to(source, dest, "flac")
    assert lost == "MPEG_LAYER_III samples, ID3 PRIV, ID3 GEOB, ID3 WOAR"
    file = flac.FLAC(path)
    assert dict(file.tags) == {
        "title": ["a song"],
        "artist": ["one", "two"],
        "bpm": ["120"],
        "replaygain_track_gain": ["-3.10 dB"],
        "comment": ["a comment"],
        "comment:itunnorm": [" 000000"],
        "lyrics": ["Zeile"],
        "genre": ["Rock"],
        "date": ["2019-12-31"],
        "musicbrainz_trackid": ["abc"],
    }
    (picture,) = file.pictures
    assert (picture.data, picture.type, picture.mime, picture.desc) == (PIXELS, 3, "image/png", "cover")


def test_frames_of_id3v2_2_become_comments_too(source, dest):
    write_sound(source / "a.mp3", sound(20_000), "MPEG_LAYER_III")
    (source / "a.mp3").write_bytes(id3_of(FRAMES, 2) + (source / "a.mp3").read_bytes())
    assert run_to(source, dest, "opus")[0] == "MPEG_LAYER_III samples"
    file = oggopus.OggOpus(dest / "a.opus")
    assert (file["title"], file["artist"], file["bpm"]) == (["a song"], ["one", "two"], ["120"])
    assert len(file["metadata_block_picture"]) == 1


def test_a_tag_in_id3v1_or_ape_alone_becomes_comments(source, dest):
    write_sound(source / "a.mp3", sound(20_000), "MPEG_LAYER_III")
    tags = behind_mp3(b"a song, and its whole title")
    (source / "a.mp3").write_bytes((source / "a.mp3").read_bytes() + tags)
    assert run_to(source, dest, "flac")[0] == "MPEG_LAYER_III samples, APE Cover Art (Front), Lyrics3 tag"
    assert dict(flac.FLAC(dest / "a.flac").tags) == {
        "title": ["a song, and its whole title"],
        "artist": ["one", "two"],
        "date": ["2001"],
        "comment": ["a comment"],
        "tracknumber": ["7"],
        "genre": ["Jazz"],
        "mp3gain_minmax": ["091,170"],
    }


def test_chunks_of_wav_that_another_container_does_not_know_are_named_one_by_one(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    texts = info(("INAM", "a song"), ("IART", "one"), ("IENG", "me"))
    put_chunks(source / "a.wav", [(b"bext", bytes(602)), (b"LIST", b"adtl" + bytes(8)), texts, (b"a,\n\x01", b"")])
    assert run_to(source, dest, "flac")[0] == "bext chunk, LIST adtl chunk, LIST INFO IENG, unnamed chunk"
    assert dict(flac.FLAC(dest / "a.flac").tags) == {"title": ["a song"], "artist": ["one"]}


def test_texts_of_aiff_and_core_audio_are_understood(source, dest):
    write_sound(source / "a.aiff", sound(), "PCM_16")
    put_chunks(
        source / "a.aiff",
        [(b"NAME", b"a song"), (b"ANNO", b"first"), (b"ANNO", b"second"), (b"MARK", bytes(2)), (b"APPL", b"m3gaours")],
    )
    lost, path = run_to(source, dest, "flac")
    assert lost == "MARK chunk"
    assert dict(flac.FLAC(path).tags) == {"title": ["a song"], "comment": ["first", "second"], "encoder": ["ours"]}
    (source / "a.aiff").unlink()
    write_sound(source / "a.caf", sound(), "PCM_16")
    pairs = b"title\0a song\0recorded date\x002020\0"
    put_chunks(source / "a.caf", [(b"info", struct.pack(">I", 2) + pairs)])
    lost, path = run_to(source, dest.with_name("caf"), "wav")
    assert lost == ""
    assert tags_of(path) == {"title": "a song", "date": "2020"}
