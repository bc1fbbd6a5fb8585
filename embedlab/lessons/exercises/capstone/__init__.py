"""Five broken models: their data, the views that show their faults, and the checks of repairs."""

from embedlab.lessons.exercises.capstone.data import (
    MENU,
    PRICES,
    Discount,
    adapter,
    forecast,
    neighbor,
    tastes,
    ten_days,
    traded_shares,
)
from embedlab.lessons.exercises.capstone.views import evidence

__all__ = [
    "MENU",
    "PRICES",
    "Discount",
    "adapter",
    "evidence",
    "forecast",
    "neighbor",
    "tastes",
    "ten_days",
    "traded_shares",
]
