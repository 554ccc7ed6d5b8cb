set(IDF_TARGET esp32c3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
)

# The port's options for RISC-V and for the C3, under the names that they have from version to version.
foreach(NAME sdkconfig.riscv sdkconfig.c3 ESP32_GENERIC_C3/sdkconfig.c3usb)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/boards/${NAME})
        list(APPEND SDKCONFIG_DEFAULTS boards/${NAME})
    endif()
endforeach()

include(${MICROPY_BOARD_DIR}/../../firmware/image.cmake)
