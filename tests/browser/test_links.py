"""Views with one `link_id`: chosen in one is chosen in the other, and the kernel hears nothing."""

from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.training import TrainingExplorer

SENTENCE = "the cat sat on the mat"


def test_a_word_chosen_in_the_lookup_is_chosen_in_its_gradient(show):
    lookup, gradient, other = show(
        LookupExplorer(SENTENCE, link_id="a"),
        GradientExplorer(SENTENCE, link_id="a"),
        GradientExplorer(SENTENCE),
    )
    narration = other.narration
    for explorer in (lookup, gradient):
        explorer.still()
    messages_before = gradient.page.evaluate("models.view1.sent.length")
    lookup.click("chip:1")
    row = lookup.explorer.trace.rows[1]
    assert f"back to row {row}:" in gradient.narration
    assert other.narration == narration
    changes_sent = gradient.page.evaluate(f"models.view1.sent.slice({messages_before})")
    assert all(set(changes) <= {"cursor"} for changes in changes_sent)


def test_steps_of_different_kinds_are_not_mixed(show):
    lookup, training = show(LookupExplorer(link_id="a"), TrainingExplorer(link_id="a"))
    before = training.place("transport:scrub").input_value()
    lookup.click("chip:3")
    assert training.place("transport:scrub").input_value() == before
