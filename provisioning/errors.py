"""The error of a site's folder: a person can fix it, and the text says how."""

from torgpuls.firmware.node.errors import PersonError


class SiteError(PersonError):
    """A file of the site is wrong, or what was asked does not fit it. One line, with the remedy."""
