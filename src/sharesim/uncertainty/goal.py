"""A stop rule in words, as a study or a command says it: ``mean within 5000``, ``best 3 settled within 1000``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sharesim.arguments import shown
from sharesim.errors import Fault, UsageError
from sharesim.uncertainty.stop import PrecisionRule, RankingRule

Rule = PrecisionRule | RankingRule

FORMS = "such as 'mean within 5000', 'p10 within 20000', 'cvar within 20000', 'p_loss within 0.01' or 'best 3 settled'"
_FIGURE = r"(\d+(?:\.\d*)?(?:e\d+)?|\.\d+)"
_PRECISE = re.compile(rf"(mean|sd|cvar|p_loss|p\d+(?:\.\d+)?) within {_FIGURE}", re.IGNORECASE)
_RANKED = re.compile(rf"best(?: (\d{{1,4}}))? settled(?: within {_FIGURE})?", re.IGNORECASE)


@dataclass(frozen=True)
class Settled:
    """What a stop rule reached.

    Parameters
    ----------
    rule : str
        In words, such as ``mean within 5000``.
    reached : bool
    n_draws : int
        Draws taken.
    said : str
        What was reached, in a sentence.
    """

    rule: str
    reached: bool
    n_draws: int
    said: str

    def figures(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"rule": self.rule, "reached": self.reached, "draws": self.n_draws, "said": self.said}


def goal(text: str | Rule, *, most_draws: int = 1_000_000, where: str = "until") -> Rule:
    """Return the stop rule that a text states.

    Parameters
    ----------
    text : str, PrecisionRule or RankingRule
        ``MEASURE within FIGURE``: until the standard error of the measure (mean, sd, p10, cvar, p_loss) is at
        most the figure, in pounds (for p_loss a share). ``best N settled``: until the N best by mean and their order are
        settled with 95% confidence; ``within FIGURE`` behind it makes differences up to that many pounds a tie.
    most_draws : int
        Where to give up.
    where : str
        For messages.

    Raises
    ------
    UsageError
        When the text is no rule.

    Examples
    --------
    >>> goal("p10 within 5000").standard_error, goal("best 3 settled within 1e3").indifference
    (5000.0, 1000.0)
    >>> goal("mean < 5000")
    Traceback (most recent call last):
    sharesim.errors.UsageError: until: not a stop rule: got 'mean < 5000'; allowed such as 'mean within 5000', 'p10
    within 20000', 'cvar within 20000', 'p_loss within 0.01' or 'best 3 settled'.
    """
    if isinstance(text, (PrecisionRule, RankingRule)):
        return text
    words = " ".join(text.split()) if isinstance(text, str) else ""
    if match := _PRECISE.fullmatch(words):
        target = _positive(match[2], where)
        return PrecisionRule(match[1].lower(), target, most_draws=most_draws)
    if match := _RANKED.fullmatch(words):
        indifference = _positive(match[2], where) if match[2] else 0.0
        return RankingRule(int(match[1] or 1), indifference=indifference, most_draws=most_draws)
    raise UsageError(Fault(where, "not a stop rule", shown(text), FORMS))


def a_stop_rule(where: str, value: Any) -> str | Rule:
    """Return a stop rule as it was given, looked through; for `arguments.takes`."""
    goal(value, where=where)
    return value


def _positive(figure: str, where: str) -> float:
    value = float(figure)
    if not 0.0 < value < 1e15:
        remedy = "Give it in pounds; for p_loss as a share."
        raise UsageError(Fault(where, "not a precision", figure, "above 0", remedy))
    return value


def in_words(rule: Rule) -> str:
    """Return a rule as one writes it.

    Examples
    --------
    >>> in_words(goal("best settled")), in_words(goal("CVaR within 2e4"))
    ('best 1 settled', 'cvar within 20000')
    """
    if isinstance(rule, RankingRule):
        tie = f" within {rule.indifference:.15g}" if rule.indifference else ""
        return f"best {rule.n_best} settled{tie}"
    measure = rule.measure if isinstance(rule.measure, str) else rule.measure.name
    return f"{measure} within {rule.standard_error:.15g}"


__all__ = ["FORMS", "Rule", "Settled", "a_stop_rule", "goal", "in_words"]
