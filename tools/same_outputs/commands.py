"""The commands that are run with both versions, in groups: lines of shell in which `noiseaug` is the version at hand.

The lines of a group are run one after the other in a directory of their own, into which those folders of `sources` are
copied that a line names. A line with `cp`, `rm` or the like does to the files what a user would do between two runs.

What a version prints must depend on nothing but the files. So no line has `--seed random`; and none has -v where codecs
print warnings of their own, which with -v come through as they happen, some with a time.
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from tools.same_outputs.sources import MAKERS

RASTERS = ["hdr", "jp2", "pam", "pfm", "pgm", "pnm", "ppm"]
CARRIERS = ["avif", "bmp", "gif", "jpg", "png", "tif", "webp"]  # of metadata or several frames
AUDIO_FORMATS = ["aiff", "au", "caf", "flac", "ogg", "opus", "rf64", "sf", "sph", "voc", "w64", "wav"]
# Two runs of one version already write these differently, so they are left out. OpenCV 5.0.0 pads Sun rasters of an odd
# width with what happens to lie in memory behind the image. libsndfile 1.2.2 fills half of what it encodes of 16-bit
# stereo as MP3 with what happens to lie there (its pull request 1106).
EVEN = "--max-pixels 2000 --exclude 'dot-*' --exclude 'ascii-*'"
NOT_16_BIT = " ".join(f"--include '*{name}*'" for name in ("PCM_24", "PCM_32", "FLOAT", "DOUBLE", "VORBIS", "MPEG"))
PRESETS = ["imagenet-c", "tiny-imagenet-c:2", "denoise:25", "denoise-blind"]
STD = "--std 25/255 --seed 7"


class Group(NamedTuple):
    """Lines that are run one after the other in one directory."""

    name: str
    lines: tuple[str, ...]

    @property
    def sources(self) -> list[str]:
        """The folders that the lines name."""
        words = set(re.findall(r"\w+", " ".join(self.lines)))
        return [name for name in ("sample_data", *MAKERS) if name in words]


def groups(readme: str) -> list[Group]:
    """All groups; the first are the commands and the programs of this README."""
    tasks = readme[readme.index("## Tasks") :]
    commands = re.findall(r"^noiseaug .*", tasks, re.MULTILINE)
    programs = re.findall(r"```python\n(.*?)```", tasks, re.DOTALL)
    named = {
        "readme": [*commands, *(f"python -c {shlex.quote(program)}" for program in programs)],
        "arrays": [f"python -c {shlex.quote(ARRAYS)}"],
        **{name: text.splitlines() for name, text in GROUPS.items()},
    }
    return [Group(name, tuple(line.strip() for line in lines if line.strip())) for name, lines in named.items()]


ARRAYS = """
import hashlib, inspect
import numpy as np
import noiseaug

for name in noiseaug.__all__:
    if name not in ("__version__", "NoiseaugError"):
        print(name, *inspect.signature(getattr(noiseaug, name)).parameters)
drawn = np.random.default_rng(0).uniform(-1, 1, (30, 20, 4))
for dtype in ("uint8", "uint16", "int16", "int32", "float32", "float64"):
    scale = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    array = ((drawn + 1) / 2 * scale if dtype.startswith("u") else drawn * scale).astype(dtype)
    for settings in ({}, {"mean": 0.02}, {"mono": True}, {"clip": "none"}, {"clip": (0.1, 0.5)}, {"seed": -3}):
        for std in ("0.001", "25/255", "0.1:0.5"):
            noise = noiseaug.GaussianNoise(std=std, **settings)
            noisy = noise(array, key="a/b", copy=1), noise(array, key="", alpha=True)
            print(dtype, settings, std, noisy[0].dtype, *(hashlib.sha256(one).hexdigest() for one in noisy))
