"""What every test may use: outside data where it lies, a browser, an office suite, and property tests that repeat."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
NEEDED = os.environ.get("SHARESIM_NEED", "").split()

# "repeat" draws the same examples on every machine and every run; "explore" draws new ones and remembers what failed.
settings.register_profile(
    "repeat", derandomize=True, deadline=None, database=None, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

CHROMIUM_SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the browser or the office suite, so that ``-m`` can leave it out."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & {"chromium", "browser", "page"}:
            item.add_marker(pytest.mark.browser)
        if names & {"soffice", "office_convert"}:
            item.add_marker(pytest.mark.office)


def missing(kind: str, reason: str) -> None:
    """Skip, saying why; fail where SHARESIM_NEED says that this kind has to run."""
    if kind in NEEDED:
        pytest.fail(f"{reason} SHARESIM_NEED names '{kind}', so this may not be skipped.")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of outside material beside the checkout; tests that need it are skipped where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        missing("shared", "needs the folder 'shared' beside the checkout, which is not there.")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium; tests that need it are skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        missing("browser", f"needs a Chromium on PATH: looked for {', '.join(names)}.")
    return Path(found)


@pytest.fixture(scope="session")
def soffice() -> Path:
    """LibreOffice's command; tests that need it are skipped where there is none."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        missing("office", "needs LibreOffice on PATH: looked for soffice, libreoffice.")
    return Path(found)


@pytest.fixture
def office_convert(soffice: Path, tmp_path: Path) -> Callable[[Path, str], Path]:
    """A function (file, format) -> file that lets LibreOffice open, recalculate and save it in another format.

    Each test has a LibreOffice profile of its own: two that share one wait for each other, or fail.
    """

    def convert(file: Path, form: str) -> Path:
        folder = tmp_path / "office"
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        command = [soffice, profile, "--headless", "--convert-to", form, "--outdir", folder, file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180)
        made = folder / f"{file.stem}.{form.split(':')[0]}"
        assert made.is_file(), f"LibreOffice made no {made.name}: {done.stdout}{done.stderr}"
        return made

    return convert


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[object]:
    """A headless Chromium, driven by Playwright, for one test module.

    Not for the whole run: while it lives, its event loop keeps notebooks from being executed in the same process.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=str(chromium), args=CHROMIUM_SWITCHES)
        yield instance
        instance.close()


@pytest.fixture
def page(browser: object) -> Iterator[object]:
    """A new, empty page in a browser context of its own that is offline."""
    context = browser.new_context(offline=True)  # type: ignore[attr-defined]
    yield context.new_page()
    context.close()
