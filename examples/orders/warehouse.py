"""What the warehouse sends and gets: files, for the time being."""

import json


def read_delivery(path):
    """The goods of a delivery, by SKU."""
    file = open(path, encoding="utf-8")
    lines = [line.split() for line in file]
    # The driver keeps the original.
    file.close()
    return {sku: int(quantity) for sku, quantity in lines}


def read_shelves(path):
    return json.load(open(path, encoding="utf-8"))
