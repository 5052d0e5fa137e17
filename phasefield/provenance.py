"""Where a run comes from: configuration, command line, code, versions, device."""

import json
import platform
import shlex
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import phasefield
from phasefield.config import Config, to_yaml


def provenance(config: Config, where: str) -> dict[str, str | int | float]:
    """Where a run comes from: configuration, command line, code, versions, device."""
    commit, changed = _git()
    return {
        "config": to_yaml(config),
        "command_line": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "git_commit": commit,
        "git_dirty": int(changed),
        "versions": json.dumps(_versions()),
        "seed": config.seed,
        "device": where,
        "dtype": config.precision,
        "host_name": platform.node(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _versions() -> dict[str, str]:
    found = {"phasefield": phasefield.__version__, "python": platform.python_version()}
    for name in ("jax", "jaxlib", "numpy", "scipy", "h5py", "hydra-core"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _git() -> tuple[str, bool]:
    """Commit of the code and whether it has changed since; empty where it is no checkout of its own."""
    root = Path(__file__).resolve().parent.parent

    def ask(*words: str) -> str:
        answer = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    try:
        if Path(ask("rev-parse", "--show-toplevel") or "/nowhere").resolve() != root:
            return "", False
        return ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return "", False
