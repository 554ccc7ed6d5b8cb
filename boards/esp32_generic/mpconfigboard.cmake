set(IDF_TARGET esp32)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
)

include(${MICROPY_BOARD_DIR}/../../firmware/image.cmake)
