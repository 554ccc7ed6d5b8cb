"""One folder per board; a new board is a new folder, nothing else."""
