from orders.shelves import Place


def test_all_places_are_seen():
    hall = Place("hall", ["ladder"], [Place("row", ["tea", "cup"], [Place("shelf", ["pot"])]), Place("empty")])
    assert [place.name for place in hall.walk()] == ["hall", "row", "shelf", "empty"]
    assert list(hall.everything()) == ["ladder", "cup", "tea", "pot"]
    assert hall.has("tea")
    assert not hall.inside[1].has("tea")
