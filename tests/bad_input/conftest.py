"""What every case of bad input is held to: one sentence, no traceback, nothing written."""

import shutil
import subprocess
import sys

import pytest

from phasefield import config
from phasefield.cli import main

LONGEST = 900  # characters of a message


def tree(folder):
    """Every file and folder below a folder, with what the files hold."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def judge(code, out, err, words):
    """Fail where a refusal is not one clear message with these words."""
    assert code not in (0, None), out + err
    assert err.startswith("Error: ") and (out + err).count("Error: ") == 1, out + err
    assert "Traceback" not in out + err
    assert len(err) < LONGEST, err
    for word in words:
        assert word in err, f"'{word}' is not in: {err}"
    assert err.count("\n") == 1 or "things are wrong" in err, err


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """The function that runs a command which must be refused, and returns the message."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, words):
        before = tree(tmp_path)
        try:
            code = main(list(arguments))
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        judge(code, captured.out, captured.err, words)
        assert tree(tmp_path) == before, "it left something behind"
        return captured.err

    return run


@pytest.fixture
def refused_process(tmp_path):
    """The same in a process of its own."""

    def run(*arguments, words):
        before = tree(tmp_path)
        command = [sys.executable, "-m", "phasefield.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        judge(done.returncode, done.stdout, done.stderr, words)
        assert tree(tmp_path) == before, "it left something behind"
        return done.stderr

    return run


@pytest.fixture
def configs(tmp_path_factory, monkeypatch):
    """A copy of configs/, in which a test may put files of its own."""
    folder = tmp_path_factory.mktemp("user") / "configs"
    shutil.copytree(config.config_folder(), folder)
    monkeypatch.setattr(config, "config_folder", lambda: folder)
    return folder
