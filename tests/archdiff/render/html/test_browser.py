"""The page in a browser: every way to use it, with the pointer and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from archdiff.render import render
from tests.archdiff.render.html.pages import HOSTILE, OPEN_ALL, hostile, told

MADE = told()


@pytest.fixture
def page(opened):
    """The page of a small comparison."""
    return opened(MADE)


def box(page, label, side="new"):
    """The box of a part in the diagram."""
    return page.locator(f".side-{int(side == 'new')}:is(.part, .head, .heading)").filter(has_text=label).first


def names(page):
    """Rules of the findings that are shown."""
    return page.locator("li.finding:visible .about code").all_text_contents()


def zoom(page):
    return int(page.locator(".tools output").text_content().split()[0])


def scrolled(page):
    return tuple(page.locator(".viewport").evaluate("port => [port.scrollLeft, port.scrollTop]"))


def test_it_opens_without_a_word_and_without_a_request(page):
    assert page.title() == "old-model → new-model · archdiff"
    assert page.locator("li.finding").count() == 3
    assert page.locator(".row").count() == 3


def test_layers_open_into_their_parts_and_close(page):
    head = box(page, "layers 36–38").locator("button.name")
    assert head.get_attribute("aria-expanded") == "false"
    before = page.locator(".part").count()
    head.click()
    assert page.locator(".part").count() > before
    again = box(page, "layers 36–38").locator("button.name")
    assert again.get_attribute("aria-expanded") == "true"
    assert again.evaluate("button => button === document.activeElement"), "the focus stays where it was"
    again.click()
    assert page.locator(".part").count() == before


def test_parts_open_into_their_tensors(page):
    part = box(page, "attention")
    assert not part.locator(".tensors").count()
    part.locator("button.name").click()
    assert part.locator(".tensor-name").all_text_contents() == ["q_proj.weight", "k_proj.weight"]
    assert part.locator(".shape").all_text_contents() == ["64 × 32", "16 × 32"]
    part.locator("button.name").click()
    assert not part.locator(".tensors").count()


def test_everything_opens_and_closes(page):
    page.click('[data-act="open"]')
    page.wait_for_function("document.querySelectorAll('.head [aria-expanded=true]').length === 3")
    page.click('[data-act="close"]')
    page.wait_for_function("document.querySelectorAll('.part').length === 0")


def test_buttons_zoom(page):
    page.click('[data-act="in"]')
    assert zoom(page) == 120
    page.click('[data-act="out"]')
    page.click('[data-act="out"]')
    assert zoom(page) == 83
    page.click('[data-act="fit"]')
    assert zoom(page) == 100
    page.click('[data-act="fit"]')
    assert zoom(page) < 100
    port, stage = (page.locator(name).bounding_box() for name in (".viewport", ".stage"))
    assert stage["height"] <= port["height"] + 1


def test_the_wheel_pans_and_with_ctrl_zooms_where_the_pointer_is(page):
    page.click('[data-act="in"]')
    port = page.locator(".viewport").bounding_box()
    page.mouse.move(port["x"] + 300, port["y"] + 200)
    page.mouse.wheel(0, 120)
    page.wait_for_function("document.querySelector('.viewport').scrollTop > 40")
    assert zoom(page) == 120
    page.keyboard.down("Control")
    page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    page.wait_for_function("parseInt(document.querySelector('.tools output').value) > 150")


def test_dragging_pans(page):
    for _ in range(4):
        page.click('[data-act="in"]')
    start = scrolled(page)
    port = page.locator(".viewport").bounding_box()
    x, y = port["x"] + port["width"] / 2, port["y"] + 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, y - 90, steps=3)
    page.mouse.up()
    moved = scrolled(page)
    assert (moved[0] - start[0], moved[1] - start[1]) == pytest.approx((50, 90), abs=2)
    page.mouse.move(x, y)
    assert scrolled(page) == moved, "nothing moves once the button is up"


def test_two_fingers_zoom(opened):
    page = opened(MADE, has_touch=True)
    port = page.locator(".viewport").bounding_box()
    x, y = port["x"] + 200, port["y"] + 200
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 50), ("touchMove", 75), ("touchMove", 100), ("touchEnd", None)):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert zoom(page) == 200


def test_keys_pan_and_zoom(page):
    page.locator(".viewport").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert zoom(page) == 144
    at = scrolled(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"document.querySelector('.viewport').scrollTop >= {at[1] + 80}")
    page.keyboard.press("-")
    assert zoom(page) == 120
    page.keyboard.press("0")
    assert zoom(page) == 100


def test_a_finding_leads_to_its_place(page):
    page.click('[data-act="close"]')
    page.locator("li.finding", has_text="heads-changed").get_by_role("button", name="Show").click()
    lit = page.locator(".part.lit")
    assert lit.count() == 2, "in OLD and in NEW"
    assert lit.first.evaluate("part => part === document.activeElement")
    page.wait_for_timeout(400)
    port, place = page.locator(".viewport").bounding_box(), lit.first.bounding_box()
    assert port["y"] <= place["y"] <= port["y"] + port["height"]


def test_a_click_on_a_finding_does_the_same(page):
    page.locator("li.finding", has_text="three new layers").locator(".message").click()
    assert page.locator(".head.lit").all_text_contents()[0].startswith("+NEW, added: layers 36–38")
    assert page.locator("li.finding[aria-current]").count() == 1


def test_a_finding_of_the_whole_model_has_no_place(page):
    assert not page.locator("li.finding", has_text="hidden-changed").locator(".goto").is_visible()


def test_a_place_leads_to_its_findings_and_back_to_all(page):
    box(page, "attention").locator(".badge").click()
    assert names(page) == ["heads-changed"]
    assert page.locator("li.finding:visible .goto").first.evaluate("b => b === document.activeElement")
    chip = page.locator(".chip")
    assert "attention" in chip.text_content()
    chip.click()
    assert len(names(page)) == 3


@pytest.mark.parametrize(
    ("use", "left"),
    [
        (lambda page: page.uncheck('input[value="breaking"]'), ["hidden-changed"]),
        (lambda page: page.select_option('select[name="area"]', "Depth & <pattern>"), ["layers-added"]),
        (lambda page: page.select_option('select[name="confidence"]', "medium"), ["hidden-changed"]),
        (lambda page: page.fill('input[name="search"]', "HEADS"), ["heads-changed"]),
        (lambda page: page.fill('input[name="search"]', "no such name"), []),
    ],
)
def test_findings_are_filtered(page, use, left):
    use(page)
    assert names(page) == left
    assert page.locator(".found").text_content().startswith(f"{len(left)} of 3 findings")
    page.click('button[type="reset"]')
    expect(page.locator("li.finding:not([hidden])")).to_have_count(3)


def test_a_filter_counts_in_the_diagram_too(page):
    assert box(page, "attention").locator(".badge").is_visible()
    page.uncheck('input[value="breaking"]')
    assert not box(page, "attention").locator(".badge").is_visible()


def test_search_finds_tensors_in_what_is_closed_and_steps_through_them(page):
    page.click('[data-act="close"]')
    page.fill('input[name="search"]', "k_proj")
    assert page.locator(".found").text_content().endswith("3 places in the diagram")
    assert page.locator(".row.holds").count() == 2
    page.keyboard.press("Enter")
    assert page.locator(".part.match").count() == 2
    assert page.locator(".found").text_content() == "0 of 3 findings · place 1 of 3"
    page.click('[data-act="next"]')
    assert page.locator(".found").text_content() == "0 of 3 findings · place 2 of 3"
    page.click('[data-act="previous"]')
    assert page.locator(".found").text_content() == "0 of 3 findings · place 1 of 3"


def test_the_theme_follows_the_system_and_the_button(opened):
    page = opened(MADE, color_scheme="dark")

    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = ground()
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    page.click("#theme")
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    assert ground() != dark
    page.emulate_media(color_scheme="light")
    light = ground()
    page.click("#theme")
    assert (ground(), light != dark) == (dark, True)


def test_a_long_list_is_drawn_when_it_opens_and_searched(page):
    changes = page.locator("details.long")
    assert not changes.locator("tbody tr").count()
    changes.locator("summary").click()
    assert changes.locator("tbody tr").count() == 1
    changes.locator('input[type="search"]').fill("nothing like it")
    assert not changes.locator("tbody tr").count()
    assert changes.locator("output").text_content() == "0 of 1"


def test_the_json_is_saved_as_the_json_format_writes_it(opened, tmp_path):
    for document in (MADE, hostile()):
        page = opened(document)
        with page.expect_download() as waiting:
            page.click("#download")
        waiting.value.save_as(tmp_path / "saved.json")
        assert (tmp_path / "saved.json").read_text(encoding="utf-8") == render(document, "json")


def test_hostile_names_do_nothing(opened):
    page = opened(hostile())
    page.click('[data-act="open"]')
    page.evaluate(OPEN_ALL)
    page.fill('input[name="search"]', "onerror")
    page.keyboard.press("Enter")
    assert page.title().startswith("</script><img")
    assert not page.locator("img").count()
    assert HOSTILE[:20] in page.locator(".stage").text_content()


def test_without_a_program_the_findings_can_be_read(opened):
    page = opened(MADE, java_script_enabled=False)
    assert page.locator("li.finding:visible").count() == 3
    assert page.locator("#not-checked li").all_text_contents() == ["weights: not compared"]
