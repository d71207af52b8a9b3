"""Every program of docs/runs-from-python.md, run in order, prints what the page says."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types

import pytest

from support.places import ROOT

PAGE = (ROOT / "docs/runs-from-python.md").read_text()


@pytest.fixture
def torch_stand_in(monkeypatch):
    """Two names of torch.utils.data with the calling convention that the page relies on: a worker has an id from 0."""
    data = types.ModuleType("torch.utils.data")
    data.IterableDataset = type("IterableDataset", (), {})
    data.get_worker_info = lambda: data.worker
    data.worker = None
    for name, module in (("torch", types.ModuleType("torch")), ("torch.utils", types.ModuleType("torch.utils"))):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "torch.utils.data", data)
    return data


def test_every_program_of_the_page_prints_what_the_page_says(tmp_path, monkeypatch, torch_stand_in):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    programs = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE, re.DOTALL)
    assert len(programs) == PAGE.count("```python")
    for program, expected in programs:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(program, names)
        assert printed.getvalue() == expected
    dataset = names["Noisy"]("sample_data/images")
    whole = [noisy.tobytes() for _, noisy in dataset]
    shares = []
    for number in range(3):
        torch_stand_in.worker = types.SimpleNamespace(id=number, num_workers=3)
        shares += [noisy.tobytes() for _, noisy in dataset]
    assert sorted(shares) == sorted(whole) and len(whole) == 7
