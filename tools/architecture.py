"""Draws the packages of noiseaug and their imports as a Mermaid graph: `python tools/architecture.py`.

An arrow leads from a package to one that it imports from. Arrows that follow from others are left out: where `cli`
imports from `pipeline` and `pipeline` from `storage`, none is drawn from `cli` to `storage`.
"""

from __future__ import annotations

import grimp

PACKAGE = "noiseaug"
LEAVES = ("errors", "version", "kinds")  # modules that everything may import


def packages() -> list[str]:
    """Return the packages below noiseaug, sorted."""
    graph = grimp.build_graph(PACKAGE)
    children = (name.rpartition(".")[2] for name in graph.find_children(PACKAGE))
    return sorted(name for name in children if name not in LEAVES and not name.startswith("_"))


def imports() -> dict[str, set[str]]:
    """Return for each package the packages that its modules import from."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True)
    names = packages()
    for name in names:
        graph.squash_module(f"{PACKAGE}.{name}")
    found = {name: graph.find_modules_directly_imported_by(f"{PACKAGE}.{name}") for name in names}
    return {name: {other.split(".")[1] for other in others} & set(names) - {name} for name, others in found.items()}


def reduced(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the edges without those that follow from others; the graph must have no circle."""

    def reachable(name: str) -> set[str]:
        return edges[name].union(*(reachable(other) for other in edges[name]))

    return {name: others - set().union(*(reachable(other) for other in others)) for name, others in edges.items()}


def mermaid() -> str:
    """Return the graph as Mermaid."""
    lines = [
        f"    {name} --> {other}" for name, others in sorted(reduced(imports()).items()) for other in sorted(others)
    ]
    return "\n".join(["```mermaid", "graph TD", *lines, "```", ""])


if __name__ == "__main__":
    print(mermaid(), end="")
