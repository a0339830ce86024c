"""Run the tests of libraries that build on gensim, with `w2v.compat.gensim` in gensim's place.

    python tools/gensim_clients.py [--gensim] [--sources FOLDER] [CLIENT ...] [-- PYTEST OPTIONS]

Each source distribution is downloaded with pip, and its tests run in its folder, in a process in
which ``import gensim`` finds w2v; with `--gensim`, it finds gensim, to compare. What the clients
need must be installed. Tests that need the network, or what w2v does not have, are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

INSTALL = "import w2v.compat.gensim\n\nw2v.compat.gensim.install()\n"


@dataclass(frozen=True)
class Client:
    """A library, and its tests: which to run, and which of these to leave out for what reason."""

    requirement: str
    tests: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    in_ci: bool = False


CLIENTS = {
    "wefe": Client(
        "wefe==1.0.1",
        ("tests/test_word_embedding_model.py",),
        {"tests/test_word_embedding_model.py::test__init_with_fast_model": "trains FastText"},
        in_ci=True,
    ),
    "pecanpy": Client(
        "pecanpy==2.0.9",
        ("test/test_pecanpy.py", "test/test_graph.py", "test/test_walk.py"),
    ),
    "whatlies": Client(
        "whatlies==0.7.0",
        ("tests/test_lang/test_gensim.py",),
        {
            "tests/test_lang/test_gensim.py::test_similar_retreival": (
                "uses KeyedVectors.vocab, which gensim 4 does not have either"
            )
        },
    ),
}


def source(requirement: str, sources: Path) -> Path:
    """Return the folder of a source distribution, downloaded if it is not there."""
    package, _, version = requirement.partition("==")
    name = f"{package}-{version}"
    if not (sources / name).is_dir():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command = [*pip, "--no-binary", package, "--dest", str(sources), requirement]
        subprocess.run(command, check=True)
        with tarfile.open(sources / f"{name}.tar.gz") as archive:
            archive.extractall(sources, filter="data")
    return sources / name


def run_tests(client: Client, sources: Path, real: bool, options: list[str]) -> int:
    """Run the tests of a client and return the exit status of pytest."""
    folder = source(client.requirement, sources)
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
    command += ["-o", "addopts=", "-W", "ignore", *client.tests, *options]
    for test, reason in {} if real else client.left_out.items():
        print(f"left out: {test}: {reason}", flush=True)
        command.append(f"--deselect={test}")
    environment = {**os.environ}
    with tempfile.TemporaryDirectory() as place:
        if not real:
            (Path(place) / "sitecustomize.py").write_text(INSTALL)
            paths = [place, environment.get("PYTHONPATH")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def main() -> int:
    """Run the tests of clients; return 1 if those of one fail."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"of {', '.join(CLIENTS)}")
    parser.add_argument("--gensim", action="store_true", help="run them with gensim itself")
    parser.add_argument("--sources", type=Path, help="keep source distributions in this folder")
    arguments, rest = sys.argv[1:], []
    if "--" in arguments:
        bar = arguments.index("--")
        arguments, rest = arguments[:bar], arguments[bar + 1 :]
    asked = parser.parse_args(arguments)
    names = asked.clients or [name for name, client in CLIENTS.items() if client.in_ci]
    if unknown := set(names) - set(CLIENTS):
        parser.error(f"no client {min(unknown)}: one of {', '.join(CLIENTS)}")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        sources = (asked.sources or Path(folder)).resolve()
        for name in names:
            print(f"==== {name} ====", flush=True)
            if run_tests(CLIENTS[name], sources, asked.gensim, rest):
                failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
