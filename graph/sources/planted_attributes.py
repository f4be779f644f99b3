"""Draws what no interaction depends on: prices, stock, countries, platforms, who follows whom."""

from __future__ import annotations

import math
from random import Random

PRICES = {"books": 12.0, "films": 6.0, "music": 9.0, "goods": 25.0}
"""Median price of a domain."""
IN_STOCK_SHARE = 0.8
APP_SHARES = {"books": 0.3, "films": 0.7, "music": 0.8, "goods": 0.4}
"""Share of the interactions of a domain that take place in the app, not on the web."""
COUNTRIES = {"CN": 50, "US": 25, "DE": 15, "FR": 10}

_Pairs = list[tuple[str, str]]


def draw_offer(rng: Random, domain: str) -> tuple[float, bool]:
    """Draws the price of an item, and whether it is in stock."""
    price = rng.lognormvariate(math.log(PRICES[domain]), 0.5)
    return round(price, 2), rng.random() < IN_STOCK_SHARE


def draw_platform(rng: Random, item_id: str) -> str:
    """Draws where an interaction took place; ids begin with the letter of their domain."""
    share = next(share for name, share in APP_SHARES.items() if name[0] == item_id[0])
    return "app" if rng.random() < share else "web"


def draw_people(rng: Random, users: list[str]) -> tuple[_Pairs, _Pairs]:
    """Draws where each user lives, and whom each follows, up to five others."""
    countries = [(user, rng.choices([*COUNTRIES], [*COUNTRIES.values()])[0]) for user in users]
    most = min(len(users), 5)
    drawn = [(user, other) for user in users for other in rng.sample(users, rng.randint(1, most))]
    return countries, [(user, other) for user, other in drawn if user != other]
