"""What a recording carries beside its samples: kept, or named as not kept."""

from __future__ import annotations

import pytest
import soundfile

from support.commands import within
from support.corpus import RATE, sound, write_sound
from support.recordings import seen
from support.tagged import put_chunks
from support.trees import failures, manifest


def not_kept(source, dest, *options):
    assert within("run", source, dest, "--std", "0.01", *options).stderr == ""
    (row,) = manifest(dest).values()
    return row["not_kept"]


def test_nothing_is_lost_from_a_plain_file(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    assert not_kept(source, dest) == ""


def test_fields_of_nist_headers_are_named(source, dest):
    path = source / "a.sph"
    write_sound(path, sound(), "PCM_16", form="NIST")
    data = path.read_bytes()
    header = data[:1024].replace(b"end_head\n", b"speaker_id -s4 dab0\nutterance_id -s8 dab0_sa1\nend_head\n")
    path.write_bytes(header[:1024] + data[1024:])
    assert not_kept(source, dest) == "header field speaker_id, header field utterance_id"


def test_a_list_of_losses_has_an_end(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_16")
    put_chunks(source / "a.wav", [(f"x{number:03}".encode(), b"") for number in range(500)])
    assert len(not_kept(source, dest, "--audio-format", "flac").split(", ")) == 20


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
