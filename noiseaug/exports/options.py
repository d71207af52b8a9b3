"""The options of an export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["noisy", "clean", "all"]
Paths = Literal["relative", "absolute"]


@dataclass(frozen=True)
class ExportOptions:
    """The part of a run that is exported, and how.

    Attributes:
        role: export `noisy` outputs, `clean` ones, or `all`.
        paths: `relative` if a list of files names them relative to itself, or `absolute`; by default as the library
            that reads it resolves names.
        shard_size: bytes that a tar file holds at most, unless a single sample is larger.
        prefix: how names of tar files begin.
        force: replace files that no export wrote.

    Raises:
        ValueError: where one is outside its domain.
    """

    role: Role = "all"
    paths: Paths | None = None
    shard_size: int = 10**9
    prefix: str = "shard"
    force: bool = False

    def __post_init__(self) -> None:
        if self.role not in ("noisy", "clean", "all"):
            raise ValueError(f"{self.role!r} is no role: expected noisy, clean or all")
        if self.paths not in ("relative", "absolute", None):
            raise ValueError(f"{self.paths!r} is no kind of paths: expected relative or absolute")
        if self.shard_size < 1:
            raise ValueError(f"{self.shard_size} bytes are no size of shards; expected 1 or more, such as 1GB")
        if not self.prefix or self.prefix.startswith(".") or {"/", "\0"} & set(self.prefix):
            raise ValueError(f"{self.prefix!r} cannot begin a file name; expected one such as train")
