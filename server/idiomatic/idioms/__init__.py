"""The idioms: one file each, in a folder for each family. Nothing lists them; `idiomatic.core.catalogue` walks them."""