"""


def _each(pattern: str, values: list[str]) -> str:
    """A line for each value, which takes the place of `@` in the pattern."""
    return "\n".join(pattern.replace("@", value) for value in values)


GROUPS = {
    "help": f"""
        noiseaug --version
        noiseaug --help
        noiseaug
        {_each("noiseaug @ --help", ["run", "verify", "export", "merge", "presets"])}
        noiseaug presets
        noiseaug presets --json
    """,
    "kinds": f"""
        {_each("noiseaug run @ out/@-0 --std 0", ["pictures", "laden", "recordings"])}
        {_each(f"noiseaug run @ out/@ {STD} -v", ["mixed", "many", "pictures", "recordings", "speech", "labelled"])}
        {_each(f"noiseaug run @ out/@ {STD}", ["laden", "lengthy"])}
        {_each("noiseaug run @ out/@-weak --std 0.004 --seed 8", ["pictures", "recordings", "speech"])}
        {_each("noiseaug verify out/@ --source @ --deep", ["pictures", "laden", "recordings", "lengthy"])}
    """,
    "strengths": f"""
        noiseaug run mixed out/several --std 0.05 --std 10% --std 50/255 --copies 3
        noiseaug run mixed out/range --std 5/255:50/255 --copies 2 --seed 3
        noiseaug run mixed out/log-range --std log:2/255:50/255 --copies 2 --seed 3
        noiseaug run mixed out/ramp --std 0:50/255 --copies 4 --ramp linear
        noiseaug run mixed out/log-ramp --std 1/255:50/255 --copies 4 --ramp log
        noiseaug run mixed out/prob --std 0.1 --copies 3 --prob 0.5
        noiseaug run mixed out/mean --std 0.05 --mean 0.1
        noiseaug run mixed out/mean-only --std 0 --mean=-0.013
        noiseaug run pictures out/mono --std 10% --mono
        noiseaug run mixed out/mono-audio --std 10% --mono --kind audio
        noiseaug run pictures out/limits --std 10% --clip 0.1:0.9
        noiseaug run speech out/limits-audio --std 10% --clip=-0.5:0.25
        {_each("noiseaug run @ out/unclipped-@ --std 30% --clip none", ["pictures", "recordings"])}
        noiseaug run mixed out/strong --std 90%
        noiseaug run mixed out/seed --std 0.1 --seed 12345678901234567890
        {_each("noiseaug run mixed out/@ --preset @ --kind image", PRESETS)}
        noiseaug run mixed out/presets --preset denoise:15 --preset cifar-c:1 --std 0.2
        noiseaug run mixed out/presets-audio --preset denoise --snr 10
    """,
    "ratios": f"""
        noiseaug run speech out/snr --snr 10
        noiseaug run recordings out/recordings --snr 20 --seed 4
        noiseaug run mixed out/several --snr 0 --snr 10 --snr=-5 --copies 2
        noiseaug run mixed out/range --snr 5:30 --copies 3 --seed 9
        noiseaug run mixed out/ramp --snr 5:30 --copies 3 --ramp
        noiseaug run mixed out/both --std 0.1 --snr 10
        noiseaug run mixed out/prob --snr 10 --copies 4 --prob 0.3
        noiseaug run speech out/mean --snr 10 --mean 0.01
        noiseaug run speech out/mono --snr 10 --mono
        {_each("noiseaug run speech out/@ --snr 10 --snr-reference @", ["channel", "active"])}
        {_each("noiseaug run speech out/on-@ --snr 10 --on-silence @", ["skip", "floor"])}
        noiseaug run speech out/kept --snr 10 --keep-silence
        noiseaug run speech out/kept-active --snr 10 --keep-silence --snr-reference active
        noiseaug run speech out/kept-std --std 0.1 --keep-silence
        noiseaug run speech out/clipped --snr 0
        noiseaug run speech out/rescaled --snr 0 --on-clip rescale
        noiseaug run speech out/rescaled-std --std 0.2 --on-clip rescale
        noiseaug run recordings out/recordings-rescaled --snr 0 --on-clip rescale
        noiseaug run lengthy out/lengthy --snr 0 --on-clip rescale --keep-silence
        noiseaug run lengthy out/lengthy-active --snr 10 --snr-reference active --mono
        noiseaug run speech out/limits --snr 0 --clip=-0.2:0.2
        noiseaug run speech out/unclipped --snr 0 --clip none
        {_each("noiseaug verify out/@ --source speech --deep", ["channel", "on-floor", "kept-active", "rescaled"])}
    """,
    "formats": f"""
        {_each("noiseaug run pictures out/@ --std 0.1 --image-format @", RASTERS + CARRIERS)}
        noiseaug run pictures out/ras --std 0.1 --image-format ras {EVEN}
        {_each("noiseaug run laden out/laden-@ --std 0.02 --image-format @", CARRIERS)}
        {_each("noiseaug run recordings out/@ --std 0.01 --audio-format @", AUDIO_FORMATS)}
        noiseaug run recordings out/mp3 --std 0.01 --audio-format mp3 {NOT_16_BIT}
        noiseaug run speech out/speech-mp3 --snr 10 --audio-format mp3 --exclude '*-wav.wav'
        noiseaug run speech out/speech-ogg --snr 10 --audio-format ogg
        {_each("noiseaug run lengthy out/lengthy-@ --snr 10 --audio-format @", ["mp3", "opus"])}
        noiseaug run speech out/both --std 0.1 --image-format tif --audio-format wav --clip none
    """,
    "encoding": f"""
        {_each("noiseaug run pictures out/quality-@ --std 0.1 --quality @ --measure decoded", ["1", "75", "100"])}
        {_each("noiseaug run mixed out/@ --std 0.1 --subsampling @ --image-format jpg --kind image", ["422", "420"])}
        {_each("noiseaug run mixed out/png-@ --std 0.1 --png-level @ --kind image", ["0", "6", "9"])}
        noiseaug run recordings out/measured --std 0.02 --measure decoded
        noiseaug run speech out/measured-snr --snr 10 --measure decoded --audio-format ogg
        noiseaug verify out/measured --source recordings --deep
    """,
    "names": """
        noiseaug run mixed out/flat --std 0.1 --std 0.2 --name '{stem}-{level}-{copy}{ext}' --kind image
        noiseaug run mixed out/levels --preset imagenet-c --name '{level}/{dir}/{stem}{ext}' --kind image
        noiseaug run mixed out/labels --std 0.1:0.2 --copies 2 --name '{label}/{copy}/{dir}/{stem}{ext}'
        noiseaug run odd out/odd --std 0.1 -v
        noiseaug run odd out/odd-several --std 0.1 --copies 2 --with-clean beside
        noiseaug run odd out/odd-followed --std 0.1 --follow-symlinks
        noiseaug run odd out/odd-template --std 0.1 --name 'new {dir}/{stem} {level}{ext}'
        noiseaug verify out/odd --source odd --deep
        noiseaug export out/odd --to webdataset --output exported
        noiseaug run mixed out/collide --std 0.1 --std 0.2 --name '{stem}{ext}'
        noiseaug run mixed out/collide --std 0.1 --name 'same{ext}'
        noiseaug run mixed out/outside --std 0.1 --name '../{stem}{ext}'
        noiseaug run mixed out/unknown --std 0.1 --name '{colour}{ext}'
        cp -r mixed twins && cp twins/images/cats/a.png twins/images/cats/a.bmp
        noiseaug run twins out/twins --std 0.1 --image-format png
    """,
    "clean": f"""
        {_each("noiseaug run mixed out/tree-@ --std 0.1 --with-clean tree --link @", ["copy", "hardlink", "symlink"])}
        {_each("noiseaug run mixed out/beside-@ --std 0.1 --with-clean beside --link @", ["symlink", "copy"])}
        noiseaug run mixed out/several --std 0.1 --snr 10 --copies 2 --with-clean tree --link copy
        noiseaug run mixed out/several --std 0.1 --snr 10 --copies 2 --with-clean tree --link hardlink
        noiseaug run mixed out/several --std 0.1 --snr 10 --copies 2 --with-clean tree
        noiseaug run mixed out/named --std 0.1 --with-clean beside --name '{{level}}/{{dir}}/{{stem}}{{ext}}'
        {_each("noiseaug verify out/@ --source mixed --deep", ["tree-hardlink", "tree-symlink", "beside-copy"])}
        noiseaug run bad out/bad --std 0.1 --with-clean tree --link copy
    """,
    "companions": """
        noiseaug run labelled out/yolo --std 0.1 --copies 2 --sidecars .txt,.xml,.json
        noiseaug run labelled out/yolo-clean --std 0.1 --sidecars .txt,.xml --with-clean beside
        noiseaug run labelled out/yolo-tree --std 0.1 --sidecars .txt,.xml --with-clean tree --link copy
        noiseaug run labelled out/coco --std 0.1 --copies 2 --annotations labelled/coco.json
        noiseaug run labelled out/coco-clean --std 0.1 --with-clean tree --annotations labelled/coco.json
        noiseaug run labelled/images out/coco-part --std 0.1 --include dogs/ --annotations labelled/coco.json
        noiseaug run labelled/images out/coco-wrong --std 0.1 --annotations labelled/labels/cats/001.txt
        noiseaug run labelled/images out/smooth --std 0.1 --copies 2 --label-smoothing 0.1
        noiseaug run mixed out/smooth-mixed --std 0.1 --label-smoothing 0.3 --with-clean beside
        noiseaug run mixed out/depfile --std 0.1 --depfile out/depfile.d
        noiseaug run odd out/depfile-odd --std 0.1 --depfile out/odd.d
        noiseaug run odd/plain.png out/one.png --std 0.1 --depfile out/one.d
        noiseaug run speech out/said --snr 10 --copies 2 --sidecars .txt
        cp -r out/yolo out/yolo-before
        rm labelled/labels/cats/001.txt labelled/images/dogs/000.xml && touch labelled/labels/dogs/002.txt
        touch stamp && noiseaug run labelled out/yolo --std 0.1 --copies 2 --sidecars .txt,.xml,.json
        find out/yolo -newer stamp | sort
        noiseaug run labelled out/yolo --std 0.1 --copies 2
        noiseaug verify out/yolo-before --source labelled
        noiseaug verify out/yolo --source labelled --deep
    """,
    "tables": """
        noiseaug run mixed out/all --std 0.1 --manifest all.csv
        noiseaug run mixed out/all --std 0.1 --manifest all.parquet
        noiseaug run mixed out/all --std 0.1
        noiseaug run mixed out/named --std 0.1 --manifest named.jsonl
        noiseaug run mixed out/images --std 0.1 --copies 2 --kind image --manifest metadata.jsonl
        noiseaug run mixed out/images-csv --std 0.1 --kind image --manifest metadata.csv --label-smoothing 0.1
        noiseaug run mixed out/images-parquet --std 0.1 --kind image --manifest metadata.parquet --label-smoothing 0.1
        noiseaug run speech out/audio-csv --snr 10 --snr 20 --sidecars .txt --manifest metadata.csv
        noiseaug run speech out/audio-parquet --snr 10 --sidecars .txt --manifest metadata.parquet
        noiseaug run odd out/odd --std 0.1 --manifest odd.csv
        noiseaug run odd out/odd --std 0.1 --manifest odd.parquet
        noiseaug run mixed out/wrong --std 0.1 --manifest manifest.txt
        noiseaug verify out/named
        noiseaug verify out/images --manifest metadata.jsonl
    """,
    "selection": r"""
        noiseaug run mixed out/limit --std 0.1 --limit 3
        noiseaug run mixed out/include --std 0.1 --include cats/ --include '*.ogg'
        noiseaug run mixed out/exclude --std 0.1 --exclude '*.png' --exclude '/sound/'
        noiseaug run mixed out/both --std 0.1 --include images/ --exclude '**/dogs/*' --exclude '!grey.png'
        noiseaug run mixed out/image --std 0.1 --kind image
        noiseaug run mixed out/audio --std 0.1 --kind audio
        noiseaug run mixed out/none --std 0.1 --include nothing/
        printf 'sound/song.ogg\nimages/cats/a.png\n' > names
        noiseaug run mixed out/names --std 0.1 --files-from names
        printf 'sound/song.ogg\0images/cats/a.png\0' | noiseaug run mixed out/nulls --std 0.1 --files-from - -0
        printf 'sound/notes.txt\nno/such.png\n../mixed/a.png\n' | noiseaug run mixed out/no --std 0.1 --files-from -
        noiseaug run mixed/images/cats/a.png out/one.png --std 25/255
        noiseaug run mixed/images/cats/a.png out/rooted.png --std 25/255 --root mixed
        noiseaug run mixed/sound/song.flac out/rooted.wav --snr 10 --root mixed --json
        noiseaug run mixed/images/cats/a.png out/one-of-several --std 0.1 --copies 2 --root mixed
        noiseaug run mixed/images/cats/a.png out/several.png --std 0.1 --copies 2
        noiseaug run mixed/sound/notes.txt out/notes.txt --std 0.1
        noiseaug run bad/truncated-a.png out/truncated.png --std 0.1
        noiseaug run pictures out/small --std 0.1 --max-pixels 1999
        noiseaug run mixed out/dry --std 0.1 --copies 2 --dry-run
        noiseaug run odd out/dry --std 0.1 -n --with-clean beside
        noiseaug run odd/plain.png out/dry.png --std 0.1 -n
    """,
    "engines": f"""
        {_each(f"noiseaug run mixed out/@ {STD} --engine @ --workers 2", ["auto", "threads", "processes"])}
        {_each(f"noiseaug run bad out/bad-@ {STD} --engine processes --workers @", ["1", "3"])}
        {_each(f"noiseaug run @ out/@ {STD} --engine threads --workers 3", ["recordings", "pictures", "many"])}
        noiseaug run many out/many-processes {STD} --engine processes --workers 3
        noiseaug run mixed out/dask {STD} --engine dask --workers 2
        noiseaug run many out/many-dask {STD} --engine dask
        noiseaug run mixed out/nowhere {STD} --engine dask --scheduler nowhere
    """,
    "again": f"""
        noiseaug run many out/many {STD} -q
        touch many/0/007.pgm && rm many/1/001.pgm many/3/*.png && noiseaug run many out/many {STD} --prune -v
        noiseaug run mixed out/again {STD}
        touch stamp && noiseaug run mixed out/again {STD} --json
        find out -newer stamp
        noiseaug run mixed out/again {STD} --checksum
        find out -newer stamp
        rm out/again/images/cats/a.png && printf more >> out/again/sound/song.mp3
        noiseaug verify out/again --source mixed
        noiseaug verify out/again --source mixed --deep --json
        noiseaug run mixed out/again {STD} -v
        touch mixed/images/dogs/grey.png && cp mixed/images/cats/a.png mixed/images/dogs/new.png
        cp mixed/sound/song.flac mixed/sound/more.flac && cp mixed/images/dogs/c.bmp mixed/images/cats/b.jpg
        noiseaug run mixed out/again {STD} --dry-run
        noiseaug run mixed out/again {STD} --checksum -v
        noiseaug run mixed out/again {STD} -v
        rm mixed/images/dogs/new.png mixed/sound/song.ogg && mv mixed/sound/float.wav mixed/sound/moved.wav
        cp -r out/again out/pruned
        noiseaug run mixed out/again {STD}
        noiseaug verify out/again
        noiseaug run mixed out/pruned {STD} --prune --dry-run
        noiseaug run mixed out/pruned {STD} --prune
        noiseaug verify out/pruned
        noiseaug run mixed out/again --std 0.2 --std 25/255 --seed 7
        noiseaug run mixed out/again --std 0.2 --seed 8 --prune
        noiseaug run mixed out/again --std 0.2 --seed 8 --force
        noiseaug verify out/again --source mixed --deep
    """,
    "interrupted": f"""
        noiseaug run mixed out/limited {STD} --limit 5 -q
        noiseaug run mixed out/limited {STD}
        noiseaug run mixed out/killed {STD} -q
        cp -r out/killed out/half && mkdir out/half/.noiseaug
        head -n 6 out/half/manifest.jsonl > out/half/.noiseaug/journal.jsonl
        rm out/half/manifest.jsonl out/half/sound/song.mp3
        noiseaug verify out/half
        noiseaug run mixed out/half {STD} -v
        cp -r out/killed out/announced && mkdir out/announced/.noiseaug
        (cd out/announced && sed -E 's/("source_path": "[^"]*").*/\\1, "pending": true}}/' manifest.jsonl) > announced
        mv announced out/announced/.noiseaug/pending.jsonl
        head -c 4000 out/announced/manifest.jsonl > out/announced/.noiseaug/journal.jsonl
        rm out/announced/manifest.jsonl
        noiseaug export out/announced --to webdataset
        noiseaug run mixed out/announced {STD} -v
        noiseaug run bad out/fast {STD} --fail-fast --workers 1
        noiseaug run bad out/fast {STD}
        cp mixed/images/cats/a.png bad/truncated-a.png && cp mixed/sound/song.flac bad/truncated-song.flac
        noiseaug run bad out/fast {STD}
        mkdir out/foreign && echo mine > out/foreign/good.png && noiseaug run bad out/foreign {STD}
        noiseaug run bad out/foreign {STD} --overwrite
        ulimit -f 8 && noiseaug run mixed out/full {STD} --engine threads --workers 1
        noiseaug run mixed out/full {STD}
    """,
    "shards": f"""
        {_each(f"noiseaug run many out/many {STD} --shard @/4", ["1", "2", "3", "4"])}
        noiseaug merge out/many
        noiseaug run many out/many {STD} --manifest metadata.csv
        {_each(f"noiseaug run mixed out/mixed {STD} --shard @/3", ["1", "3"])}
        noiseaug merge out/mixed
        noiseaug run mixed out/mixed {STD} --shard 2/4
        noiseaug run mixed out/mixed {STD} --shard 2/3
        cp -r out/mixed out/taken-over
        noiseaug merge out/mixed
        noiseaug merge out/mixed --json
        noiseaug verify out/mixed --source mixed --deep
        noiseaug run mixed out/taken-over {STD} --json
        {_each("noiseaug run bad out/bad --snr 10 --std 0.1 --copies 2 --with-clean tree --shard @/2", ["1", "2"])}
        noiseaug merge out/bad --json
        noiseaug run bad out/bad --snr 10 --std 0.1 --copies 2 --with-clean tree
        noiseaug run mixed out/mixture {STD} --shard 1/2
        noiseaug run mixed out/mixture --std 0.1 --shard 2/2
        noiseaug merge out/mixture
        noiseaug run mixed out/wrong {STD} --shard 3/2
        noiseaug run mixed out/wrong {STD} --shard 1/2 --limit 2
        noiseaug run mixed out/wrong {STD} --shard 1/2 --manifest metadata.jsonl
        mkdir out/empty; noiseaug merge out/empty
    """,
    "exports": """
        noiseaug run speech out/speech --snr 10 --std 0.1 --copies 2 --sidecars .txt --with-clean tree --link copy
        noiseaug run labelled out/labelled --std 0.1 --copies 2 --sidecars .txt,.xml,.json
        noiseaug run mixed out/mixed --std 0.1
        noiseaug export out/speech --to nemo
        noiseaug export out/speech --to nemo
        noiseaug export out/speech --to nemo --output exported/nemo.json --role noisy --json
        noiseaug export out/speech --to nemo --output exported/absolute.json --role clean --paths absolute
        noiseaug export out/speech --to lhotse --output exported/lhotse --json
        noiseaug export out/speech --to lhotse --output exported/lhotse-relative --paths relative --role noisy
        noiseaug export out/mixed --to lhotse
        noiseaug export out/mixed --to webdataset --output exported/mixed --shard-size 40kB --prefix part
        noiseaug export out/mixed --to webdataset --output exported/mixed --shard-size 90kB --prefix part --json
        noiseaug export out/labelled --to webdataset
        noiseaug export out/speech --to webdataset --output exported/speech --shard-size 1MiB
        noiseaug export out/labelled --to nemo
        rm out/mixed/sound/song.ogg && printf more >> out/mixed/images/cats/a.png
        noiseaug export out/mixed --to webdataset --output exported/lacking
        noiseaug export out/mixed --to nemo -q
        echo mine > exported/mine.json && noiseaug export out/mixed --to nemo --output exported/mine.json
        noiseaug export out/mixed --to nemo --output exported/mine.json --force
        noiseaug export out/mixed --to webdataset --output exported/mine.json
        noiseaug export out --to nemo
        noiseaug verify out/speech --source speech
    """,
    "verify": f"""
        noiseaug run mixed out/whole {STD} --with-clean beside --link copy
        noiseaug verify out/whole
        noiseaug verify out/whole --source mixed --deep --json
        cp -r out/whole out/hurt && rm out/hurt/images/cats/a.png && touch out/hurt/extra.png
        printf x | dd of=out/hurt/sound/song.flac bs=1 seek=3000 conv=notrunc status=none
        head -c 100 out/whole/sound/song.ogg > out/hurt/sound/song.ogg
        noiseaug verify out/hurt
        noiseaug verify out/hurt -q --source mixed --deep
        cp -r mixed changed && cp mixed/images/cats/a.png changed/images/cats/b.jpg && rm changed/sound/song.mp3
        noiseaug verify out/whole --source changed
        noiseaug verify out/whole --source changed --deep --json
        cp -r out/whole out/edited && sed -i 's/"seed": 7/"seed": 8/; 3s/.*/no json/; 5d' out/edited/manifest.jsonl
        noiseaug verify out/edited --source mixed --deep
        cp -r out/whole out/no-manifest && rm out/no-manifest/manifest.jsonl && noiseaug verify out/no-manifest
        noiseaug verify out/whole --deep
        noiseaug verify out/nowhere
        noiseaug run bad out/bad {STD} -q; noiseaug verify out/bad --source bad --deep
    """,
    "output": f"""
        noiseaug run bad out/bad {STD}
        noiseaug run bad out/json {STD} --json
        noiseaug run bad out/quiet {STD} -q
        noiseaug run laden out/laden {STD} --json
        NOISEAUG_RUN_STD=0.1 NOISEAUG_RUN_COPIES=2 NOISEAUG_RUN_KIND=image noiseaug run mixed out/environment
        NOISEAUG_RUN_STD=loud noiseaug run mixed out/environment
        noiseaug run mixed out/mixed {STD} > /dev/full
        noiseaug run mixed out/mixed {STD} >&-
        noiseaug run mixed out/timed {STD} --timeout 60
    """,
    "errors": f"""
        noiseaug run mixed out/x
        noiseaug run mixed --std 0.1
        noiseaug run nowhere out/x --std 0.1
        noiseaug run mixed mixed --std 0.1
        cp -r mixed nested && noiseaug run nested nested/out --std 0.1 && noiseaug run nested nested/out --std 0.1
        noiseaug run mixed/images mixed --std 0.1
        noiseaug run mixed/sound/song.ogg mixed/sound/song.ogg --std 0.1
        noiseaug walk mixed out/x
        noiseaug run mixed out/x --strength 0.1
        {_each("noiseaug run mixed out/x --std=@", ["25", "loud", "-0.1", "0.2:0.1", "nan", "log:0:0.1", "''"])}
        {_each("noiseaug run mixed out/x --snr=@", ["loud", "inf", "30:10", "400", "''"])}
        {_each("noiseaug run mixed out/x --std 0.1 --clip=@", ["1", "0.9:0.1", "some", "0.5:0.5"])}
        {_each("noiseaug run mixed out/x --std 0.1 --mean=@", ["2", "much", "nan"])}
        {_each("noiseaug run mixed out/x --std 0.1 --prob=@", ["0", "1.5", "half"])}
        {_each("noiseaug run mixed out/x --std 0.1 --seed=@", ["-1", "1.5", "1e3"])}
        {_each("noiseaug run mixed out/x --std 0.1 --sidecars=@", ["txt", ".png", "''", ".txt,,"])}
        {_each("noiseaug run mixed out/x --std 0.1 --label-smoothing=@", ["-1", "1.5", "some"])}
        {_each("noiseaug run mixed out/x --preset=@", ["unknown", "imagenet-c:9", "denoise:1"])}
        noiseaug run mixed out/x --std 0.1 --copies 0
        noiseaug run mixed out/x --std 0.1 --ramp
        noiseaug run mixed out/x --std 0.1 --std 0.1
        noiseaug run mixed out/x --snr 10 --kind image
        noiseaug run mixed out/x --std 0.1 --quality 101
        noiseaug run mixed out/x --std 0.1 --image-format xcf
        noiseaug run mixed out/x --std 0.1 --annotations nowhere.json
        noiseaug run mixed out/x --std 0.1 --files-from nowhere
        noiseaug run mixed out/x --std 0.1 --root mixed
        noiseaug run mixed out/x --std 0.1 --workers 0
        mkdir -p empty && noiseaug run empty out/x --std 0.1
        echo mine > file && noiseaug run mixed file --std 0.1
        noiseaug run mixed file/below --std 0.1
        noiseaug run mixed /proc/nowhere --std 0.1
        noiseaug export mixed --to nemo
        noiseaug export mixed --to csv
        noiseaug export mixed --to webdataset --shard-size big
        noiseaug export mixed --to webdataset --prefix a/b
        noiseaug verify
        noiseaug merge nowhere
        find . -path ./mixed -prune -o -print | sort
    """,
}
