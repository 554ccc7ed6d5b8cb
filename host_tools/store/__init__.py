"""Where reports are kept: one interface (`interface.py`) and the embedded SQLite store behind it."""
