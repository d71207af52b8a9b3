"""Tags whose lengths lie, that are packed in rare ways, or that are damaged: named at worst, and no harm to samples."""

from __future__ import annotations

import random
import struct
import zlib

import numpy as np
import pytest
from mutagen import flac, id3, oggvorbis

from support.commands import within
from support.corpus import sound, write_sound
from support.recordings import read
from support.tagged import (
    COMMENTS,
    FRAMES,
    PIXELS,
    aiff_chunks,
    chunks_of,
    id3_of,
    info,
    picture,
    put_chunks,
    synchsafe,
    tag_comments,
)
from support.trees import failures, manifest


@pytest.fixture
def mp3(source):
    """Puts a tag before the frames of an MP3 file. Returns the bytes of the frames."""
    plain = write_sound(source / "a.mp3", sound(20_000), "MPEG_LAYER_III").read_bytes()

    def tagged(tag):
        (source / "a.mp3").write_bytes(tag + plain)
        return source / "a.mp3"

    return tagged


def run_to(source, dest, *options):
    assert within("run", source, dest, "--std", "0.01", *options).stderr == ""
    (row,) = manifest(dest).values()
    return row["not_kept"]


def packed(version, flags, body, name=b"TIT2"):
    """A frame with flags, whose body is as long as it is."""
    size = synchsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name + size + bytes([0, flags]) + body


