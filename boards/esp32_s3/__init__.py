"""A module with the ESP32-S3 and 8 MB of flash; PSRAM, if there is any, stays unused."""
