"""The error that ends a command with one line for the person who typed it."""


class UserError(Exception):
    """A person can fix it. The text is one line: what is wrong, with its name, and what to do.

    `cli.py` prints it on stderr and ends with exit code 2.
    """
