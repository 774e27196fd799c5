"""The documentation as a site: what stands in `docs/`, and a page for each rule and each template.

`make docs` puts it into `build/docs`. Pages of rules and templates are made of their files and never committed. The
site needs no server and no network: everything in it works from the disk.
"""
