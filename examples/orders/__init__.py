"""The order service of a small shop.

It has grown since Python 3.4 and works; every file has habits that today's Python has a better answer to. Open it in
the editor and look at the light bulbs, or run `idiomatic check examples`.
"""
