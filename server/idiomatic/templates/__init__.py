"""Templates: tested pieces of Python to begin with, inserted where they fit.

    from idiomatic.templates.catalogue import load
    from idiomatic.templates.insertion import fitting, insertion

A template is a file `templates/<group>/<template>.py`; `idiomatic.templates.template` says how one is written.
"""
