"""The errors that sqlgen raises on purpose: each is one line that says what is wrong and what to do."""

from __future__ import annotations


class SqlgenError(Exception):
    """Base of all errors raised on purpose: the question could not be answered (exit status 1)."""

    exit_status = 1


class UsageError(SqlgenError):
    """The call itself is wrong: an unknown name, a value of the wrong kind, a missing option (exit status 2)."""

    exit_status = 2


class SourceError(SqlgenError):
    """A path of delivery files that does not exist, or of which nothing at all could be read."""


class TemplateError(SqlgenError):
    """A template, layout, vocabulary or list file of the product (or of the user's overlay) is not well formed."""


class CheckError(SqlgenError):
    """A rendered text failed the checks that come before anyone pays for it."""
