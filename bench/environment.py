"""What a run needs first: the native tools compiled, the peers in an environment of their own."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = [
    "BENCH",
    "COMPILED",
    "ROOT",
    "MissingTool",
    "certificates",
    "compile_tool",
    "describe_machine",
    "has_library",
    "native_command",
    "node_modules",
    "peers_python",
    "raise_file_limit",
]

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
COMPILED = ROOT / "build" / "compiled"  # where `make ext` puts the compiled twin of wskit
NODE_WS = "ws@8.23.0"

# What the native tools can do without, each with the header that says whether it is there.
LIBRARIES = {
    "tls": ("openssl/ssl.h", "-DWITH_TLS", ("-lssl", "-lcrypto")),
    "deflate": ("zlib.h", "-DWITH_DEFLATE", ("-lz",)),
}


class MissingTool(Exception):
    """Something that a run needs is not on this machine; the text says what."""


def compiler() -> str:
    """Return the C compiler; raises MissingTool."""
    found = os.environ.get("CC") or shutil.which("cc")
    if found is None:
        raise MissingTool("no C compiler: install one, or name it with CC=")
    return found


@cache
def has_library(name: str) -> bool:
    """Say whether the headers of "tls" or "deflate" are here."""
    source = f"#include <{LIBRARIES[name][0]}>\n"
    command = [compiler(), "-x", "c", "-fsyntax-only", "-"]
    return subprocess.run(command, input=source, text=True, capture_output=True).returncode == 0


def native_command(name: str, program: Path) -> list[str]:
    """Return the command that compiles ``native/name.c`` with the libraries that are here."""
    present = [library for library in LIBRARIES if has_library(library)]
    defines = [LIBRARIES[library][1] for library in present]
    links = [link for library in present for link in LIBRARIES[library][2]]
    source = str(BENCH / "native" / f"{name}.c")
    return [compiler(), "-O2", *defines, "-o", str(program), source, *links]


@cache
def compile_tool(name: str) -> Path:
    """Compile ``native/name.c`` where a source is newer than its program, and return that."""
    program = BENCH / "build" / name
    newest = max(path.stat().st_mtime for path in (BENCH / "native").iterdir())
    if program.exists() and program.stat().st_mtime >= newest:
        return program
    program.parent.mkdir(exist_ok=True)
    try:
        subprocess.run(native_command(name, program), check=True)
    except subprocess.CalledProcessError as error:
        raise MissingTool(f"native/{name}.c was not compiled, see above") from error
    return program


@cache
def peers_python() -> Path:
    """Return the interpreter of ``bench/.peers``, made anew when requirements.txt changed."""
    home, requirements = BENCH / ".peers", BENCH / "requirements.txt"
    python, installed = home / "bin" / "python", home / "installed.txt"
    wanted = f"# {platform.python_version()}\n{requirements.read_text()}"
    if installed.exists() and installed.read_text() == wanted:
        return python
    print(f"installing the peers into {home.relative_to(ROOT)}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    install_packages(python, requirements)
    install_node_ws(home / "node")
    installed.write_text(wanted)
    return python


def install_packages(python: Path, requirements: Path) -> None:
    """Install all peers; where that fails each by itself, and a line for each that cannot be.

    Raises MissingTool where nothing can be installed.
    """
    if not install(python, "--requirement", str(requirements)):
        return
    lines = requirements.read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    missing = {package: why for package in packages if (why := install(python, package))}
    if len(missing) == len(packages):
        raise MissingTool(f"the peers could not be installed: {missing[packages[0]]}")
    for package, why in missing.items():
        print(f"{package} is left out: {why}", file=sys.stderr)


def install(python: Path, *what: str) -> str:
    """Install into the peers' environment; return why that failed, nothing if it did not."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *what], stderr=subprocess.PIPE, text=True)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
    return (errors or ["pip failed"])[-1] if done.returncode else ""


def install_node_ws(folder: Path) -> None:
    """Install Node's ws, where Node is there."""
    if shutil.which("node") is None or (npm := shutil.which("npm")) is None:
        print("node_ws is left out: no node and npm here", file=sys.stderr)
        return
    folder.mkdir()
    command = [npm, "install", "--silent", "--no-fund", "--no-audit", NODE_WS]
    if subprocess.run(command, cwd=folder, capture_output=True).returncode:
        print(f"node_ws is left out: npm could not install {NODE_WS}", file=sys.stderr)


def node_modules() -> Path:
    """Return where Node finds the packages of the peers."""
    return BENCH / ".peers" / "node" / "node_modules"


@cache
def certificates() -> Path:
    """Return the folder of server.pem and server.key, made anew for each run."""
    folder = BENCH / "build" / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(peers_python()), "-m", "trustme", "--quiet", "--dir", str(folder)]
    if subprocess.run([*command, "--identities", "127.0.0.1"]).returncode:
        raise MissingTool("no certificate: trustme is not among the peers")
    return folder


def raise_file_limit() -> int:
    """Let this process and its children open as many files as they may; return how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def describe_machine() -> dict[str, str | int]:
    """Say on what the figures were taken: without it they mean nothing."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": f"{os.getloadavg()[0]:.2f}",
    }
