"""A module with the ESP32-C3 (one RISC-V core) and 4 MB of flash."""
