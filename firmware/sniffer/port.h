/* What the sniffer needs from a radio, and what it does for one.
 *
 * port_esp32.c is the real radio, port_host.c a recorded trace, port_fed.c a build without files.
 */
#ifndef TORGPULS_PORT_H
#define TORGPULS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sniffer's side. A port calls this for every frame, from one task, with a buffer that it can
 * spare: the addresses in it are overwritten, whatever the frame is.
 * frame: from the frame control field on, no radiotap header, no FCS. Its time is port_now_us(). */
void sniffer_hear(uint8_t *frame, size_t size, int rssi_dbm);
/* The same for a frame that the radio says is damaged: overwritten and counted, not read. */
void sniffer_hear_damaged(uint8_t *frame, size_t size);

/* Start the radio; sniffer_hear may be called from now on. False if it cannot listen now. */
bool port_start(void);
/* Stop the radio. One call of sniffer_hear may still be under way when this returns. */
void port_stop(void);
/* Change to channel 1..13 while started. False if the radio refused: it stays where it was. */
bool port_channel(int channel);
/* Let at most `ms` (1 or more) pass while frames are heard; return how many passed. The
 * port returns early so that the ring does not fill. 0: nothing can be heard any more (a host's trace
 * is damaged). */
uint32_t port_wait(uint32_t ms);
/* Microseconds from a fixed start; wraps after 71 minutes, which is longer than any window. */
uint32_t port_now_us(void);
/* Fill with unpredictable bytes. Only while started: on a chip the radio is the source. */
bool port_random(void *bytes, size_t size);
/* See sniffer_reset_reason(). */
int port_reset_reason(void);
/* The port's own static memory in bytes. */
size_t port_static_bytes(void);

#endif
