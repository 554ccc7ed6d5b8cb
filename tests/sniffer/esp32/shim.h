/* The few names of ESP-IDF that the vendor's Wi-Fi headers use and the crate esp-wifi-sys leaves out. */
#ifndef SHIM_H
#define SHIM_H

#include <stdint.h>

typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;
typedef struct esp_netif_obj esp_netif_t;
typedef struct esp_netif_inherent_config esp_netif_inherent_config_t;

#endif
