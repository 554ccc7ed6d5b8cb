"""What runs on a node: its Python, its C, its composition root."""
