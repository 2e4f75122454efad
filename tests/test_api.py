"""What `import sqlgen` gives."""

from __future__ import annotations

import importlib
import pkgutil

import sqlgen


def test_a_name_stays_what_it_is_whatever_else_is_imported() -> None:
    for module in pkgutil.iter_modules(sqlgen.__path__):
        if module.name != "__main__":
            importlib.import_module(f"sqlgen.{module.name}")
    for name in sqlgen.__all__:
        assert callable(getattr(sqlgen, name)), name
        assert callable(getattr(sqlgen, name)), name


def test_each_name_has_a_home() -> None:
    assert sorted(sqlgen._HOMES) == sorted(sqlgen.__all__)
