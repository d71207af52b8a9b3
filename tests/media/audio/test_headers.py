"""What headers tell is held against what libsndfile reads and writes: misread files are read rightly, or refused."""

from __future__ import annotations

import struct
import subprocess

import numpy as np
import pytest
import soundfile

from noiseaug.media.audio.containers.chunks import chunks
from noiseaug.storage.source_file import SourceFile
from support.commands import within
from support.corpus import RATE, sound, write_sound
from support.recordings import read, read_elsewhere
from support.trees import failures, manifest

LIBRARY_WORDS = (
    *("File does not exist", "internal error", "Internal psf", "unpack_from", "malformed", "Malformed"),
    *("unimplemented", "not recognised", "unsupported", "lost sync", "unknown error", "Error"),
)


def unchanged(source, dest, *options):
    """Runs without noise, and returns the one row."""
    result = within("run", source, dest, "--std", "0", *options)
    assert result.returncode == 0, (result.stderr, failures(dest))
    (row,) = manifest(dest).values()
    return row


def parts(path):
    """The chunks of a file, by name, as start and length."""
    with SourceFile(str(path)) as file:
        return {chunk.name: (chunk.start, chunk.length) for chunk in chunks(file)}


# AIFF, 8SVX and Core Audio of an odd number of bytes


@pytest.mark.parametrize("frames", [1, 7, 1001])
@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_24", "ULAW", "PCM_U8"])
def test_aiff_of_an_odd_number_of_bytes_keeps_its_samples_and_counts_no_pad(source, dest, frames, subtype):
    path = write_sound(source / "a.aiff", sound(frames), subtype)
    width = 3 if subtype == "PCM_24" else 1
    found, data = parts(path), bytearray(path.read_bytes())
    struct.pack_into(">I", data, found[b"COMM"][0] + 2, frames)  # libsndfile counts the pad
    struct.pack_into(">I", data, found[b"SSND"][0] - 4, 8 + frames * width)
    path.write_bytes(data)
    row, (start, length) = unchanged(source, dest), parts(dest / "a.aiff")[b"SSND"]
    written = (dest / "a.aiff").read_bytes()
    assert row["num_samples"] == frames == struct.unpack_from(">I", written, parts(dest / "a.aiff")[b"COMM"][0] + 2)[0]
    assert length == 8 + frames * width
    assert len(written) == start + length + length % 2 == int.from_bytes(written[4:8]) + 8
    assert written[start + 8 : start + length] == data[start + 8 : start + length]
    assert np.array_equal(read_elsewhere(dest / "a.aiff", "ffmpeg"), read_elsewhere(path, "ffmpeg"))


def test_8svx_and_core_audio_of_an_odd_number_of_bytes_keep_their_samples(source, dest):
    write_sound(source / "a.8svx", sound(1001), "PCM_S8", form="SVX")
    data = (source / "a.8svx").read_bytes() + b"\0"  # libsndfile leaves the pad out
    (source / "a.8svx").write_bytes(data[:4] + (len(data) - 8).to_bytes(4) + data[8:])
    write_sound(source / "a.caf", sound(1001), "PCM_24")
    within("run", source, dest, "--std", "0")
    assert {row["num_samples"] for row in manifest(dest).values()} == {1001}
    svx, caf = (dest / "a.8svx").read_bytes(), parts(dest / "a.caf")
    assert len(svx) % 2 == 0 and int.from_bytes(svx[4:8]) + 8 == len(svx)
    assert parts(dest / "a.8svx")[b"BODY"][1] == 1001
    assert (dest / "a.caf").stat().st_size == sum(caf[b"data"])
    for name in ("a.caf", "a.8svx"):  # of 8SVX, libsndfile reads the pad as one more
        assert np.array_equal(read(dest / name)[:1001], read(source / name)[:1001])


# WAV


def wav(samples, bits, container, *, valid=0, extensible=False):
    """A WAV file of left-justified integers of so many bits in so many bytes."""
    channels = samples.shape[1]
    data = samples.astype("<i4").view(np.uint8).reshape(-1, 4)[:, 4 - container :].tobytes()
    body = struct.pack("<HIIHH", channels, RATE, RATE * container * channels, container * channels, bits)
    body = struct.pack("<H", 0xFFFE if extensible else 1) + body
    if extensible:
        body += struct.pack("<HHIH", 22, valid, 0, 1) + bytes.fromhex("000000001000800000aa00389b71")
    content = b"WAVEfmt " + struct.pack("<I", len(body)) + body + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(content)) + content


