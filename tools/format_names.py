"""What the pages of docs/ call formats, in their order."""

# By suffix.
IMAGES = {
    "png": "PNG",
    "jpg": "JPEG",
    "tif": "TIFF, BigTIFF",
    "webp": "WebP",
    "avif": "AVIF",
    "jp2": "JPEG 2000",
    "gif": "GIF",
    "bmp": "BMP",
    "pgm": "PGM",
    "ppm": "PPM",
    "pnm": "PNM",
    "pam": "PAM",
    "pfm": "PFM",
    "hdr": "Radiance HDR",
    "ras": "Sun raster",
}
# By libsndfile's names.
AUDIO = {
    "WAV": "WAV",
    "WAVEX": "WAV, extensible",
    "RF64": "RF64",
    "NIST": "NIST SPHERE",
    "W64": "Sony Wave64",
    "AIFF": "AIFF, AIFF-C",
    "AU": "Sun/NeXT AU",
    "AVR": "AVR",
    "CAF": "Core Audio",
    "FLAC": "FLAC",
    "HTK": "HTK",
    "MP3": "MP3",
    "OGG": "Ogg",
    "PVF": "Portable Voice",
    "IRCAM": "IRCAM",
    "SVX": "Amiga 8SVX, 16SV",
    "VOC": "Creative VOC",
}
ARRAYS = {"npy": "NumPy .npy", "npz": "NumPy .npz", "safetensors": "Safetensors"}
