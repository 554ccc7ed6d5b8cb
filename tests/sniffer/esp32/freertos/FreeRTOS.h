/* As in ESP-IDF's FreeRTOS-Kernel/include/freertos/projdefs.h and FreeRTOSConfig.h. */
#include "shim.h"

#define configTICK_RATE_HZ ((TickType_t)100)
#define pdMS_TO_TICKS(xTimeInMs) ((TickType_t)(((uint64_t)(xTimeInMs) * configTICK_RATE_HZ) / 1000U))
