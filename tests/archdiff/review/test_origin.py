"""Origin is never proved by structure; weights and logs support it, and say what remains."""

from __future__ import annotations

import pytest

from tests.archdiff.making import a_rule, finding, report
from tests.archdiff.review.making import items, judgement, log, parent, weights

SCRATCH = '[origin]\nlanguage-model = "from scratch"\n'
DERIVED = '[origin]\nlanguage-model = { from = "owner/parent", how = "finetune" }\n'


def origin(text=SCRATCH, **more):
    """The item of the language model."""
    return items(text, **more)["origin.language-model"]


def against(verdict, **more):
    """A suspect that was compared."""
    return parent(verdict, "owner/other", "--against", "", **more)


def test_structure_alone_leaves_it_open_with_the_commands():
    found = origin()
    assert (found.status, found.needs_signature) == ("open", False)
    assert found.command.startswith("archdiff weights ")
    assert found.command.endswith(" && archdiff training-log RUN --model new.json")


def test_nothing_claimed_is_asked():
    found = origin("")
    assert (found.status, found.claimed) == ("open", None)
    assert "[origin]" in found.reason


@pytest.mark.parametrize("verdict", ["derived", "identical", "transformed"])
def test_dependent_weights_refute_it_with_their_figures(verdict):
    found = origin(parents=(against(verdict),), training_log=log("from-scratch"))
    assert found.status == "refuted"
    assert f"{verdict} against owner/other" in found.reason
    assert "hidden-units log10 p -3.5" in found.reason


def test_a_log_alone_supports_it_and_the_wording_says_what_is_missing():
    found = origin(training_log=log("from-scratch"))
    assert (found.status, found.needs_signature) == ("open", True)
    assert found.reason.startswith("The training log is consistent with it.")
    assert "Missing: a comparison with the weights of likely parents." in found.reason
    assert "training-log" not in found.command
    assert found.evidence[0].where == "run.jsonl, step 0"


def test_independent_weights_alone_support_it():
    found = origin(parents=(against("independent"),))
    assert (found.status, found.needs_signature) == ("open", True)
    assert "no dependence on the weights of owner/other was detected at row cosine ≥ 0.06" in found.reason.lower()
    assert found.command == "archdiff training-log RUN --model new.json"


def test_a_log_and_independent_weights_close_it_and_say_what_remains():
    found = origin(parents=(against("independent"),), training_log=log("from-scratch"))
    assert found.status == "proved"
    assert "What remains: a log can be forged" in found.reason


def test_an_inconclusive_comparison_does_not_close_it():
    both = (against("independent"), parent("inconclusive", "owner/third", "--against", ""))
    found = origin(parents=both, training_log=log("from-scratch"))
    assert found.status == "open"
    assert "owner/third is inconclusive" in found.reason


def test_a_warm_start_refutes_it_and_a_resumed_run_does_not():
    assert origin(training_log=log("warm-start")).status == "refuted"
    resumed = origin(training_log=log("resumed"), parents=(against("independent"),))
    assert resumed.status == "open"
    assert "a resumed run" in resumed.reason


def test_the_loss_of_a_language_model_says_nothing_of_a_tower():
    claimed = '[origin]\nvision-tower = "from scratch"\n'
    found = items(claimed, training_log=log("from-scratch"))["origin.vision-tower"]
    assert (found.status, found.evidence) == ("open", ())
    frozen = parent().report.model_copy(update={"weights": weights(judgement("identical", "vision-tower"))})
    one = parent("independent", "owner/other", "--against", "")
    suspects = (type(one)(one.reference, "", "--against", frozen),)
    assert items(claimed, parents=suspects)["origin.vision-tower"].status == "refuted"


@pytest.mark.parametrize(
    ("verdict", "status"), [("derived", "proved"), ("identical", "proved"), ("independent", "refuted")]
)
def test_a_declared_parent_is_held_against_the_weights(verdict, status):
    assert origin(DERIVED, parents=(parent(verdict),)).status == status


def test_an_inconclusive_check_of_a_declared_parent_is_open():
    found = origin(DERIVED, parents=(parent("inconclusive"),))
    assert (found.status, found.command) == ("open", "archdiff weights owner/parent new.json")


def test_frozen_weights_must_be_equal():
    frozen = DERIVED.replace("finetune", "frozen")
    assert origin(frozen, parents=(parent("identical"),)).status == "proved"
    assert origin(frozen, parents=(parent("derived", frozen=("every attention",)),)).status == "proved"
    assert origin(frozen, parents=(parent("derived"),)).status == "refuted"


def test_a_parent_that_was_not_found_leaves_it_open():
    missing = parent()
    missing = type(missing)(missing.reference, "finetune", "claims file", None, "not on the hub")
    found = origin(DERIVED, parents=(missing,))
    assert (found.status, found.reason) == ("open", "The parent could not be compared: not on the hub.")


def test_other_shapes_in_the_layers_refute_a_fine_tune_and_not_an_upscaled_model():
    at_odds = report((a_rule("x", "breaking"), finding("heads: 4 → 8", layers=(0, 1))))
    changed = type(parent())("owner/parent", "finetune", "claims file", at_odds)
    found = origin(DERIVED, parents=(changed,))
    assert found.status == "refuted"
    assert "heads: 4 → 8 (layers 0–1)" in found.reason
    assert origin(DERIVED.replace("finetune", "depth-upscaled"), parents=(changed,)).status == "open"


def test_a_larger_vocabulary_fits_a_fine_tune():
    larger = report((a_rule("x", "breaking"), finding("rows: 4 → 8", layers=())))
    changed = type(parent())("owner/parent", "finetune", "claims file", larger)
    found = origin(DERIVED, parents=(changed,))
    assert found.status == "open"
    assert found.reason.startswith("The layers have the same shapes")


def test_a_declared_parent_outside_the_claims_is_an_item_of_its_own():
    found = items(SCRATCH, parents=(parent("derived", "Owner/Some.Model", "model card"),))
    declared = found["parents.owner-some-model"]
    assert (declared.status, declared.title) == (
        "proved",
        "finetune of Owner/Some.Model, as the model card declares",
    )
    assert found["origin.language-model"].status == "refuted", "both cannot be true"


def test_the_same_architecture_is_held_against_the_structure():
    card = parent(reference="owner/base", declared_in="model card", relation="same-architecture")
    assert items(parents=(card,))["parents.owner-base"].status == "proved"


def test_a_suspect_is_asked_about_by_name():
    assert items(parents=(against("independent"),))["identity.owner-other"].status == "proved"
    assert items(parents=(against("derived"),))["identity.owner-other"].status == "refuted"
    same = items(parents=(against(None),))["identity.owner-other"]
    assert (same.status, same.command) == ("open", "archdiff weights owner/other new.json")
