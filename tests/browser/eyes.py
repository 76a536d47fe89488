"""Chromium, driven by Playwright, and axe-core to judge what it shows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect, sync_playwright

AXE = Path(__file__).parent / "vendor" / "axe.js"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: Of axe's impacts, those that keep somebody from using a page.
GRAVE = ("serious", "critical")
WIDE, NARROW = 1280, 375


class Eyes:
    """A browser that notes what its pages complain about."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    @classmethod
    @contextmanager
    def open_or_skip(cls) -> Iterator[Self]:
        """Open the system's Chromium, which runs without a sandbox where the tests are root's."""
        given = os.environ.get("PGTRICKLE_CHROMIUM")
        program = given or next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            pytest.skip("There is no Chromium: install it, or run make test as root on Debian.")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
            try:
                yield cls(browser)
            finally:
                browser.close()

    @contextmanager
    def look(self, *, theme: str = "light", width: int = WIDE, height: int = 800) -> Iterator[View]:
        """A page in a profile of its own; the test fails when the browser complained of anything."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        view = View(context)
        try:
            yield view
            assert view.complaints == []
        finally:
            context.close()


class View:
    """One page of the browser's."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def forgive(self, part: str) -> None:
        """Take complaints that a test provoked off the list; there must be some."""
        kept = [each for each in self.complaints if part not in each]
        assert len(kept) < len(self.complaints), self.complaints
        self.complaints = kept

    def grave_findings(self, frame: Frame | None = None) -> list[str]:
        """What axe finds serious or critical."""
        place = frame or self.page.main_frame
        # Evaluated through the debugger, which the page's content security policy does not concern.
        place.evaluate(f"() => {{ {AXE.read_text()} }}")
        found = place.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        assert found["passes"], "axe checked nothing"
        return [
            f"{each['id']}: {each['help']} at {node['target']} {node.get('failureSummary', '')}"
            for each in found["violations"]
            if each["impact"] in GRAVE
            for node in each["nodes"]
        ]

    def too_wide(self) -> bool:
        """Whether the document can be scrolled sideways."""
        return bool(
            self.page.evaluate(
                "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )
