"""What surrounds a file: configuration, target version, neighbouring files, the disk.

The only package that reads and writes files for the core, and the only importer of jedi. User code is read, never
imported or run.
"""
