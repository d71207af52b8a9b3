"""Modules that stand in for large ones which are imported by what is tested here, but not used by it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types


class _Named(type):
    """A class that has a class of any name, as modules of torch have."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Named(name, (_Nothing,), {})


class _Nothing(metaclass=_Named):
    """An object without contents; as a decorator, it changes nothing."""

    def __init__(self, *arguments, **settings):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

    def __call__(self, decorated):
        return decorated


class _Module(types.ModuleType):
    """A module that has a class of any name."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Named(name, (_Nothing,), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, package):
        self._package = package

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] != self._package:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        module.__version__ = "2.0.0"


def stand_in_for(package: str) -> None:
    """Lets `package` and all below it be imported in this process, whether it is installed or not."""
    sys.meta_path.insert(0, _Finder(package))
