"""Resource lifecycles: what is opened is closed, on every path, by the form that says so."""
