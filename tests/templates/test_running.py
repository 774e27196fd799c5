"""What the templates do: each is inserted into a file and that file is run."""

from __future__ import annotations

import dataclasses

import pytest

from tests.templates.inserting import run

# -- frozen-value-object ----------------------------------------------------------------------------------------------


def test_a_value_is_valid() -> None:
    address_class = run("frozen-value-object")["EmailAddress"]
    assert str(address_class("ada@example.org")) == "ada@example.org"
    for wrong in ("", "ada", "@example.org", "ada@"):
        with pytest.raises(ValueError, match=f"not an email address: '{wrong}'"):
            address_class(wrong)
    with pytest.raises(ValueError, match="not an email address"):
        dataclasses.replace(address_class("ada@example.org"), value="ada")


def test_a_value_is_compared_by_what_it_holds() -> None:
    address_class = run("frozen-value-object")["EmailAddress"]
    one, same, other = map(address_class, ("a@b", "a@b", "c@d"))
    assert one == same != other
    assert {one, same, other} == {one, other}
    assert repr(one) == "EmailAddress(value='a@b')"


def test_a_value_is_immutable() -> None:
    address = run("frozen-value-object")["EmailAddress"]("a@b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        address.value = "c"
    with pytest.raises((AttributeError, TypeError)):
        address.other = 1
    assert not hasattr(address, "__dict__")
