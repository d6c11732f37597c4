"""What an arm solves and its base does not, beyond what a second draw of the base would.

On one problem let b and r be the chances that none of k answers of the base, or of the arm, is right. The
arm alone solves (1 - r) b, of which a second draw of the base would solve (1 - b) b. What is beyond that, if
anything is, is theta = b (b - r)+ = max(b^2 - b r, 0). Its mean over problems lies between two means that
have unbiased estimates, so it is shown to be great by the lower and small by the upper one:

* The net excess b^2 - b r is at most theta. b^2 is fail@2k of the base, whose 2k answers are two draws that
  share none; b and r are estimated from answers that have nothing to do with each other, so their product is
  unbiased too (U-statistics, Hoeffding 1948; fail@k of Chen et al. 2021). In words: k answers of both
  together solve more problems than 2k of the base. What the arm loses counts against what it gains.
* The plain share (1 - r^t) b^t, at t k answers with t from 1 to 2, is at least theta: where b >= r it is at
  least b^2 (1 - r), since b^t >= b^2 and r^t <= r, and b^2 (1 - r) >= b^2 - b r, since b <= 1.

The estimates have the same order on every problem, because fail@k, f of the base and g of the arm, falls with
k: f(2k) - f(k) g(k) <= f(2k) - f(2k) g(k) <= f(tk) (1 - g(tk)).
"""

from dataclasses import dataclass

import numpy as np

from beyondbase.inference.bounded import Floats
from beyondbase.inference.tipping import Effect, Slipped


def least_excess(n: int, k: int, scale: float = 1.0) -> float:
    """The least that scale * fail@2k - fail@k * fail@k' can be, at n or more answers of the base.

    It is that of n answers with the least favourable number of right ones, and an arm that solves nothing.
    More answers leave no less: their estimate is the mean of those of all n among them. At n = 2k and scale 1
    it is -1/2, with one right answer; with many more it nears -1/4, the least of b^2 - b.

    Args:
        n: answers of the base, at least 2k.
        k: answers of one draw.
        scale: what the first term is multiplied with, from 0 to 1.
    """
    return float((scale * _fails_by_count(n, 2 * k) - _fails_by_count(n, k)).min())


def _fails_by_count(n: int, k: int) -> Floats:
    """C(n - c, k) / C(n, k) for every c from 0 to n."""
    c = np.arange(n)
    return np.cumprod(np.append(1.0, np.maximum(n - k - c, 0) / (n - c)))


@dataclass(frozen=True, eq=False)
class BeyondLuck:
    """The share that an arm solves alone beyond luck, theta, with slips: by the excess or the plain share.

    theta = b (b - r)+ rises with b and falls with r. A wrong answer that is accepted makes a chance to fail
    look smaller than it is: with T = (1 - e)^-k for the arm, r = T r', and b >= b'. To show that theta is
    great the worst is e = share in the arm and none in the base: theta >= b' (b' - T r')+ >= b'^2 - T b' r',
    whose estimate is unbiased, although the excess itself might fall as b rises. With the same e in both arms
    it is T^2 b' (b' - r')+ and more than the excess of what was accepted: slips that are alike make none.
    To show that theta is small, the plain share is to be small.

    Attributes:
        twice: estimates of fail@2k of the base, shape (problems,).
        base: those of fail@k.
        arm: those of fail@k of the arm.
        n: least answers of the base on a problem.
        k: answers of one draw.
        plain: the share solved alone, at k to 2k answers.
    """

    twice: Floats
    base: Floats
    arm: Floats
    n: int
    k: int
    plain: Effect

    def slipped(self, share: float, *, up: bool, alike: bool) -> Slipped:
        """As `Effect` says."""
        if not up:
            return self.plain.slipped(share, up=False, alike=alike)
        scale = 1.0 if alike else (1 - share) ** self.k
        values = scale * self.twice - self.base * self.arm
        return Slipped(values[:, None], least_excess(self.n, self.k, scale), scale, np.array([scale]))
