"""What lies in stores is read with all that is known from the whole check, not from one run."""

from __future__ import annotations

from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.running.stores import Stores


def test_a_text_acted_on_in_an_earlier_run_is_no_hypothesis_of_a_later_one(
    tmp_path,
):
    stores = Stores(None, [str(tmp_path)], SoundMemory())
    stores.take_baseline()
    kept = tmp_path / "kept.txt"
    stumbled = "what is the what is the weather in menlo park"
    kept.write_text(f"{stumbled}\n", "utf-8")
    (first,) = stores.search([stumbled]).finds
    kept.write_text(
        f"{stumbled}\nwhat is the weather in menlo park\n", "utf-8"
    )
    later = stores.search(["what is the weather in menlo park"]).finds
    assert {first.category, *(find.category for find in later)} == {
        "transcript"
    }
    assert all(find.acted_on for find in later)


def test_what_nobody_acted_on_stays_a_hypothesis(tmp_path):
    stores = Stores(None, [str(tmp_path)], SoundMemory())
    stores.take_baseline()
    (tmp_path / "kept.txt").write_text(
        "what is the whether in melbourne park\n", "utf-8"
    )
    (found,) = stores.search(["what is the weather in menlo park"]).finds
    assert (found.category, found.acted_on) == ("hypothesis", False)
