"""The tables of docs/formats-*.md are what runs show; `make tables` writes them anew."""

from __future__ import annotations

import re

from support.places import ROOT
from tools.formats_audio import table
from tools.formats_images import page


def test_the_tables_of_images_are_what_runs_show(tmp_path):
    """Figures may differ a little on other processors."""
    figure = re.compile(r"\d+\.\d")
    written, found = (ROOT / "docs/formats-images.md").read_text(), page(tmp_path)
    assert figure.sub("#", written) == figure.sub("#", found)
    pairs = zip(figure.findall(written), figure.findall(found), strict=True)
    assert max(abs(float(one) - float(other)) for one, other in pairs) < 0.25


def test_the_table_of_audio_is_what_a_run_over_all_formats_shows(tmp_path):
    written = (ROOT / "docs/formats-audio.md").read_text()
    assert written == table(tmp_path)
