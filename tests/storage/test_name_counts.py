"""The memory of names: what it says of any names, compared with a plain list."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from noiseaug.storage.name_counts import Names

NAMES = st.lists(st.text(alphabet="ab/.\udcff\ud800é", max_size=3), max_size=30)


@given(NAMES, NAMES)
def test_names_are_known_and_counted_whenever_they_are_asked_for(first, then):
    names, counts = Names(), Counter()
    for part in (first, then):
        for name in part:
            names.add(name)
        counts.update(part)
        for name in {*first, *then, "c"}:
            assert (name in names) == (counts[name] > 0)
            assert names.is_repeated(name) == (counts[name] > 1)
        assert names.has_repeated() == any(count > 1 for count in counts.values())
