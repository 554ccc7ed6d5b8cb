"""The ESP32 side of node/ports.py: the only Python that imports machine, network, esp32, tls."""
