"""The page as a user asks for it."""

from __future__ import annotations

from archdiff.report.schema import Report
from tests.archdiff.cli.calling import process
from tests.archdiff.making import config
from tests.archdiff.render.html.pages import Page


def test_diff_writes_a_page_and_the_json_in_it_is_the_report(tmp_path):
    old, new = config(tmp_path / "old.json"), config(tmp_path / "new.json", num_key_value_heads=2)
    path = tmp_path / "report.html"
    ended = process("diff", old, new, "--quiet", "--output", str(path))
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    found = Page(path.read_text(encoding="utf-8"))
    report = Report.model_validate(found.data("report-json"))
    assert [a["data-impact"] for a in found.all("li") if "data-impact" in a] == [f.impact for f in report.findings]
    assert {a["data-area"] for a in found.all("li") if "data-area" in a} <= {rule.group for rule in report.rules}
    heads = [cell["label"] for row in found.data()["benches"][0]["rows"] for cell in row["cells"] if cell]
    assert "layers 0–1" in heads


def test_show_prints_a_page(tmp_path):
    ended = process("show", config(tmp_path / "one.json"), "--format", "html")
    assert (ended.code, ended.err) == (0, "")
    assert Page(ended.out).one("h1")[""] == "one.json"
