from orders.routes import Driver, Zone, present


def test_zones_are_the_same_wherever_they_are_written():
    assert Zone("Basel/Gundeli") == Zone("Basel/Gundeli")
    assert Zone("Basel/Gundeli") != Zone("Basel/Bruderholz")


def test_drivers_who_are_there():
    assert present([], set()) == []
    assert Driver("17-West") == Driver("17-East")
