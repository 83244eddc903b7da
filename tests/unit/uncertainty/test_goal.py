"""Stop rules in words."""

from __future__ import annotations

import pytest

from sharesim.errors import UsageError
from sharesim.uncertainty.goal import goal, in_words
from sharesim.uncertainty.stop import PrecisionRule, RankingRule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("mean within 5000", PrecisionRule("mean", 5000.0)),
        ("  P10   WITHIN 2.5e4 ", PrecisionRule("p10", 25000.0)),
        ("p2.5 within 100", PrecisionRule("p2.5", 100.0)),
        ("cvar within 1", PrecisionRule("cvar", 1.0)),
        ("p_loss within .01", PrecisionRule("p_loss", 0.01)),
        ("best settled", RankingRule(1)),
        ("best 3 settled within 1000", RankingRule(3, indifference=1000.0)),
    ],
)
def test_words_are_rules_and_rules_are_words(text: str, rule: PrecisionRule | RankingRule) -> None:
    assert goal(text) == rule
    assert goal(in_words(rule)) == rule


@pytest.mark.parametrize(
    "text",
    ["", "mean", "mean within", "mean within -5", "mean within 5k", "median within 5", "best", "best 3", "best x settled",
     "mean within 5 within 6", "mean within 1e999", "mean within 0", "p0 within 5", "p100 within 5", "best 0 settled", 5, None],
)  # fmt: skip
def test_other_words_are_refused(text: object) -> None:
    with pytest.raises(UsageError):
        goal(text)  # type: ignore[arg-type]
