"""The options of commands: those that several have, and those of `run`, a module a group.

The module of a group has OPTIONS, and a function that makes of their values what a run takes.
"""
