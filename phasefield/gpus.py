"""One GPU a process: claimed before JAX starts, kept until the process ends."""

import os
import subprocess
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

VISIBLE = "CUDA_VISIBLE_DEVICES"
_claimed: list = []  # open lock files; closed, and free again, when the process ends


class NoGPULeftError(RuntimeError):
    """Every GPU of this computer is taken."""


def visible() -> list[str]:
    """Names of the GPUs this process may use, as CUDA_VISIBLE_DEVICES takes them; none without a driver."""
    try:
        answer = subprocess.run(["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"],
                                capture_output=True, text=True, timeout=60)  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return []
    there = answer.stdout.split() if answer.returncode == 0 else []
    allowed = os.environ.get(VISIBLE)
    if allowed is None or not there:
        return there
    names = [name.strip() for name in allowed.split(",") if name.strip()]
    return [there[int(name)] if name.isdigit() and int(name) < len(there) else name for name in names]


def claim(count: int = 1) -> list[str]:
    """The GPUs this process has for itself from now on; none where the computer has none.

    Processes that claim do not meet on a GPU; it is free again when its process ends. To be called before JAX starts.

    Raises: NoGPULeftError where fewer than `count` are free.
    """
    if _claimed or fcntl is None or not (there := visible()):
        return [name for name, _ in _claimed]
    folder = Path(tempfile.gettempdir()) / f"phasefield-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = []
    for name in there:
        if len(found) == count:
            break
        file = open(folder / name.replace("/", "_"), "a")  # noqa: SIM115, held as long as the process lives
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        found.append((name, file))
    if len(found) < count:
        for _, file in found:
            file.close()
        at_once = max(1, len(there) // count)
        raise NoGPULeftError(
            f"devices is {count}, but of the {len(there)} GPUs here {len(found)} are free of other runs of phasefield; "
            f"run no more than {at_once} at once (hydra.launcher.n_jobs={at_once}), or wait"
        )
    _claimed.extend(found)
    os.environ[VISIBLE] = ",".join(name for name, _ in found)
    return [name for name, _ in found]
