"""The `torgpuls` command and what stands behind it: what people use on a laptop or a server."""
