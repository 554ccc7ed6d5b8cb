set(IDF_TARGET esp32s3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.usb
)

include(${MICROPY_BOARD_DIR}/../../firmware/image.cmake)
