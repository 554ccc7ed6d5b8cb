set(IDF_TARGET esp32s3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
)

# The port's options for native USB; MicroPython 1.28 does without the file.
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/boards/sdkconfig.usb)
    list(APPEND SDKCONFIG_DEFAULTS boards/sdkconfig.usb)
endif()

include(${MICROPY_BOARD_DIR}/../../firmware/image.cmake)
