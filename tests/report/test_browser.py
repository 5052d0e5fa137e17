"""The pages in a browser: every picture is drawn, and nothing is wider than a desktop or a phone."""

import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from phasefield.report import write_report

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)
CHECK = """<script>addEventListener("load", async () => {
  const all = what => [...document.querySelectorAll(what)], right = each => each.getBoundingClientRect().right;
  const waits = () => all("video").some(film => film.readyState < 1 && !film.error);
  for (let i = 0; i < 100 && waits(); i++) await new Promise(done => setTimeout(done, 50));
  const root = document.documentElement, limit = root.clientWidth + 1;
  parent.postMessage(JSON.stringify({
    pictures: [...document.images].map(each => each.naturalWidth),
    films: all("video").map(film => film.videoWidth),
    width: root.clientWidth,
    needed: root.scrollWidth,
    wide: all("body *").filter(each => !each.closest(".scroll") && right(each) > limit).map(each => each.tagName),
    boxes: all(".scroll").map(right),
  }), "*");
});</script>"""
FRAME = """<!DOCTYPE html><body><script>addEventListener("message", told => {
  document.body.textContent = "SEEN" + told.data + "SEEN";
});</script><iframe src="copy.html" style="width: %dpx; height: 1400px; border: 0"></iframe></body>"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is installed")


def browse(page, folder, width, *flags):
    """What the browser prints of a page in a window of a width; None where the browser itself does not start."""
    command = [BROWSER, *FLAGS.split(), f"--user-data-dir={folder / 'profile'}", f"--window-size={width},1400"]
    home = os.environ | {"HOME": str(folder)}
    done = subprocess.run([*command, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, env=home)
    if done.returncode:
        pytest.skip(f"{BROWSER} does not start here: {done.stderr.strip()[-200:]}")
    return done.stdout


def look(page, folder, width):
    """What the browser measured on a copy of a page, in a frame of a width: a window cannot be as narrow as a phone."""
    text = page.read_text(encoding="utf-8").replace("</head>", CHECK + "</head>")
    (folder / "copy.html").write_text(text, encoding="utf-8")
    (folder / "frame.html").write_text(FRAME % width, encoding="utf-8")
    told = browse(folder / "frame.html", folder, 1300, "--dump-dom", "--virtual-time-budget=8000")
    return json.loads(re.search(r"SEEN(\{.*\})SEEN</body>", told, re.S)[1])


@pytest.fixture(scope="module")
def pages(a_run, a_sweep, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {
        "run": write_report(a_run, folder / "run.html"),
        "sweep": write_report(a_sweep, folder / "sweep.html"),
    }


@pytest.mark.parametrize("width", [1200, 375])
@pytest.mark.parametrize("kind", ["run", "sweep"])
def test_pictures_are_drawn_and_nothing_overflows(pages, kind, width, tmp_path):
    seen = look(pages[kind], tmp_path, width)
    assert seen["width"] == width
    assert len(seen["pictures"]) >= {"run": 5, "sweep": 1}[kind] and min(seen["pictures"]) > 300
    assert all(each > 300 for each in seen["films"])
    assert seen["needed"] <= width and not seen["wide"]
    assert seen["boxes"] and max(seen["boxes"]) <= width


def test_an_overflow_and_a_broken_picture_would_be_seen(pages, tmp_path):
    text = pages["run"].read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    text = re.sub(r'(src="data:image/png;base64,)[^"]*', r"\1AAAA", text, count=1)
    broken.write_text(text.replace("<header>", '<header><div style="width: 900px">wide</div>'), encoding="utf-8")
    seen = look(broken, tmp_path, 375)
    assert min(seen["pictures"]) == 0 and seen["needed"] > 375 and seen["wide"]


@pytest.mark.parametrize("width", [1200, 375])
def test_the_screenshot_shows_words_and_colours(pages, width, tmp_path):
    shot = tmp_path / "shot.png"
    browse(pages["run"], tmp_path, width, f"--screenshot={shot}", "--virtual-time-budget=4000")
    with Image.open(shot) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[1] == width
    coloured = pixels.max(axis=-1) - pixels.min(axis=-1) > 40
    dark = pixels.max(axis=-1) < 80
    assert coloured.mean() > 0.01 and dark.mean() > 0.002 and (pixels > 250).all(axis=-1).mean() > 0.3
