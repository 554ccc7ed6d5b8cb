"""A module with the classic ESP32 and 4 MB of flash."""
