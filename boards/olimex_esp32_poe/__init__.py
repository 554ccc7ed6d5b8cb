"""Olimex ESP32-POE: ESP32 with 4 MB of flash, Ethernet and power over one cable."""
