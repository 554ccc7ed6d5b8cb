/* The real radio: probe requests in promiscuous mode, ESP-IDF 5. The only #include of esp_wifi.h.
 *
 * The adapter has started station mode (network.WLAN) and is not connected. The callback runs in the
 * Wi-Fi driver's task, on the other core where there are two: it allocates nothing, logs nothing and
 * touches no Python. It is a task and no interrupt handler, so it need not lie in IRAM.
 */
#include <esp_random.h>
#include <esp_system.h>
#include <esp_timer.h>
#include <esp_wifi.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>

#include "port.h"
#include "wipe.h"

enum {
    FCS_SIZE = 4,  /* sig_len counts it */
    SLICE_MS = 50, /* the longest wait before the ring is drained */
    US_PER_MS = 1000
};

static bool started, in_sweden;

/* MicroPython's panichandler.c prints through this, and ESP-IDF leaves it out when panics are silent
 * (panic_internal.h, CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT). Weak: where ESP-IDF has it, ESP-IDF's stands. */
void panic_print_str(const char *text);
__attribute__((weak)) void panic_print_str(const char *text) {
    (void)text;
}

/* Channels 1 to 13 whatever an access point says; network.country() does not reach the radio. */
static const wifi_country_t sweden = {
    .cc = "SE", .schan = 1, .nchan = 13, .max_tx_power = 20, .policy = WIFI_COUNTRY_POLICY_MANUAL};

/* Once for each start of the chip: the driver writes it to flash (esp_wifi.h, esp_wifi_set_country). */
static bool set_country(void) {
    in_sweden = in_sweden || esp_wifi_set_country(&sweden) == ESP_OK;
    return in_sweden;
}

static bool connected(void) {
    wifi_ap_record_t access_point;
    bool is = esp_wifi_sta_get_ap_info(&access_point) == ESP_OK;
    wipe(&access_point, sizeof access_point);
    return is;
}

static void on_packet(void *buffer, wifi_promiscuous_pkt_type_t type) {
    if (type == WIFI_PKT_MISC) /* has no payload */
        return;
    wifi_promiscuous_pkt_t *packet = buffer;
    size_t size = packet->rx_ctrl.sig_len;
    size_t fcs_size = size < FCS_SIZE ? size : FCS_SIZE;
    size -= fcs_size;
    wipe(packet->payload + size, fcs_size); /* a checksum of the address, and without a key */
    if (packet->rx_ctrl.rx_state == 0)
        sniffer_hear(packet->payload, size, packet->rx_ctrl.rssi);
    else
        sniffer_hear_damaged(packet->payload, size);
}

/* The filter goes before enabling: else the first frames would be of every kind. */
bool port_start(void) {
    const wifi_promiscuous_filter_t management = {.filter_mask = WIFI_PROMIS_FILTER_MASK_MGMT};
    wifi_mode_t mode;
    if (esp_wifi_get_mode(&mode) != ESP_OK || mode != WIFI_MODE_STA || connected())
        return false;
    if (esp_wifi_start() != ESP_OK) /* does nothing when it runs already */
        return false;
    started = esp_wifi_set_ps(WIFI_PS_NONE) == ESP_OK && set_country() &&
              esp_wifi_set_promiscuous_filter(&management) == ESP_OK &&
              esp_wifi_set_promiscuous_rx_cb(on_packet) == ESP_OK && esp_wifi_set_promiscuous(true) == ESP_OK;
    return started;
}

void port_stop(void) {
    if (started)
        esp_wifi_set_promiscuous(false);
    started = false;
}

/* Fails while the station connects or scans. */
bool port_channel(int channel) {
    return !connected() && esp_wifi_set_channel((uint8_t)channel, WIFI_SECOND_CHAN_NONE) == ESP_OK;
}

uint32_t port_wait(uint32_t ms) {
    int64_t before_us = esp_timer_get_time();
    TickType_t ticks = pdMS_TO_TICKS(ms < SLICE_MS ? ms : SLICE_MS);
    vTaskDelay(ticks > 0 ? ticks : 1);
    uint32_t passed_ms = (uint32_t)((esp_timer_get_time() - before_us + US_PER_MS / 2) / US_PER_MS);
    return passed_ms > 0 ? passed_ms : 1;
}

uint32_t port_now_us(void) {
    return (uint32_t)esp_timer_get_time();
}

bool port_random(void *bytes, size_t size) {
    esp_fill_random(bytes, size);
    return true;
}

int port_reset_reason(void) {
    return (int)esp_reset_reason();
}

size_t port_static_bytes(void) {
    return sizeof started + sizeof in_sweden;
}
