"""The report of a run as a browser shows it."""

import time
from pathlib import Path
from typing import Any

import pytest

from polyarch.runs.history import read_record, read_run
from polyarch.runs.report import report_of
from polyarch.runs.report_html import report_page
from tests.lab.absence import require
from tests.lab.browser import Page, browsing
from tests.support.run_records import MadeRun, large

ROWS = "document.querySelectorAll('#matrix tbody tr').length"
SEEN = "[...document.querySelectorAll('#matrix tbody tr')].filter((r) => r.offsetHeight).length"
PAPER = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(20, 24, 29)"
FIND = """
(words) => {
  const field = document.getElementById('find');
  field.value = words;
  field.dispatchEvent(new Event('input'));
}
"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


@pytest.fixture(autouse=True)
def browser_is_here() -> None:
    require("browser")


def page_of(made: MadeRun, folder: Path) -> Path:
    run = read_run(made.write(folder))
    assert run
    file = folder / "report.html"
    file.write_text(report_page(report_of([read_record(run, lambda _: {})])))
    return file


async def looked_at(page: Page, file: Path) -> None:
    await page.open(file.as_uri())
    assert page.asked == [file.as_uri()], "a page asks for nothing but itself"
    assert page.said == []


async def test_matrix_timeline_and_both_colours(tmp_path: Path) -> None:
    file = page_of(MadeRun(bad=frozenset({"web"})), tmp_path)
    async with browsing() as page:
        await page.prefer("light")
        await looked_at(page, file)
        assert await page.evaluate(ROWS) == 4
        marks = "[...document.querySelectorAll('#times .t i')].filter((m) => m.offsetWidth).length"
        assert await page.evaluate(marks) >= 4 + 6 + 5
        assert await page.evaluate("document.querySelectorAll('#times i.bad').length")
        assert await page.evaluate(PAPER) == LIGHT
        await page.prefer("dark")
        assert await page.evaluate(PAPER) == DARK
        click = "document.getElementById('theme').click()"
        await page.evaluate(click)
        assert await page.evaluate(PAPER) == LIGHT
        await page.evaluate(click)
        await page.prefer("light")
        assert await page.evaluate(PAPER) == DARK
        pictures = [await page.picture()]
        await page.evaluate(click)
        pictures.append(await page.picture())
        assert pictures[0] != pictures[1]


async def test_a_digest_is_copied_whole(tmp_path: Path) -> None:
    file = page_of(MadeRun(), tmp_path)
    async with browsing() as page:
        await looked_at(page, file)
        copied: Any = await page.evaluate(
            """
            new Promise((done) => {
              const kept = [];
              navigator.clipboard.writeText = async (text) => { kept.push(text); };
              document.querySelector('#matrix button.c').click();
              setTimeout(() => done([kept, document.querySelector('#matrix button.c').textContent]),
                         50);
            })
            """
        )
        digest = await page.evaluate("document.querySelector('#matrix code').textContent")
        assert copied == [[digest], "copied"]
        assert len(digest) == len("sha256:") + 64


async def test_sixty_images_for_eight_platforms_in_four_registries(tmp_path: Path) -> None:
    begun = time.monotonic()
    file = page_of(large(), tmp_path)
    assert time.monotonic() - begun < 10
    assert file.stat().st_size < 1_500_000
    async with browsing() as page:
        await looked_at(page, file)
        assert await page.evaluate(LOADED) < 10_000
        assert await page.evaluate(ROWS) == 480
        assert await page.evaluate("document.querySelectorAll('#times details').length") == 60
        wide = "document.documentElement.scrollWidth - window.innerWidth"
        assert await page.evaluate(wide) <= 0, "nothing is wider than the window"
        began = await page.evaluate("performance.now()")
        await page.evaluate(f"({FIND})('service-33')")
        assert await page.evaluate(SEEN) == 8
        await page.evaluate("document.querySelector('button.all').click()")
        assert await page.evaluate("performance.now()") - began < 5000
        await page.evaluate(f"({FIND})('')")
        await page.evaluate("document.getElementById('trouble').click()")
        assert await page.evaluate(SEEN) == 8, "those of the one image that went wrong"


async def test_hostile_names_are_text_and_no_script_runs(tmp_path: Path) -> None:
    evil = '"><script>document.title="owned"</script><img src=x onerror="document.title=1">'
    made = MadeRun(images=(evil, "</style>"), hosts=("ghcr.io", "'-alert(1)-'"))
    run = read_run(_without_logs(made, tmp_path))
    assert run
    file = tmp_path / "report.html"
    file.write_text(report_page(report_of([read_record(run, lambda _: {})])))
    async with browsing() as page:
        await looked_at(page, file)
        assert await page.evaluate("document.title") == "publish team/app: done"
        assert await page.evaluate("document.querySelectorAll('img').length") == 0
        assert await page.evaluate("document.querySelectorAll('script').length") == 1
        name = await page.evaluate("document.querySelector('#matrix tbody td').textContent")
        assert name == evil


def _without_logs(made: MadeRun, runs: Path) -> Path:
    """The names of its logs would be none."""
    folder = runs / made.id
    folder.mkdir(parents=True)
    for name, value in made.documents().items():
        (folder / name).write_bytes(value)
    return folder
