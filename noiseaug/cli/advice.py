"""What to warn of at the end of a run: noise that is lost, or outputs that are large; why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from noiseaug.cli.wording import percent
from noiseaug.pipeline.summary import Summary
from noiseaug.settings.recipe import Recipe

_GROWN = 10
_MUCH = 5_000_000  # bytes; of less nobody minds that they are ten times those of the sources
_CLIPPED = 0.05
_OFF = 0.1
_FEW = 10_000  # bytes; of the std of fewer samples, chance alone decides a tenth


def warnings_of(summary: Summary, recipe: Recipe) -> Iterator[str]:
    """Yield what to warn of at the end of a run."""
    if not isinstance(recipe.clip, tuple) and (warning := _clipping(summary) or _deviation(summary)):
        yield warning  # limits that somebody chose are to be met
    decoded = summary.noise_std_ratio_decoded
    if decoded is not None and abs(decoded - (summary.noise_std_ratio or 1)) > _OFF:
        yield (
            f"after encoding, the std of the noise is {percent(decoded)} of what was asked for; a lossless format keeps"
            " it (--image-format png, --audio-format flac), and a higher --quality keeps more of it"
        )
    if warning := _growth(summary, recipe):
        yield warning


def _clipping(summary: Summary) -> str | None:
    """Return a warning if much of the noise was clipped away."""
    if summary.clipped <= _CLIPPED:
        return None
    said = f"{percent(summary.clipped)} of the samples clip, where noise is cut off"
    if summary.noise_std_ratio is not None and abs(summary.noise_std_ratio - 1) > _OFF:
        said += f": its std is {percent(summary.noise_std_ratio)} of what was asked for"
    return f"{said}; take a smaller strength, or --clip none, which writes float32 samples that do not clip"


def _deviation(summary: Summary) -> str | None:
    """Return a warning if the noise is not as strong as was asked for, though little of it is clipped."""
    ratio = summary.noise_std_ratio
    if ratio is None or abs(ratio - 1) <= _OFF or summary.source_bytes < _FEW:
        return None
    instead = "--clip none, which writes float32 samples"
    if summary.kinds.keys() == {"array"}:  # of which float16 and bfloat16 stay so
        instead = "a wider dtype (--clip none makes float32 of integers)"
    return (
        f"the std of the noise is {percent(ratio)} of what was asked for, as it is near the step between two values of"
        f" the samples, to which sums are rounded; take a larger strength, or {instead}"
    )


def _growth(summary: Summary, recipe: Recipe) -> str | None:
    """Return a warning if outputs take far more bytes than their sources: why, and what to do."""
    if summary.bytes_written < _MUCH or not summary.sources_written or not summary.source_bytes:
        return None
    of_outputs, of_sources = summary.bytes_written / summary.written, summary.source_bytes / summary.sources_written
    if of_outputs <= _GROWN * of_sources:
        return None
    if recipe.clip == "none":
        why = "--clip none writes float32 samples; leave it out, and each output has the format of its source"
    elif summary.kinds.keys() == {"array"}:
        why = "the sources are compressed, and noise cannot be; numpy.savez stores arrays as fast as they are read"
    elif recipe.image.format or recipe.audio.format:
        form = recipe.image.format or recipe.audio.format
        why = f"{form} keeps noise as it is, which no compression makes smaller; leave out --image-format, or use jpg"
        why = why if recipe.image.format else why.replace("--image-format, or use jpg", "--audio-format, or use ogg")
    else:
        why = "no lossless format makes noise smaller; --image-format jpg or --audio-format ogg do, and change it a bit"
    return f"an output takes {of_outputs / of_sources:,.0f} times the bytes of its source: {why}"
