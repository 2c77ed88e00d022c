"""Which trials each rater of a human evaluation sees: balanced, blind and by seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from random import Random

CATCH_SHARE = 10  # one catch trial for so many trials, unless told otherwise
CATCH_LEAST = 2


@dataclass(frozen=True)
class Trial:
    """One question: which of two results is better?

    Attributes:
        pair: Number of the person and garment.
        left, right: Numbers of the two methods; in a catch trial both are the same.
        spoilt: "left" or "right" in a catch trial: the side whose picture is spoilt on purpose; else None.
    """

    pair: int
    left: int
    right: int
    spoilt: str | None = None


def plan(
    methods: int, pairs: int, raters: int = 1, trials: int | None = None, catch: int | None = None, seed: int = 0
) -> list[list[Trial]]:
    """The list of trials of each rater.

    Every two methods meet equally often, within one, for each rater and over all of them (a round-robin, so that a
    method's share is comparable with the paper's, where chance is 50 %). Each of the two is on the left equally often,
    within one. The pairs come as equally often as that allows, and nobody is asked the same twice. Order by chance.

    Args:
        methods: How many, at least 2.
        pairs: How many pairs of person and garment have a result of every method.
        raters: How many lists.
        trials: Trials of a list, catch trials apart; by default (and at most) every two methods on every pair.
        catch: Catch trials of a list; by default one for ten trials, at least two.
        seed: Of everything random.

    Source: VITON section 4.5: two results of two methods beside person and garment.
    """
    chance = Random(seed)
    duels = list(combinations(range(methods), 2))
    count = min(trials or len(duels) * pairs, len(duels) * pairs)
    catches = max(count // CATCH_SHARE, CATCH_LEAST) if catch is None else catch
    state = _Balance(chance, pairs)
    return [_with_catches(state.one_list(duels, count), methods, pairs, catches, chance) for _ in range(raters)]


class _Balance:
    """Counts of what was asked so far, by which the next trial is chosen."""

    def __init__(self, chance: Random, pairs: int) -> None:
        self.chance, self.pairs = chance, pairs
        self.duel: Counter[tuple[int, int]] = Counter()
        self.question: Counter[tuple[tuple[int, int], int]] = Counter()
        self.pair: Counter[int] = Counter()
        self.first_left: Counter[tuple[int, int]] = Counter()  # (first of the duel left) minus (second left)

    def one_list(self, duels: list[tuple[int, int]], count: int) -> list[Trial]:
        whole, rest = divmod(count, len(duels))
        seldom = sorted(duels, key=lambda duel: (self.duel[duel], self.chance.random()))
        wanted = duels * whole + seldom[:rest]
        self.chance.shuffle(wanted)
        own: Counter[int] = Counter()
        asked: set[tuple[tuple[int, int], int]] = set()
        lefts: Counter[int] = Counter()
        trials = []
        for duel in wanted:
            free = [pair for pair in range(self.pairs) if (duel, pair) not in asked]
            pair = min(free, key=lambda p: (self.question[duel, p], own[p], self.pair[p], self.chance.random()))
            asked.add((duel, pair))
            self.duel[duel] += 1
            self.question[duel, pair] += 1
            self.pair[pair] += 1
            own[pair] += 1
            trials.append(self._placed(duel, pair, lefts))
        self.chance.shuffle(trials)
        return trials

    def _placed(self, duel: tuple[int, int], pair: int, lefts: Counter[int]) -> Trial:
        """The trial with its sides: as the duel's own balance wants it, then the rater's, then by chance."""
        first, second = duel
        lean = self.first_left[duel] or lefts[first] - lefts[second] or self.chance.choice((-1, 1))
        left, right = (second, first) if lean > 0 else (first, second)
        self.first_left[duel] += 1 if left == first else -1
        lefts[left] += 1
        lefts[right] -= 1
        return Trial(pair, left, right)


def _with_catches(trials: list[Trial], methods: int, pairs: int, catches: int, chance: Random) -> list[Trial]:
    """The list with catch trials spread over it, sides in turn."""
    sides = ["left", "right"] * (catches // 2 + 1)
    chance.shuffle(sides)
    mixed = list(trials)
    for number in reversed(range(catches)):
        method = chance.randrange(methods)
        trial = Trial(chance.randrange(pairs), method, method, sides[number])
        mixed.insert(int((number + chance.random()) * len(trials) / catches), trial)
    return mixed
