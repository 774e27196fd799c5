from orders.prices import PriceList


def test_prices_are_converted():
    prices = PriceList({"tea": 300, "cup": 1200}, {"eur": 1.0, "usd": 1.1})
    assert prices.cheapest == "tea"
    assert prices.price("cup") == 1200
    assert prices.price("cup", "usd") == 1320
    assert prices.price("cup", "usd") == 1320