def integers(bits, frames=500):
    """Left-justified samples of so many bits."""
    return (sound(frames, 2) * 2 ** (bits - 1)).astype(np.int32) << (32 - bits)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("bits", "container"), [(24, 4), (20, 4), (16, 4), (16, 3), (12, 4)])
def test_wav_whose_samples_lie_in_more_bytes_than_their_bits_take_is_refused(source, dest, bits, container, extensible):
    (source / "a.wav").write_bytes(wav(integers(bits), bits, container, valid=bits, extensible=extensible))
    within("run", source, dest, "--std", "0.1")
    name = "extensible WAV" if extensible else "WAV"
    assert f"is {name} with PCM of {bits} bits, {2 * container} bytes a frame: expected" in failures(dest)["a.wav"]


@pytest.mark.parametrize(("bits", "container"), [(20, 3), (12, 2), (28, 4), (24, 4)])
def test_fewer_valid_bits_than_there_are_are_named(source, dest, bits, container):
    samples = integers(bits)
    (source / "a.wav").write_bytes(wav(samples, 8 * container, container, valid=bits, extensible=True))
    row = unchanged(source, dest)
    assert row["not_kept"] == f"{bits}-bit samples"
    assert np.array_equal(soundfile.read(dest / "a.wav", dtype="int32")[0], samples)


@pytest.mark.parametrize("frames", [1, 320, 1001, 2000])
@pytest.mark.parametrize("form", ["WAV", "W64"])
def test_gsm_keeps_the_number_of_samples_that_its_header_counts_and_does_not_grow(source, dest, form, frames):
    path = write_sound(source / f"a.{form.lower()}", sound(frames), "GSM610", form=form, rate=8000)
    assert unchanged(source, dest)["num_samples"] == frames
    assert (dest / path.name).stat().st_size == path.stat().st_size


def test_gsm_without_a_count_does_not_take_the_byte_that_pads_it_for_a_block(source, dest):
    path = write_sound(source / "a.wav", sound(321), "GSM610", rate=8000)
    data = bytearray(path.read_bytes())
    start = parts(path)[b"fact"][0]
    data[start : start + 4] = bytes(4)
    path.write_bytes(data)
    assert unchanged(source, dest)["num_samples"] == 640
    assert len(read_elsewhere(dest / "a.wav", "ffmpeg")) == 640


@pytest.mark.parametrize("coding", [1, 3])
def test_extensible_wave64_is_read_by_what_its_samples_are(source, dest, coding):
    subtype = {1: "PCM_16", 3: "FLOAT"}[coding]
    path = write_sound(source / "a.w64", sound(), subtype)
    data = path.read_bytes()
    at = data.index(b"fmt ") + 16
    length = int.from_bytes(data[at : at + 8], "little")
    body = b"\xfe\xff" + data[at + 10 : at + 24] + struct.pack("<HHIH", 22, 0, 0, coding)
    body += bytes.fromhex("000000001000800000aa00389b71")
    head = data[: at - 16 + 16] + (24 + len(body)).to_bytes(8, "little") + body
    rest = data[at - 16 + length + -length % 8 :]
    whole = head + rest
    path.write_bytes(whole[:16] + len(whole).to_bytes(8, "little") + whole[24:])
    row = unchanged(source, dest)
    assert (row["subtype"], row["num_samples"]) == (subtype, 4000)
    expected = sound()[:, 0]
    assert np.allclose(read(dest / "a.w64")[:, 0], expected, atol=2**-15)


def test_an_empty_wav_with_texts_counts_them_in_its_length(source, dest):
    with soundfile.SoundFile(source / "a.wav", "w", RATE, 1, "PCM_16") as file:
        file.title = "a song"
    data = bytearray((source / "a.wav").read_bytes())
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    (source / "a.wav").write_bytes(data)
    assert unchanged(source, dest)["num_samples"] == 0
    written = (dest / "a.wav").read_bytes()
    assert int.from_bytes(written[4:8], "little") + 8 == len(written)


def test_wave64_of_ms_adpcm_counts_its_samples(source, dest):
    write_sound(source / "a.w64", sound(1001), "MS_ADPCM", rate=8000)
    within("run", source, dest, "--std", "0.01")
    written = (dest / "a.w64").read_bytes()
    count = int.from_bytes(written[written.index(b"fact") + 24 :][:8], "little")
    assert count == manifest(dest)["a.w64"]["num_samples"] < 2000


