"""Who the nodes are: their book, their keys, their identity sectors."""
