"""Captures that tests make."""
