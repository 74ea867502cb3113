"""Prints the licences of everything that the programs are linked from, with the texts that came with each crate.

usage: python3 deploy/licences.py TARGET

Reads what cargo has resolved for the target (a triple): dependencies of the programs, and those of their build scripts, which are
compiled in the same run. Whether a licence may be there at all is what deny.toml says, and `cargo deny` checks.
"""

import json
import pathlib
import subprocess
import sys

PROGRAMS = ("registry-server", "registry-client")
NAMES = ("licen", "copying", "notice", "unlicense")


def resolved(target: str) -> list[dict]:
    """The packages that the programs need, without those of the workspace and without what only tests need."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--all-features", f"--filter-platform={target}"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [package["id"] for package in packages.values() if package["name"] in PROGRAMS and package["source"] is None]
    seen: set[str] = set()
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            deps = nodes[found]["deps"]
            waiting += [dep["pkg"] for dep in deps if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
    return sorted((packages[one] for one in seen if packages[one]["source"]), key=lambda one: (one["name"], one["version"]))


def texts(package: dict) -> list[pathlib.Path]:
    """The files of a crate that look like its licence."""
    directory = pathlib.Path(package["manifest_path"]).parent
    return sorted(path for path in directory.iterdir() if path.is_file() and path.name.lower().startswith(NAMES))


def main() -> None:
    """Prints."""
    packages = resolved(sys.argv[1])
    print(f"The programs are made of {len(packages)} crates of others.\n")
    for package in packages:
        print(f"{package['name']} {package['version']}: {package['license'] or 'see its text'}")
    for package in packages:
        print(f"\n{'=' * 100}\n{package['name']} {package['version']} ({package['license']})")
        for path in texts(package):
            print(f"\n--- {path.name}\n\n{path.read_text(encoding='utf-8', errors='replace').strip()}")


main()
