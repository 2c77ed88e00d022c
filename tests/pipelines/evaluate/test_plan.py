"""A sheet's plan: balanced within one over every two methods, sides too, nothing asked twice, catch trials apart."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viton_cli.pipelines.evaluate.plan import Trial, plan


def duels(trials: list[Trial], methods: int) -> Counter[tuple[int, int]]:
    counts = Counter({duel: 0 for duel in combinations(range(methods), 2)})
    counts.update(tuple(sorted((t.left, t.right))) for t in trials if t.spoilt is None)
    return counts


def spread(counts: Counter[tuple[int, int]]) -> int:
    return max(counts.values()) - min(counts.values())


@given(
    methods=st.integers(2, 6), pairs=st.integers(1, 12), raters=st.integers(1, 4), trials=st.integers(1, 80),
    catch=st.none() | st.integers(0, 9), seed=st.integers(0, 99),
)  # fmt: skip
def test_balance(methods: int, pairs: int, raters: int, trials: int, catch: int | None, seed: int) -> None:
    lists = plan(methods, pairs, raters, trials, catch, seed)
    assert len(lists) == raters
    for own in lists:
        asked = [t for t in own if t.spoilt is None]
        assert len(asked) == min(trials, pairs * methods * (methods - 1) // 2)
        assert spread(duels(own, methods)) <= 1
        assert len({(t.pair, frozenset((t.left, t.right))) for t in asked}) == len(asked), "nobody is asked twice"
    together = [t for own in lists for t in own if t.spoilt is None]
    assert spread(duels(together, methods)) <= 1
    for a, b in combinations(range(methods), 2):
        sides = Counter((t.left, t.right) for t in together)
        assert abs(sides[a, b] - sides[b, a]) <= 1
    assert lists == plan(methods, pairs, raters, trials, catch, seed)


def test_six_methods_on_twenty_pairs() -> None:
    (whole,) = plan(6, 20)
    assert set(duels(whole, 6).values()) == {20} and sum(t.spoilt is not None for t in whole) == 30
    lefts = Counter(t.left for t in whole if t.spoilt is None)
    assert all(abs(2 * lefts[m] - 100) <= 5 for m in range(6)), "half of each method's 100 duels, five duels odd"
    short = plan(6, 20, raters=5, trials=60)
    asked = Counter((t.pair, frozenset((t.left, t.right))) for own in short for t in own if t.spoilt is None)
    assert len(asked) == 300 and set(asked.values()) == {1}, "five lists of 60 ask each of the 300 questions once"


def test_catch_trials_are_spread_and_not_told_by_method_or_side() -> None:
    (trials,) = plan(3, 30, trials=60, catch=6)
    places = [place for place, t in enumerate(trials) if t.spoilt]
    assert len(places) == 6 and all(11 * n <= place <= 11 * n + 10 for n, place in enumerate(places))
    assert Counter(t.spoilt for t in trials if t.spoilt) == {"left": 3, "right": 3}
    assert all((t.left == t.right) == (t.spoilt is not None) for t in trials)


def test_order_and_sides_follow_the_seed() -> None:
    assert plan(3, 10, seed=1) != plan(3, 10, seed=2)
    first, second = plan(3, 10, raters=2)
    assert first != second


@pytest.mark.parametrize("trials", [1, 2, 7])
def test_a_short_list_takes_the_duels_that_were_seldom_asked(trials: int) -> None:
    lists = plan(4, 5, raters=6, trials=trials, catch=0)
    assert spread(duels([t for own in lists for t in own], 4)) <= 1
