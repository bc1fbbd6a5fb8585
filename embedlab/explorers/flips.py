"""The kind of parameter that names bits a learner has turned over."""

import operator
from typing import Any, NoReturn

from traitlets import TraitError, TraitType

__all__ = ["BitFlips"]


class BitFlips(TraitType[list[list[Any]], list[list[Any]]]):
    """Bits that are turned over: `[way, row, byte, bit]`, bit 0 the lowest; each at most once.

    Examples
    --------
    >>> import traitlets
    >>> class Thing(traitlets.HasTraits):
    ...     flips = BitFlips(("int4",), 9)
    >>> Thing(flips=[("int4", 2, 0, 7), ("int4", 2, 0, 7), ("int4", 0, 0, 1)]).flips
    [['int4', 0, 0, 1]]
    """

    def __init__(self, ways: tuple[str, ...], most: int):
        super().__init__([])
        self.ways, self.most = ways, most

    def make_dynamic_default(self) -> list[list[Any]]:
        """Return each explorer a list of its own."""
        return []

    def limits(self) -> dict[str, Any]:
        """Return the limits for the browser."""
        return {"min": 0, "max": self.most}

    def validate(self, obj: Any, value: Any) -> list[list[Any]]:
        """Return each bit that is turned over in the end, in order, or refuse."""
        found: dict[tuple[str, int, int, int], bool] = {}
        for entry in value if isinstance(value, (list, tuple)) else [value]:
            try:
                way, row, byte, bit = entry
                place = (operator.index(row), operator.index(byte), operator.index(bit))
            except (TypeError, ValueError):
                self._refuse(entry)
            if not isinstance(way, str) or way not in self.ways or min(place) < 0 or place[2] > 7:
                self._refuse(entry)
            found[(way, *place)] = not found.get((way, *place), False)  # twice is not at all
        turned = [list(place) for place, on in found.items() if on]
        if len(turned) > self.most:
            raise TraitError(
                f"{self.name} must turn at most {self.most} bits. Received {len(turned)}. "
                "Turn some of them back."
            )
        return turned

    def _refuse(self, entry: Any) -> NoReturn:
        raise TraitError(
            f"{self.name} must be a list of [way, row, byte, bit], the bit 0 to 7. "
            f"Received {entry!r:.40}. Write for instance [['{self.ways[0]}', 2, 0, 7]]."
        )
