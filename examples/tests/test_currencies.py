from orders import currencies


def test_the_summary_lists_all():
    assert currencies.SUMMARY == "eur, usd"
