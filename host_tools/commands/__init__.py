"""One file here is one command: its name is the file's (`_` becomes `-`), its one-line help the first line of
the file's docstring, its work the click command that the file calls `command`."""
