"""The embedded store's HTTPS side: what `torgpuls serve` runs."""