TEXT = b"\x00a song"
UNUSUAL = {
    "unsynchronised 2.3": (
        3,
        0x80,
        packed(3, 0, b"\x01\xff\xfe" + "a song".encode("utf-16-le")).replace(b"\xff", b"\xff\0"),
    ),
    "unsynchronised 2.4": (
        4,
        0x80,
        b"TIT2" + synchsafe(16) + b"\0\2" + b"\x01\xff\0\xfe" + "a song".encode("utf-16-le"),
    ),
    "compressed 2.3": (3, 0, packed(3, 0x80, struct.pack(">I", 7) + zlib.compress(TEXT))),
    "compressed 2.4": (4, 0, packed(4, 0x09, synchsafe(7) + zlib.compress(TEXT))),
    "grouped 2.3": (3, 0, packed(3, 0x20, b"g" + TEXT)),
    "grouped 2.4": (4, 0, packed(4, 0x40, b"g" + TEXT)),
    "extended header 2.3": (3, 0x40, struct.pack(">IHI", 6, 0, 0) + packed(3, 0, TEXT)),
    "extended header 2.4": (4, 0x40, synchsafe(6) + b"\1\0" + packed(4, 0, TEXT)),
    "sizes of iTunes": (
        4,
        0,
        b"APIC" + struct.pack(">I", 216) + b"\0\0" + b"\0image/png\0\3\0".ljust(216, b"x") + packed(4, 0, TEXT),
    ),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_id3_that_is_packed_in_rare_ways_is_kept_and_understood(source, dest, mp3, case):
    version, flags, content = UNUSUAL[case]
    tag = b"ID3" + bytes([version, 0, flags]) + synchsafe(len(content)) + content
    path = mp3(tag)
    if "grouped" not in case:  # which mutagen does not undo
        assert str(id3.ID3(path)["TIT2"]) == "a song"
    assert run_to(source, dest / "same") == ""
    assert (dest / "same/a.mp3").read_bytes().startswith(tag + b"\xff")
    run_to(source, dest / "flac", "--audio-format", "flac")
    assert flac.FLAC(dest / "flac/a.flac")["title"] == ["a song"]


def test_a_second_tag_before_the_sound_is_kept(source, dest, mp3):
    mp3(id3_of(FRAMES, 4) + id3_of(FRAMES[:1], 3))
    assert run_to(source, dest) == ""
    assert (dest / "a.mp3").read_bytes().startswith(id3_of(FRAMES, 4) + id3_of(FRAMES[:1], 3) + b"\xff")


def test_a_tag_with_a_footer_goes_along_without_it(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    body = id3_of(FRAMES, 4)[10:]
    footed = b"ID3\4\0\x10" + synchsafe(len(body)) + body + b"3DI\4\0\x10" + synchsafe(len(body))
    put_chunks(source / "a.wav", [(b"id3 ", footed + bytes(10))])
    assert run_to(source, dest, "--audio-format", "mp3") == "PCM_16 samples"
    assert (dest / "a.mp3").read_bytes().startswith(b"ID3\4\0\0" + synchsafe(len(body)) + body + b"\xff")


def test_frames_that_are_encrypted_or_cut_short_are_named_in_another_container(source, dest, mp3):
    content = (
        packed(3, 0x40, b"k" + TEXT) + packed(3, 0, TEXT, b"TALB") + b"TPE1" + struct.pack(">I", 9999) + b"\0\0\0one"
    )
    mp3(b"ID3\3\0\0" + synchsafe(len(content)) + content)
    lost = run_to(source, dest, "--audio-format", "flac")
    assert lost == "MPEG_LAYER_III samples, ID3 TIT2, ID3 TPE1, rest of the ID3 tag"
    assert dict(flac.FLAC(dest / "a.flac").tags) == {"album": ["a song"]}


@pytest.mark.parametrize("error", [-40, -1, 1, 40, 700, 1 << 27])
def test_id3_that_ends_elsewhere_than_it_says_is_not_put_before_the_sound(source, dest, mp3, error):
    """libsndfile refuses most of these."""
    tag = id3_of(FRAMES, 3)
    mp3(tag[:6] + synchsafe(len(tag) - 10 + error) + tag[10:])
    within("run", source, dest, "--std", "0.01")
    for row in manifest(dest).values() if not failures(dest) else ():
        assert "ID3" in row["not_kept"] or "tag" in row["not_kept"]
        assert (dest / "a.mp3").read_bytes()[0] == 0xFF


def test_a_chunk_that_goes_on_behind_the_end_of_the_file_is_named(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    put_chunks(source / "a.wav", [(b"iXML", b"<x/>"), (b"bext", bytes(602))])
    data = (source / "a.wav").read_bytes()
    at = data.index(b"bext") + 4
    (source / "a.wav").write_bytes(data[:at] + struct.pack("<I", 1 << 31) + data[at + 4 :])
    assert run_to(source, dest) == "bext chunk (cut short)"
    assert [kind for kind, _ in chunks_of(dest / "a.wav")] == [b"fmt ", b"data", b"iXML"]


def test_an_id3_chunk_whose_length_lies_does_not_come_before_the_frames_of_mp3(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    tag = id3_of(FRAMES)
    put_chunks(source / "a.wav", [(b"id3 ", tag[:6] + synchsafe(1 << 20) + tag[10:])])
    assert run_to(source, dest, "--audio-format", "mp3") == "PCM_16 samples, id3 chunk"
    assert (dest / "a.mp3").read_bytes()[0] == 0xFF


def test_frames_that_grow_without_end_when_they_are_unpacked_are_named(source, dest, mp3):
    """Each of 30 MB, packed in 30 kB; so many are unpacked as fit into 64 MiB."""
    frame = struct.pack(">I", 30_000_001) + zlib.compress(b"\0" + b"x" * 30_000_000)
    content = b"".join(packed(3, 0x80, frame, name) for name in (b"TIT2", b"TALB", b"TCOM", b"TPE2"))
    mp3(b"ID3\3\0\0" + synchsafe(len(content)) + content)
    lost = run_to(source, dest, "--audio-format", "flac")
    assert lost == "MPEG_LAYER_III samples, tag title, tag album, ID3 TCOM, ID3 TPE2"


@pytest.mark.parametrize("form", ["flac", "ogg", "opus", "mp3", "wav", "aiff", "caf", "w64", "8svx"])
def test_a_recording_without_samples_but_with_tags_is_written_with_them_or_refused(source, dest, form):
    write_sound(source / "a.wav", sound(0), "PCM_16")
    put_chunks(source / "a.wav", [info(("INAM", "a song"))])
    within("run", source, dest, "--std", "0.01", "--audio-format", form)
    assert not [reason for reason in failures(dest).values() if "unexpected" in reason]
    for path in dest.glob("a.*"):
        assert len(read(path)) == 0


def tagged_files(folder):
    """One file of each container, with tags; the samples begin where the second value says."""
    write_sound(folder / "a.flac", sound(), "PCM_16")
    tag_comments(folder / "a.flac")
    write_sound(folder / "a.ogg", sound(), "VORBIS")
    file = oggvorbis.OggVorbis(folder / "a.ogg")
    file.update(COMMENTS)
    file["METADATA_BLOCK_PICTURE"] = "A" * 4000
    file.save()
    path = write_sound(folder / "a.mp3", sound(), "MPEG_LAYER_III")
    path.write_bytes(id3_of([*FRAMES, (b"COMM", b"\x01eng\xff\xfe\0\0\xff\xfea\0")], 4) + path.read_bytes())
    write_sound(folder / "a.wav", sound(), "PCM_16")
    put_chunks(folder / "a.wav", [(b"id3 ", id3_of(FRAMES)), info(("INAM", "a song")), (b"bext", bytes(602))])
    write_sound(folder / "a.aiff", sound(), "PCM_16")
    put_chunks(folder / "a.aiff", aiff_chunks())
    write_sound(folder / "a.caf", sound(), "PCM_16")
    put_chunks(folder / "a.caf", [(b"info", struct.pack(">I", 2) + b"title\0a song\0artist\0one\0")])
    return sorted(folder.iterdir())


def ranges_of_tags(path):
    """Where tags stand in a file of `tagged_files`."""
    data = path.read_bytes()
    first = {".flac": b"\x84", ".ogg": b"\x03vorbis", ".wav": b"id3 ", ".aiff": b"NAME", ".caf": b"info"}
    if path.suffix == ".flac":
        return 42, data.index(PIXELS) + len(PIXELS)
    if path.suffix == ".ogg":
        return data.index(first[".ogg"]), data.index(b"A" * 4000) + 4000
    if path.suffix == ".mp3":
        return 0, len(id3_of(FRAMES, 4))
    return data.rindex(first[path.suffix]), len(data)


@pytest.mark.parametrize(
    "options", [[], ["--audio-format", "wav"], ["--audio-format", "opus"], ["--audio-format", "mp3"]]
)
def test_damaged_tags_never_harm_the_samples(source, dest, options):
    """Bytes of tags are changed at random. What libsndfile still reads as before is written with the same samples."""
    chance, whole = random.Random(0), {}
    for path in tagged_files(source):
        data, (start, end) = path.read_bytes(), ranges_of_tags(path)
        samples = read(path)
        path.unlink()
        for number in range(60):
            mutant = bytearray(data)
            for _ in range(chance.randint(1, 6)):
                mutant[chance.randrange(start, end)] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
            other = path.with_name(f"{path.suffix[1:]}{number}{path.suffix}")
            other.write_bytes(mutant)
            try:
                whole[other.name] = np.array_equal(read(other), samples)
            except Exception:
                whole[other.name] = False
    within("run", source, dest, "--std", "0", *options)
    plain = dest.with_name("plain-source")
    plain.mkdir()
    for path in {name.split(".")[1]: name for name in whole}:
        made = {"ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}.get(path, "PCM_16")
        write_sound(plain / f"{path}.{path}", sound(), made)
    within("run", plain, dest.with_name("plain"), "--std", "0", *options)
    expected = {
        path.stem: read(path)
        for path in dest.with_name("plain").glob("[!.]*")
        if path.suffix[1:] in "flac ogg mp3 wav aiff caf opus"
    }
    rows = manifest(dest)
    assert not [reason for reason in failures(dest).values() if "unexpected" in reason or "unpack" in reason]
    assert len(rows) > 200
    written = {row["source_path"]: name for name, row in rows.items()}
    for name in (name for name, is_whole in whole.items() if is_whole and name in written):
        kind = name.split(".")[1]
        assert np.array_equal(read(dest / written[name]), expected[kind]), name


def test_a_picture_of_many_megabytes_goes_through_every_container(source, dest):
    write_sound(source / "a.flac", sound(), "PCM_16")
    file = flac.FLAC(source / "a.flac")
    file.add_picture(picture(PIXELS + bytes(10_000_000)))
    file.save()
    for form in ("flac", "ogg", "mp3", "wav", "aiff"):
        assert "picture" not in run_to(source, dest / form, "--audio-format", form)
        run_to(dest / form, dest / f"{form}-back", "--audio-format", "flac")
        (found,) = flac.FLAC(dest / f"{form}-back/a.flac").pictures
        assert len(found.data) == len(PIXELS) + 10_000_000
