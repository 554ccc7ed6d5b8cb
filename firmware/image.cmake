# What every image of the node has in common. A board's mpconfigboard.cmake sets IDF_TARGET and
# SDKCONFIG_DEFAULTS (the port's own files for its chip) and then includes this file.

# The partition table's name must be absolute, and an sdkconfig knows no variables.
set(NODE_PARTITIONS ${CMAKE_BINARY_DIR}/sdkconfig.partitions)
file(WRITE ${NODE_PARTITIONS}
    "CONFIG_PARTITION_TABLE_CUSTOM=y\n"
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions.csv\"\n"
)

# Of two files that set the same option the later one wins: the node's rules come last.
set(SDKCONFIG_DEFAULTS
    ${SDKCONFIG_DEFAULTS}
    ${MICROPY_BOARD_DIR}/sdkconfig.board
    ${NODE_PARTITIONS}
    ${CMAKE_CURRENT_LIST_DIR}/sdkconfig.node
)

set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest.py)
set(USER_C_MODULES ${CMAKE_CURRENT_LIST_DIR}/sniffer/micropython.cmake)
