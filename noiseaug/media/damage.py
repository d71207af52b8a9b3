"""Sources of which a part is missing or corrupt."""

from __future__ import annotations

from typing import Any

from noiseaug.storage.source_file import Refused


class Damaged(Refused):
    """A part of a source is missing or corrupt; it is refused, unless damaged sources are accepted.

    Args:
        what: what is missing or corrupt, in words for people that go on with "its" or "some of its".
        decoded: what decodes all the same.

    >>> str(Damaged("its pixels end early (row 312 of 640)", decoded=[]))
    'is damaged: its pixels end early (row 312 of 640); replace it, or use --accept-damaged'
    """

    def __init__(self, what: str, decoded: Any) -> None:
        super().__init__(f"is damaged: {what}; replace it, or use --accept-damaged")
        self.what, self.decoded = what, decoded
