"""What a recording carries beside its samples: kept, or named as not kept."""

from __future__ import annotations

import struct

import pytest
import soundfile

from support.commands import within
from support.corpus import RATE, sound, write_sound
from support.recordings import seen, tags_of
from support.trees import failures, manifest


def not_kept(source, dest, *options):
    assert within("run", source, dest, "--std", "0.01", *options).stderr == ""
    (row,) = manifest(dest).values()
    return row["not_kept"]


def riff_with(path, chunks, order="<"):
    """Puts chunks at the end of a RIFF or AIFF file, and mends its length."""
    data = bytearray(path.read_bytes())
    for name, body in chunks:
        data += name + struct.pack(f"{order}I", len(body)) + body + bytes(len(body) % 2)
    data[4:8] = struct.pack(f"{order}I", len(data) - 8)
    path.write_bytes(data)


def info(*texts):
    body = b"INFO"
    for name, text in texts:
        body += name + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
    return b"LIST", body


def test_nothing_is_lost_from_a_plain_file(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    assert not_kept(source, dest) == ""


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
def test_chunks_of_wav_are_named(source, dest, form):
    write_sound(source / "a.wav", sound(), "PCM_16", form=form)
    chunks = [
        (b"bext", bytes(602)),
        (b"cue ", bytes(4)),
        (b"smpl", bytes(36)),
        (b"iXML", b"<x/>"),
        (b"id3 ", bytes(10)),
        (b"LIST", b"adtl" + bytes(8)),
        info((b"INAM", b"a song\0"), (b"IENG", b"me\0"), (b"ICMS", b"you\0")),
        (b"JUNK", bytes(100)),
        (b"a,\n\x01", b""),
        (b"bext", bytes(602)),
    ]
    if form == "RF64":
        data = bytearray((source / "a.wav").read_bytes())
        size = struct.unpack("<Q", data[20:28])[0] + sum(8 + len(body) + len(body) % 2 for _, body in chunks)
        data[20:28] = struct.pack("<Q", size)
        (source / "a.wav").write_bytes(data)
    riff_with(source / "a.wav", chunks)
    if form == "RF64":
        data = bytearray((source / "a.wav").read_bytes())
        data[4:8] = b"\xff" * 4
        (source / "a.wav").write_bytes(data)
    assert not_kept(source, dest) == (
        "bext chunk, cue chunk, smpl chunk, iXML chunk, id3 chunk, LIST adtl chunk, LIST INFO IENG, LIST INFO ICMS, "
        "unnamed chunk"
    )
    assert tags_of(dest / "a.wav")["title"] == "a song"


def test_chunks_of_big_endian_wav_are_named(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16", endian="BIG")
    riff_with(source / "a.wav", [(b"cue ", bytes(4))], ">")
    assert not_kept(source, dest) == "cue chunk"


def test_chunks_of_aiff_are_named(source, dest):
    write_sound(source / "a.aiff", sound(), "PCM_16")
    riff_with(source / "a.aiff", [(b"MARK", bytes(2)), (b"INST", bytes(20)), (b"ID3 ", bytes(10))], ">")
    assert not_kept(source, dest) == "MARK chunk, INST chunk, ID3 chunk"


def test_chunks_of_caf_are_named(source, dest):
    write_sound(source / "a.caf", sound(), "PCM_16")
    chunk = b"mark" + struct.pack(">q", 4) + bytes(4)
    data = (source / "a.caf").read_bytes()
    at = data.index(b"data")
    (source / "a.caf").write_bytes(data[:at] + chunk + data[at:])
    assert not_kept(source, dest) == "mark chunk"


def flac_with(path, kind, body):
    """Puts a metadata block behind the first."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[5:8], "big")
    block = bytes([kind]) + len(body).to_bytes(3, "big") + body
    path.write_bytes(data[:end] + block + data[end:])


def comments(*texts):
    encoded = [struct.pack("<I", len(text)) + text for text in (b"vendor", *texts)]
    return encoded[0] + struct.pack("<I", len(texts)) + b"".join(encoded[1:])


def test_blocks_and_comments_of_flac_are_named(source, dest):
    path = source / "a.flac"
    write_sound(path, sound(), "PCM_16")
    flac_with(path, 6, struct.pack(">8I", 3, 0, 0, 1, 1, 24, 0, 0))
    flac_with(path, 2, b"test" + bytes(8))
    assert not_kept(source, dest) == "FLAC application block, picture"


def test_comments_of_flac_beyond_the_ten_tags_are_named(source, dest):
    path = source / "a.flac"
    write_sound(path, sound(), "PCM_16")
    data = path.read_bytes()
    assert data[4] & 127 == 0 and b"libFLAC" in data[:200]
    body = comments(b"TITLE=a song", b"MOOD=bright", b"REPLAYGAIN_TRACK_GAIN=-3 dB")
    end = 8 + int.from_bytes(data[5:8], "big")
    old = 4 + int.from_bytes(data[end + 1 : end + 4], "big")
    block = data[end : end + 1] + len(body).to_bytes(3, "big") + body
    path.write_bytes(data[:end] + block + data[end + old :])
    assert not_kept(source, dest) == "comment MOOD, comment REPLAYGAIN_TRACK_GAIN"
    assert tags_of(dest / "a.flac") == {"title": "a song"}


def test_frames_of_id3_are_named(source, dest):
    write_sound(source / "a.mp3", sound(), "MPEG_LAYER_III")
    frames = b"".join(
        name + struct.pack(">I", len(body)) + bytes(2) + body
        for name, body in ((b"TIT2", b"\x00a song"), (b"TBPM", b"\x00120"), (b"APIC", bytes(30)))
    )
    size = bytes((len(frames) >> shift) & 127 for shift in (21, 14, 7, 0))
    path = source / "a.mp3"
    path.write_bytes(b"ID3\x03\x00\x00" + size + frames + path.read_bytes())
    assert not_kept(source, dest) == "ID3 TBPM, picture"
    assert tags_of(dest / "a.mp3")["title"] == "a song"


def test_fields_of_nist_headers_are_named(source, dest):
    path = source / "a.sph"
    write_sound(path, sound(), "PCM_16", form="NIST")
    data = path.read_bytes()
    header = data[:1024].replace(b"end_head\n", b"speaker_id -s4 dab0\nutterance_id -s8 dab0_sa1\nend_head\n")
    path.write_bytes(header[:1024] + data[1024:])
    assert not_kept(source, dest) == "header field speaker_id, header field utterance_id"


def test_tags_that_a_format_cannot_hold_are_named(source, dest):
    with soundfile.SoundFile(source / "a.flac", "w", RATE, 1, "PCM_16") as file:
        file.title, file.album, file.license = "a song", "an album", "a license"
        file.write(sound())
    assert not_kept(source, dest / "aiff", "--audio-format", "aiff") == "tag album, tag license"
    assert not_kept(source, dest / "au", "--audio-format", "au") == "tag title, tag album, tag license"
    assert not_kept(source, dest / "caf", "--audio-format", "caf") == ""


def test_a_list_of_losses_has_an_end(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    riff_with(source / "a.wav", [(f"x{number:03}".encode(), b"") for number in range(500)])
    assert len(not_kept(source, dest).split(", ")) == 20


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_the_positions_of_speakers_are_kept(source, dest, subtype):
    write_sound(source / "a.wav", sound(channels=6), subtype, form="WAVEX")
    data = bytearray((source / "a.wav").read_bytes())
    at = data.index(b"fmt ") + 28
    data[at : at + 4] = (0x60F).to_bytes(4, "little")  # 5.1 with speakers at the sides
    (source / "a.wav").write_bytes(data)
    within("run", source, dest, "--std", "0.01")
    assert (dest / "a.wav").read_bytes()[at : at + 4] == (0x60F).to_bytes(4, "little")
    assert seen(dest / "a.wav").form == "WAVEX"


def test_the_software_of_an_aiff_file_is_read_to_its_end_and_no_further(source, dest):
    """libsndfile goes on into memory, which would make the bytes of the output a matter of luck."""
    for number, form in enumerate(["FLOAT", "DOUBLE"] * 5):
        with soundfile.SoundFile(source / f"{number}.aiff", "w", RATE, 1, form) as file:
            file.software = "my software"
            file.write(sound(100, seed=number))
    within("run", source, dest, "--std", "0.01")
    for path in dest.glob("*.aiff"):
        data = path.read_bytes()
        at = data.index(b"APPL")
        assert data[at + 8 : at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")].rstrip(b"\0") == (
            b"m3gamy software (libsndfile-1.2.2)"
        )


# Cut short


@pytest.mark.parametrize("form", ["au", "caf", "w64", "rf64", "sph", "voc", "sf", "8svx", "avr", "pvf", "htk"])
def test_a_recording_that_is_cut_short_is_refused_in_formats_that_tell_their_length(source, dest, form):
    kinds = {"sph": "NIST", "sf": "IRCAM", "8svx": "SVX"}
    write_sound(source / f"a.{form}", sound(), "PCM_16", form=kinds.get(form, form.upper()))
    whole = (source / f"a.{form}").read_bytes()
    (source / f"a.{form}").write_bytes(whole[: len(whole) // 2])
    within("run", source, dest, "--std", "0.1")
    if form in ("sf", "pvf"):  # these do not
        assert manifest(dest)[f"a.{form}"]["num_samples"] < 4000
    else:
        assert f"a.{form}" in failures(dest)


def test_an_mp3_without_a_header_that_tells_its_length_is_read_to_its_end(source, dest):
    with soundfile.SoundFile(
        source / "a.mp3", "w", RATE, 1, format="MP3", compression_level=0.0, bitrate_mode="CONSTANT"
    ) as file:
        file.write(sound(RATE))
    data = (source / "a.mp3").read_bytes()
    assert b"Info" in data[:100]
    (source / "a.mp3").write_bytes(data[data.index(data[:4], 4) :])
    within("run", source, dest, "--std", "0.1")
    assert manifest(dest)["a.mp3"]["num_samples"] == seen(dest / "a.mp3").frames >= RATE
