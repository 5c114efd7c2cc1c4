"""Pages in a browser, where there is one, in the window of a telephone."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape

import pytest

from support.versions import TITLES, publication, publish
from trainer_service.insights.job import InsightsJob
from trainer_service.insights.making import make

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

DRIVE = """
<pre id="told"></pre>
<script>
const canvas = document.querySelector("canvas"), tip = document.querySelector(".map-tip");
const box = canvas.getBoundingClientRect(), told = [];
const film = JSON.parse(document.querySelector(".widget-data").textContent).films[0];
const x = box.left + (film[0] + 1) / 2 * (box.width - 48) + 24;
const y = box.top + (1 - film[1]) / 2 * (box.height - 48) + 24;
canvas.setPointerCapture = () => {};  // which pointers that are made up do not take
const send = (kind, pointerType, dx = 0, dy = 0) => canvas.dispatchEvent(new PointerEvent(
  kind, { pointerType, pointerId: 1, clientX: x + dx, clientY: y + dy, bubbles: true }));
const tell = () => {
  const isShown = getComputedStyle(tip).display !== "none";
  told.push([isShown ? tip.querySelector("b").textContent : "", tip.style.left]);
};
%s
document.getElementById("told").textContent = JSON.stringify([film[2], told]);
</script>
"""

Driven = Callable[[str], tuple[str, list[list[str]]]]


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    """Runs a script on a version's page; returns the first film's title, and what was told."""
    if not BROWSER:
        pytest.skip("there is no browser")
    folder = tmp_path_factory.mktemp("map")
    number = publish(folder / "volume", publication(("L" * 150, *TITLES[1:])))
    (folder / "report").mkdir()
    make(InsightsJob(folder=folder / "report", artifacts_dir=folder / "volume", version=number))
    page = (folder / "report/version.html").read_text(encoding="utf-8")

    def drive(script: str) -> tuple[str, list[list[str]]]:
        driven_page = folder / "driven.html"
        driven_page.write_text(page.replace("</body>", f"{DRIVE % script}</body>"), "utf-8")
        dom = subprocess.run(
            [
                *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
                "--window-size=390,844",
                *(f"--user-data-dir={folder / 'profile'}", driven_page.as_uri()),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        found = re.search(r'<pre id="told">(.+?)</pre>', dom)
        assert found, dom[-2_000:]
        title, told = json.loads(unescape(found[1]))
        return title, told

    return drive


def test_a_title_stays_when_the_finger_that_asked_for_it_is_lifted(driven: Driven) -> None:
    title, told = driven(
        """
        send("pointerdown", "touch"); tell();
        send("pointerup", "touch"); send("pointerleave", "touch"); tell();
        send("pointermove", "mouse"); send("pointerleave", "mouse"); tell();
        """
    )

    assert [said for said, _ in told] == [title, title, ""]


def test_a_title_goes_with_its_film_out_of_sight_too(driven: Driven) -> None:
    title, told = driven(
        """
        const plus = document.querySelector(".map-tools button");
        send("pointermove", "mouse"); tell();
        for (let times = 0; times < 9; times++) { plus.click(); tell(); }
        """
    )

    assert told[0][0] == title
    assert told[1] != told[0]


def test_no_table_is_wider_than_a_telephone(driven: Driven) -> None:
    _, told = driven(
        """
        for (const table of document.querySelectorAll(".scroll")) {
          if (table.scrollWidth > table.clientWidth) told.push([table.textContent, ""]);
        }
        if (document.documentElement.scrollWidth > innerWidth) told.push(["the page", ""]);
        """
    )

    assert told == []
