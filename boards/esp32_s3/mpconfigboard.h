#define MICROPY_HW_BOARD_NAME "Torgpuls on Generic ESP32-S3"
#define MICROPY_HW_MCU_NAME "ESP32S3"

// An external USB-UART beside the native USB.
#define MICROPY_HW_ENABLE_UART_REPL (1)

// The node needs none of these, and what is not there cannot be opened.
#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_ESPNOW (0)
#define MICROPY_HW_ENABLE_MDNS_QUERIES (0)
#define MICROPY_HW_ENABLE_MDNS_RESPONDER (0)
