"""Who brings what where."""

from collections import Counter


class Zone:
    """A part of a town, written as `Basel/Gundeli`."""

    def __init__(self, text: str) -> None:
        self.town, _, self.district = text.partition("/")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Zone):
            return NotImplemented
        return (self.town, self.district) == (other.town, other.district)


class Driver:
    """Somebody with a badge, such as `17-West`."""

    def __init__(self, badge: str) -> None:
        self.number, _, self.depot = badge.partition("-")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Driver) and self.number == other.number


def busiest(zones: list[Zone]) -> Zone:
    """Where most of the orders go."""
    [(zone, _)] = Counter(zones).most_common(1)
    return zone


def present(drivers: list[Driver], ill: set[Driver]) -> list[Driver]:
    """Who can drive today; not asked in a year in which nobody was ill."""
    return [driver for driver in drivers if driver not in ill]
