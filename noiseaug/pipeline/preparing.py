"""What is made sure of before any work: that the request makes sense, and that no two outputs want one name."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

from noiseaug.companions.companion_files import CompanionFiles
from noiseaug.errors import Misplaced
from noiseaug.kinds import DEFAULT_KINDS, KINDS, kind_of
from noiseaug.manifest.home import Home
from noiseaug.planning.collisions import Collisions
from noiseaug.planning.ends import Ends
from noiseaug.planning.sidecars import Sidecars
from noiseaug.planning.targets import Plan
from noiseaug.planning.walk import Listing, Source, Walk
from noiseaug.settings.companions import Companions
from noiseaug.settings.request import Request
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk
from noiseaug.version import __version__


def as_meant(request: Request, ends: Ends) -> Request:
    """Return the request with arrays among the kinds that are worked on, where SOURCE is one file of them.

    Raises:
        Misplaced: if a std is a fraction of something else than full scale, and there may be images or audio.
    """
    selection, recipe = request.selection, request.recipe
    if kind_of(ends.source_file or "") == "array" and selection.kinds == DEFAULT_KINDS:
        request = replace(request, selection=replace(selection, kinds=frozenset({"array"})))
    others = request.selection.kinds - {"array"}
    if others and any(level.unit == "std" and level.high > 1 for level in recipe.levels):
        raise Misplaced(
            f"--std-of {recipe.array.std_of} is for arrays, and for others a std above 1 is above full scale; use "
            "--kind array"
        )
    return request


def refuse_parts(request: Request, ends: Ends) -> None:
    """Refuse what cannot be done for a part of the sources, or where DEST is a file."""
    selection, layout = request.selection, request.layout
    if selection.shard is not None:
        if ends.source_file is not None:
            raise Misplaced(f"--shard divides a directory, and SOURCE {ends.source_file} is one file")
        if selection.limit is not None:
            raise Misplaced(
                "--limit counts sources from the first, which shards cannot; use one of --limit and --shard"
            )
        if request.companions != Companions():
            raise Misplaced(
                "a shard has a manifest of its own part: leave out --manifest, --annotations and --label-smoothing, "
                "merge, and run again with them and without --shard, which then writes nothing else"
            )
    if ends.dest_file is not None:
        if request.companions != Companions():
            raise Misplaced(f"a manifest and what goes with it need a directory as DEST; {_as_file(ends)}")
        kind = kind_of(ends.source_file or "")
        several = kind and len(request.recipe.strengths(kind)) > 1
        if several or layout.with_clean or layout.sidecars or layout.name or selection.masks:
            raise Misplaced(
                f"several outputs of one file, or names for them, need a directory as DEST; {_as_file(ends)}"
            )


def _as_file(ends: Ends) -> str:
    if disk.exists(os.path.join(ends.dest_root, ends.dest_file or "")):
        return f"{ends.dest_file} is a file, so name another"
    return f"{ends.dest_file} is not there, and taken for the name of a file: write {ends.dest_file}/"


def home_of(request: Request, ends: Ends) -> Home:
    """Return where the run keeps what it knows."""
    return Home(ends.dest_root, request.companions.rows, request.selection.shard)


def index_key(request: Request, ends: Ends) -> bytes:
    """Return what the index of the manifest depends on, or nothing if the run is one of those that have no index.

    That is all that decides whether an output is up to date, but for its source, its row and itself.
    """
    selection, layout, companions = request.selection, request.layout, request.companions
    is_partial = selection.shard is not None or selection.limit is not None or selection.names is not None
    is_more_to_see = selection.keep or selection.masks or layout.sidecars or layout.link == "symlink"
    if ends.source_file is not None or is_partial or is_more_to_see or companions.label_smoothing is not None:
        return b""
    return b"%s %d %s" % (__version__.encode(), request.running.accept_damaged, request.command())


def walk_of(selection: Selection, ends: Ends) -> Listing:
    """Return the walk over the sources that are selected."""
    if ends.source_file is not None:  # a video that is named is meant
        return Listing(ends.source_root, [ends.source_file], replace(selection, videos=True))
    if selection.names is not None:
        return Listing(ends.source_root, selection.names, selection)
    return Walk(ends.source_root, selection)


def sidecars_of(request: Request, ends: Ends) -> Sidecars:
    """Return what finds the files that go along with sources."""
    return Sidecars(ends.source_root, request.layout.sidecars, request.selection)


def survey(request: Request, ends: Ends, plan: Plan, companions: CompanionFiles | None = None) -> None:
    """Walk over all sources before any work, if somebody needs to know all names."""
    collisions = Collisions(plan, sidecars_of(request, ends))
    walk = walk_of(replace(request.selected, shard=None), ends)
    if collisions.are_possible or (companions and companions.need_sources):
        for found in walk:
            if isinstance(found, Source) and collisions.are_possible:
                collisions.meet(found)
            if companions:
                companions.meet(found)
        collisions.settle(lambda: (found for found in walk if isinstance(found, Source)))
    if companions:
        companions.settle()


def nothing_in(request: Request, ends: Ends, walk: Listing) -> str:
    """Return why there is nothing to work on, and what to do: the option that leaves all files out, if one does."""
    selection = request.selection
    follow, hidden = selection.follow_symlinks, selection.hidden
    wide = Selection(kinds=frozenset(KINDS), names=selection.names, follow_symlinks=follow, hidden=hidden)
    found = Counter(source.kind for source in walk_of(wide, ends) if isinstance(source, Source))
    nouns = [f"{count:,} {KINDS[kind].noun}{'s' if count > 1 else ''}" for kind, count in sorted(found.items())]
    is_or_holds = f"{ends.source_file} is" if ends.source_file is not None else f"{ends.source_root} holds"
    holds = f"{is_or_holds} {' and '.join(nouns)}"
    if not found:
        if ends.source_file is not None:
            return f"{ends.source_file} is no image, audio or array file, by its suffix; name one that is"
        left = walk.left.others + walk.left.specials
        others = [f"{left:,} other file{'s' if left > 1 else ''} there"] if left else []
        rest = f" ({'; '.join(others + walk.remarks())})" if others or walk.remarks() else ""
        named = " among the names in --files-from" if selection.names is not None else ""
        return f"no image or audio files to work on in {ends.source_root}{named}{rest}; name a directory that has some"
    nothing = "no image or audio files to work on: "
    wanted = found.keys() & selection.kinds
    if not wanted and selection.kinds == DEFAULT_KINDS:
        return f"{nothing}{holds}; --kind array takes arrays"
    if not wanted:
        return f"{nothing}{holds}, and --kind {' and '.join(sorted(selection.kinds))} leaves out all"
    if not wanted & request.selected.kinds:
        return f"{nothing}{holds}, and --snr is for audio and arrays; images take --std, such as --std 25/255"
    given = [name for name in ("include", "exclude", "masks") if getattr(selection, name)]
    options = " and ".join(f"--{name} {' '.join(getattr(selection, name))}" for name in given)
    if options:
        return f"{nothing}{holds}, and {options} leave{'s' if len(given) == 1 else ''} out all; see --help for patterns"
    return f"{nothing}{holds}, and none of them is left by the options"