def test_core_audio_that_was_piped_and_does_not_know_its_length_is_read(source, dest):
    path = write_sound(source / "a.caf", sound(1000), "PCM_16")
    start, _ = parts(path)[b"data"]
    samples, data = read(path), path.read_bytes()
    path.write_bytes(data[: start - 8] + b"\xff" * 8 + data[start:])
    assert unchanged(source, dest)["num_samples"] == 1000
    assert np.array_equal(read(dest / "a.caf"), samples)


def test_voc_with_several_blocks_of_sound_is_refused_as_libsndfile_takes_their_heads_for_samples(source, dest):
    path = write_sound(source / "a.voc", sound(1000, 2), "PCM_16")
    data = path.read_bytes()
    first, rest = data[42 : 42 + 2000], data[42 + 2000 : 42 + 4000]
    head = b"\x09" + (12 + len(first)).to_bytes(3, "little") + data[30:42]
    path.write_bytes(data[:26] + head + first + b"\x02" + len(rest).to_bytes(3, "little") + rest + b"\0")
    within("run", source, dest, "--std", "0.1")
    assert "is Creative VOC with several blocks of sound, which libsndfile reads" in failures(dest)["a.voc"]


def test_gsm_that_was_piped_does_not_grow(source, dest):
    path = write_sound(source / "a.wav", sound(320), "GSM610", rate=8000)
    data, found = bytearray(path.read_bytes()), parts(path)
    struct.pack_into("<I", data, found[b"fact"][0], 0)
    struct.pack_into("<I", data, found[b"data"][0] - 4, 0xFFFFFFFF)
    struct.pack_into("<I", data, 4, 0xFFFFFFFF)
    path.write_bytes(data)
    assert unchanged(source, dest)["num_samples"] == 320
    assert (dest / "a.wav").stat().st_size == len(data)


# FLAC


def flac_of(samples, bits, *, streamed=False):
    """A FLAC file of verbatim subframes, by hand: any depth, and a header that tells its length or does not."""
    frames, channels = samples.shape
    packed = RATE << 44 | (channels - 1) << 41 | (bits - 1) << 36 | (0 if streamed else frames)
    block = 192
    info = struct.pack(">HH", block, block) + bytes(6) + packed.to_bytes(8) + bytes(16)
    out = b"fLaC" + bytes([128]) + len(info).to_bytes(3) + info
    depth = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}.get(bits, 0)
    for number, start in enumerate(range(0, frames, block)):
        piece = samples[start : start + block]
        head = bytes([0xFF, 0xF8, 7 << 4, channels - 1 << 4 | depth << 1])
        head += chr(number).encode() + (len(piece) - 1).to_bytes(2)
        head += bytes([crc(head, 8, 0x07)])
        text = "".join("00000010" + "".join(f"{int(v) & (1 << bits) - 1:0{bits}b}" for v in one) for one in piece.T)
        text += "0" * (-len(text) % 8)
        body = head + int(text, 2).to_bytes(len(text) // 8)
        out += body + crc(body, 16, 0x8005).to_bytes(2)
    return out


def crc(data, width, polynomial):
    register, top = 0, 1 << width - 1
    for byte in data:
        register ^= byte << width - 8
        for _ in range(8):
            register = (register << 1) ^ polynomial if register & top else register << 1
        register &= (1 << width) - 1
    return register


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("bits", "subtype", "lost"),
    [
        (8, "PCM_S8", ""),
        (12, "PCM_16", "12-bit samples"),
        (16, "PCM_16", ""),
        (20, "PCM_24", "20-bit samples"),
        (24, "PCM_24", ""),
    ],
)
def test_flac_of_every_usual_depth_is_read_whether_or_not_it_tells_its_length(
    source, dest, bits, subtype, lost, streamed
):
    samples = integers(bits, 500)
    (source / "a.flac").write_bytes(flac_of(samples >> (32 - bits), bits, streamed=streamed))
    row = unchanged(source, dest)
    assert (row["subtype"], row["num_samples"], row["not_kept"]) == (subtype, 500, lost)
    assert np.array_equal(soundfile.read(dest / "a.flac", dtype="int32")[0], samples)
    assert within("verify", dest, "--source", source, "--deep").returncode == 0


