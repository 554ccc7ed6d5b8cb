"""Published captures played to one node by virtual time."""
