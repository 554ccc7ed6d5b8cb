# The sniffer on an ESP32. Build with USER_C_MODULES=<path of this file>, MicroPython 1.28 or newer.
#
# A board states its table sizes in sniffer.h in its folder (sniffer.c has the defaults).
add_library(usermod_sniffer INTERFACE)

target_sources(usermod_sniffer INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/module.c
    ${CMAKE_CURRENT_LIST_DIR}/frame.c
    ${CMAKE_CURRENT_LIST_DIR}/siphash.c
    ${CMAKE_CURRENT_LIST_DIR}/ring.c
    ${CMAKE_CURRENT_LIST_DIR}/tally.c
    ${CMAKE_CURRENT_LIST_DIR}/sniffer.c
    ${CMAKE_CURRENT_LIST_DIR}/port_esp32.c
)

if(EXISTS ${MICROPY_BOARD_DIR}/sniffer.h)
    target_compile_options(usermod_sniffer INTERFACE "SHELL:-include ${MICROPY_BOARD_DIR}/sniffer.h")
endif()

target_link_libraries(usermod INTERFACE usermod_sniffer)
