"""What MicroPython's ESP32 port runs before main.py: nothing, for there is no file system to mount."""
