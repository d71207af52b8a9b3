"""The names of ID3v2 frames, as version 2.4 has them, and of the Vorbis comments that say the same."""

from __future__ import annotations

# Of text frames. As Picard, Mutagen and FFmpeg have them.
COMMENTS = {
    "TIT1": "GROUPING",
    "TIT2": "TITLE",
    "TIT3": "SUBTITLE",
    "TPE1": "ARTIST",
    "TPE2": "ALBUMARTIST",
    "TPE3": "CONDUCTOR",
    "TPE4": "REMIXER",
    "TALB": "ALBUM",
    "TDRC": "DATE",
    "TDOR": "ORIGINALDATE",
    "TRCK": "TRACKNUMBER",
    "TPOS": "DISCNUMBER",
    "TSST": "DISCSUBTITLE",
    "TCON": "GENRE",
    "TCOM": "COMPOSER",
    "TEXT": "LYRICIST",
    "TCOP": "COPYRIGHT",
    "TENC": "ENCODEDBY",
    "TSSE": "ENCODER",
    "TBPM": "BPM",
    "TKEY": "KEY",
    "TLAN": "LANGUAGE",
    "TMED": "MEDIA",
    "TMOO": "MOOD",
    "TPUB": "LABEL",
    "TSRC": "ISRC",
    "TCMP": "COMPILATION",
    "TSOA": "ALBUMSORT",
    "TSOP": "ARTISTSORT",
    "TSOT": "TITLESORT",
    "TSO2": "ALBUMARTISTSORT",
    "TSOC": "COMPOSERSORT",
}
FRAMES = {comment: frame for frame, comment in COMMENTS.items()}
# Frames of earlier versions, and what they are called now.
_OF_2_2 = (
    "TT1 TIT1 TT2 TIT2 TT3 TIT3 TP1 TPE1 TP2 TPE2 TP3 TPE3 TP4 TPE4 TAL TALB TRK TRCK TPA TPOS TCO TCON TCM TCOM "
    "TXT TEXT TCR TCOP TEN TENC TSS TSSE TBP TBPM TKE TKEY TLA TLAN TMT TMED TPB TPUB TRC TSRC TCP TCMP TSA TSOA "
    "TSP TSOP TST TSOT TS2 TSO2 TSC TSOC TYE TYER TDA TDAT TOR TDOR TLE TLEN TXX TXXX COM COMM ULT USLT PIC APIC "
    "UFI UFID"
)
_TURNS = _OF_2_2.split()
NOW = dict(zip(_TURNS[::2], _TURNS[1::2], strict=True)) | {"TORY": "TDOR"}
MUSICBRAINZ = b"http://musicbrainz.org"
MUSICBRAINZ_COMMENT = "MUSICBRAINZ_TRACKID"

# The numbers that ID3v1 gives to genres, and those that Winamp added.
_GENRES = (
    "Blues|Classic Rock|Country|Dance|Disco|Funk|Grunge|Hip-Hop|Jazz|Metal|New Age|Oldies|Other|Pop|"
    "R&B|Rap|Reggae|Rock|Techno|Industrial|Alternative|Ska|Death Metal|Pranks|Soundtrack|Euro-Techno|"
    "Ambient|Trip-Hop|Vocal|Jazz+Funk|Fusion|Trance|Classical|Instrumental|Acid|House|Game|Sound Clip|"
    "Gospel|Noise|Alternative Rock|Bass|Soul|Punk|Space|Meditative|Instrumental Pop|Instrumental Rock|"
    "Ethnic|Gothic|Darkwave|Techno-Industrial|Electronic|Pop-Folk|Eurodance|Dream|Southern Rock|Comedy|"
    "Cult|Gangsta|Top 40|Christian Rap|Pop/Funk|Jungle|Native American|Cabaret|New Wave|Psychedelic|Rave|"
    "Showtunes|Trailer|Lo-Fi|Tribal|Acid Punk|Acid Jazz|Polka|Retro|Musical|Rock & Roll|Hard Rock|Folk|"
    "Folk-Rock|National Folk|Swing|Fast Fusion|Bebop|Latin|Revival|Celtic|Bluegrass|Avantgarde|"
    "Gothic Rock|Progressive Rock|Psychedelic Rock|Symphonic Rock|Slow Rock|Big Band|Chorus|Easy Listening|"
    "Acoustic|Humour|Speech|Chanson|Opera|Chamber Music|Sonata|Symphony|Booty Bass|Primus|Porn Groove|"
    "Satire|Slow Jam|Club|Tango|Samba|Folklore|Ballad|Power Ballad|Rhythmic Soul|Freestyle|Duet|"
    "Punk Rock|Drum Solo|A Cappella|Euro-House|Dance Hall"
)
GENRES = _GENRES.split("|")


def genre(number: int) -> str:
    """Return the genre of a number, or the number if it has none.

    >>> genre(17)
    'Rock'
    """
    return GENRES[number] if 0 <= number < len(GENRES) else str(number)
