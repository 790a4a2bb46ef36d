"""The page for everyone: without a pointer, for screen readers, on a phone, on paper, and for the largest graphs."""

from __future__ import annotations

import pytest

from archdiff.render import render
from tests.archdiff.render.html.pages import OPEN_ALL, hostile, large, told, weighed

MADE = told()
SECONDS = 2.0


def violations(page):
    """What axe-core finds, each with its first place."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["target"], each["nodes"][0].get("failureSummary")) for each in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(opened, theme):
    page = opened(MADE, color_scheme=theme, reduced_motion="reduce", bypass_csp=True)
    page.click('[data-act="open"]')
    page.evaluate(OPEN_ALL)
    page.locator(".part button.name").first.click()
    page.locator("li.finding .message").first.click()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_phone_with_weights(opened, theme):
    page = opened(weighed(), color_scheme=theme, viewport={"width": 360, "height": 740}, bypass_csp=True)
    page.evaluate(OPEN_ALL)
    assert violations(page) == []


def test_keys_alone_reach_everything(opened):
    page = opened(MADE)

    def active(script):
        return page.evaluate(f"(element => {script})(document.activeElement)")

    def tab_to(selector):
        for _ in range(80):
            page.keyboard.press("Tab")
            if active(f"element.matches({selector!r})"):
                return
        pytest.fail(f"Tab does not reach {selector}")

    page.keyboard.press("Tab")
    assert active("element.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert active("element.id") == "content"
    tab_to('input[value="behavioral"]')
    page.keyboard.press("Space")
    assert page.locator("li.finding:visible").count() == 2
    tab_to(".goto")
    page.keyboard.press("Enter")
    assert active("element.classList.contains('lit')")
    tab_to("button.name[aria-expanded]")
    was = active("element.ariaExpanded")
    page.keyboard.press("Enter")
    assert active("element.ariaExpanded") != was
    tab_to(".badge")
    page.keyboard.press("Enter")
    assert page.locator(".chip").is_visible()


def test_the_focus_can_be_seen(opened):
    page = opened(MADE)
    for _ in range(25):
        page.keyboard.press("Tab")
        style = (
            "e => { const s = getComputedStyle(e.matches('.choice input') ? e.nextSibling : e); return s.outlineStyle }"
        )
        assert page.locator(":focus").evaluate(style) == "solid"


@pytest.mark.parametrize("width", [360, 768, 1024])
def test_no_width_scrolls_sideways(opened, width):
    for document in (MADE, hostile(), weighed()):
        page = opened(document, viewport={"width": width, "height": 740})
        page.evaluate(OPEN_ALL)
        page.click('[data-act="open"]')
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_opens_everything_and_puts_it_back(opened):
    page = opened(MADE)
    counted = "[document.querySelectorAll('details:not([open])').length, document.querySelectorAll('.part').length]"
    before = page.evaluate(counted)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    closed, parts = page.evaluate(counted)
    assert closed == 0
    assert parts > before[1]
    assert page.locator(".tensors").count() > 0
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible()
    assert not page.locator(".filters").is_visible()
    port = page.locator(".viewport")
    assert port.evaluate("port => port.scrollHeight <= port.clientHeight + 2"), "nothing of the diagram is cut off"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(counted) == before
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_pictures_of_weights_are_drawn(opened):
    page = opened(weighed())
    sizes = page.locator("img.picture").evaluate_all("all => all.map(each => [each.naturalWidth, each.alt])")
    assert len(sizes) == 3
    assert all(width > 100 and alt for width, alt in sizes)


@pytest.mark.parametrize(("blocks", "parts"), [(50, 200), (5_000, 2)])
def test_a_graph_of_20_000_parts_opens_within_two_seconds(opened, tmp_path, blocks, parts):
    """OLD and NEW together. What is closed is not in the page; the best of three, for the machine may be busy."""
    source = render(large(blocks, parts), "html")
    taken = []
    for _ in range(3):
        page = opened(None, source=source)
        taken.append(page.evaluate("performance.getEntriesByType('navigation')[0].domComplete / 1000"))
        assert page.evaluate("document.querySelectorAll('*').length") < 4000
        if taken[-1] <= SECONDS:
            break
    assert min(taken) <= SECONDS
    page.fill('input[name="search"]', f"p{parts - 1}")
    assert "places in the diagram" in page.locator(".found").text_content()
    page.keyboard.press("Enter")
    assert page.locator(".match").count()