@pytest.mark.parametrize("streamed", [False, True])
def test_flac_of_32_bits_is_read_in_full_and_said_to_lose_bits_as_flac(source, dest, streamed):
    samples = integers(32, 500)
    (source / "a.flac").write_bytes(flac_of(samples, 32, streamed=streamed))
    row = unchanged(source, dest / "flac")
    assert (row["subtype"], row["not_kept"]) == ("PCM_24", "PCM_32 samples")
    row = unchanged(source, dest / "wav", "--audio-format", "wav")
    assert (row["subtype"], row["not_kept"]) == ("PCM_32", "")
    assert np.array_equal(soundfile.read(dest / "wav/a.wav", dtype="int32")[0], samples)


def test_flac_that_is_not_read_says_why(source, dest):
    whole = flac_of(integers(16) >> 16, 16, streamed=True)
    (source / "cut.flac").write_bytes(whole[:-100])
    (source / "empty.flac").write_bytes(whole[:42])
    (source / "odd.flac").write_bytes(flac_of(integers(13) >> 19, 13))
    within("run", source, dest, "--std", "0.1")
    found = failures(dest)
    assert found["cut.flac"].startswith("is truncated: FLAC whose header does not tell its length")
    assert found["empty.flac"].startswith("is FLAC without a single sample")
    assert found["odd.flac"].startswith("is FLAC of 13 bits a sample, of which only 8, 12, 16, 20, 24 and 32 are read")


# MP3


def synchsafe(size):
    return bytes((size >> shift) & 127 for shift in (21, 14, 7, 0))


@pytest.mark.parametrize(
    "before",
    [
        b"ID3\x02\x00\x00" + synchsafe(20) + b"TT2\x00\x00\x05\x00song" + bytes(9),
        b"ID3\x03\x00\x00" + synchsafe(100) + bytes(100) + bytes(3000),
        b"ID3\x04\x00\x10" + synchsafe(20) + bytes(20) + b"3DI\x04\x00\x10" + synchsafe(20),
        b"ID3\x03\x00\x00" + synchsafe(40) + bytes(40) + b"ID3\x04\x00\x00" + synchsafe(30) + bytes(30),
    ],
    ids=["2.2", "zeros behind", "footer", "two tags"],
)
def test_an_mp3_is_read_whatever_tags_stand_before_it(source, dest, before):
    path = write_sound(source / "a.mp3", sound(RATE), "MPEG_LAYER_III")
    sounding = path.read_bytes()
    path.write_bytes(before + sounding)
    within("run", source, dest, "--std", "0.01")
    assert manifest(dest)["a.mp3"]["num_samples"] == RATE


# Messages


def described(source, dest):
    within("run", source, dest, "--std", "0.1")
    found = failures(dest)
    for name, message in found.items():
        assert not [word for word in LIBRARY_WORDS if word in message], (name, message)
    return found


def test_codings_that_are_not_read_are_named(source, dest):
    plain = wav(integers(16), 16, 2)
    for coding in (0x00FF, 0x0161, 0x1234):
        (source / f"{coding:x}.wav").write_bytes(plain[:20] + coding.to_bytes(2, "little") + plain[22:])
    path = write_sound(source / "a.caf", sound(), "PCM_16")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"lpcm", b"aac ", 1))
    path = write_sound(source / "a.aifc", sound(), "ULAW", form="AIFF")
    path.write_bytes(path.read_bytes().replace(b"ulaw", b"QDM2", 1))
    path = write_sound(source / "a.au", sound(), "PCM_16")
    path.write_bytes(path.read_bytes()[:12] + (99).to_bytes(4) + path.read_bytes()[16:])
    (source / "a.ogg").write_bytes(speex())
    (source / "m4a.mp3").write_bytes(bytes(4) + b"ftypM4A " + bytes(100))
    (source / "tag.mp3").write_bytes(b"ID3\x03\x00\x00" + synchsafe(20) + bytes(20))
    (source / "text.wav").write_bytes(b"no sound here, and never was any")
    found = described(source, dest)
    expected = {
        "ff.wav": "is WAV with AAC, which is not read",
        "161.wav": "is WAV with Windows Media Audio 2, which",
        "1234.wav": "is WAV with the coding 0x1234, which",
        "a.caf": "is Core Audio with the coding aac, which",
        "a.aifc": "is AIFF-C with the coding QDM2, which",
        "a.au": "is Sun/NeXT AU with the coding 99, which",
        "a.ogg": "is Ogg with Speex, which",
        "m4a.mp3": "is MPEG-4 (M4A), which",
        "tag.mp3": "is an ID3 tag and no MPEG audio, which",
        "text.wav": "is a file that begins with the bytes 6e 6f 20 73, which",
    }
    assert {name: message[: len(expected[name])] for name, message in found.items()} == expected


