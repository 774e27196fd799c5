"""Point at what is underlined, then press Ctrl+. on it."""

import os
from datetime import datetime


def forget(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def stamp():
    return datetime.utcnow()
