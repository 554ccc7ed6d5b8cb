"""Which files an image must carry so that a module can be imported on a machine without files."""

import ast
from collections.abc import Iterable
from pathlib import Path


def closure(modules: Iterable[str], roots: list[Path]) -> dict[str, Path]:
    """Return {"torgpuls/firmware/node/app.py": its file, …}: `modules` and all that they import.

    roots: folders in which dotted names are looked up, as on sys.path. What is in none of them
    is the interpreter's own. Imports inside functions count too.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        for name, file in _files(waiting.pop(), roots):
            if name not in found:
                found[name] = file
                waiting.extend(imported(file, _package(name)))
    return found


def imported(file: Path, package: str) -> set[str]:
    """Return the dotted names that `file` may import; `package` is where its relative imports start.

    `from a import b` names both a and a.b, because only the interpreter knows which is a module.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def _package(name: str) -> str:
    return ".".join(Path(name).parent.parts)


def _files(module: str, roots: list[Path]) -> list[tuple[str, Path]]:
    """Return the file of `module` and the __init__.py of every package around it, where they exist."""
    parts = module.split(".")
    candidates = ["/".join(parts) + ".py"]
    candidates += ["/".join([*parts[:count], "__init__.py"]) for count in range(1, len(parts) + 1)]
    return [(name, root / name) for name in candidates for root in roots if (root / name).is_file()]
