import pytest
from orders.fx import Rates


class Service:
    def __init__(self, failures):
        self.failures = failures

    def rate(self, currency):
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        return len(currency) / 2

    def names(self):
        self.rate("")
        return ["usd", "gb"]


def test_it_is_asked_again():
    assert Rates(Service(3)).rate("usd") == 1.5
    assert Rates(Service(2)).all_rates(["usd", "gb"]) == {"usd": 1.5, "gb": 1.0}


def test_it_gives_up():
    with pytest.raises(ConnectionError):
        Rates(Service(4)).rate("usd")
    with pytest.raises(ConnectionError):
        Rates(Service(3)).all_rates(["usd"])


def test_names_are_sorted():
    assert Rates(Service(1)).names() == ["gb", "usd"]
