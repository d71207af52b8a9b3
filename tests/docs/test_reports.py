"""The commands of docs/reports.md run as they stand there."""

from __future__ import annotations

import re
import shlex

from support.commands import within
from support.places import ROOT

REPORTS = (ROOT / "docs/reports.md").read_text()


def test_the_commands_about_reports_make_pages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    (block,) = re.findall(r"```sh\n(.*?)```", REPORTS, re.DOTALL)
    for line in block.splitlines():
        line, _, target = line.partition(" > ")
        result = within(*shlex.split(line)[1:])
        assert result.returncode == 0
        assert all(said.startswith("noiseaug: warning: ") for said in result.stderr.splitlines())
        if target:
            (tmp_path / target).write_text(result.stdout)
    pages = [(tmp_path / "out" / name).read_text() for name in ("samples.html", "other-sample.html")]
    assert pages[0] != pages[1]
    assert all(page.startswith("<!doctype html>") and page.endswith("</html>") for page in pages)