def speex():
    """One page of Ogg that begins and ends a stream of Speex."""
    packet = b"Speex   1.2" + bytes(69)
    page = bytearray(b"OggS\0\6" + bytes(8) + b"\1\0\0\0" + bytes(8) + b"\1" + bytes([len(packet)]) + packet)
    return bytes(page[:22] + crc(page, 32, 0x04C11DB7).to_bytes(4, "little") + page[26:])


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        *(("a.wav", "PCM_16"), ("a.flac", "PCM_16"), ("a.aiff", "PCM_16"), ("a.caf", "PCM_16"), ("a.w64", "PCM_16")),
        *(("a.ogg", "VORBIS"), ("a.mp3", "MPEG_LAYER_III"), ("a.au", "ULAW"), ("a.voc", "PCM_16"), ("a.sph", "PCM_16")),
    ],
)
def test_headers_with_a_wrong_byte_end_in_our_words_or_in_a_whole_file(source, dest, name, subtype):
    form = {"a.sph": "NIST"}.get(name)
    whole = write_sound(source / name, sound(2000), subtype, form=form).read_bytes()
    for at in range(min(len(whole), 100)):
        data = bytearray(whole)
        data[at] ^= 0xA5
        (source / f"{at:03}-{name}").write_bytes(data)
        (source / f"{at:03}-cut-{name}").write_bytes(whole[: at + 1])
    described(source, dest)
    assert name in manifest(dest)


def test_ffmpeg_reads_as_many_samples_of_what_ffmpeg_streamed(source, dest):
    """Lengths that a recorder does not know, as ffmpeg writes them to a pipe."""
    write_sound(source / "a.wav", sound(1001), "PCM_16")
    read_elsewhere(source / "a.wav", "ffmpeg")  # skips if it is not installed
    for form, codec in (("wav", "pcm_s24le"), ("au", "pcm_s16be"), ("caf", "pcm_s16be"), ("flac", "flac")):
        command = ["ffmpeg", "-v", "error", "-i", source / "a.wav", "-c:a", codec, "-f", form, "-"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
        (source / f"piped.{form}").write_bytes(done.stdout)
    within("run", source, dest, "--std", "0")
    expected = read_elsewhere(source / "a.wav", "ffmpeg")
    assert len(manifest(dest)) == 5
    assert all(np.array_equal(read_elsewhere(dest / name, "ffmpeg"), expected) for name in manifest(dest))


@pytest.mark.parametrize("endian", ["BIG", "LITTLE"])
def test_au_whose_header_says_that_it_is_empty_is_read_to_its_end(source, dest, endian):
    path = write_sound(source / "a.au", sound(300), "PCM_16", endian=endian)
    expected, content = read(path), bytearray(path.read_bytes())
    content[8:12] = bytes(4)
    path.write_bytes(content)
    assert unchanged(source, dest)["num_samples"] == 300
    assert np.array_equal(read(dest / "a.au"), expected)


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
@pytest.mark.parametrize("whole", [b"", b"LIST\4\0\0\0abcd"], ids=["nothing else", "a chunk behind"])
def test_wav_whose_recorder_left_the_length_at_0_is_read_to_its_end(source, dest, endian, whole):
    path = write_sound(source / "a.wav", sound(300), "PCM_16", endian=endian)
    expected, content = read(path), bytearray(path.read_bytes())
    at = content.index(b"data")
    content[at + 4 : at + 8] = content[4:8] = bytes(4)
    path.write_bytes(content)
    assert unchanged(source, dest)["num_samples"] == 300
    assert np.array_equal(read(dest / "a.wav"), expected)
    if whole:  # that is none of its samples, where there are none
        path.write_bytes(content[: at + 8] + (whole if endian == "LITTLE" else b"LIST\0\0\0\4abcd"))
        assert unchanged(source, dest.with_name("empty"))["num_samples"] == 0


def test_the_order_of_channels_that_opus_has_is_named_where_it_is_lost(source, dest):
    write_sound(source / "a.opus", sound(4800, 6), "OPUS", form="OGG", rate=48000)
    assert unchanged(source, dest, "--audio-format", "flac")["not_kept"] == "OPUS samples, order of channels"
    assert unchanged(source, dest.with_name("same"))["not_kept"] == ""
