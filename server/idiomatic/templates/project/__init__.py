"""The files that say how a project is built and checked."""
