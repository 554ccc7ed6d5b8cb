/* Plays a trace and searches this process's own writable memory for what must not be there.
 *
 * memory_scan TRACE PATTERNS MS close|stop|open: listens for MS on channel 1; then closes the window,
 * stops, or leaves it open (then the patterns must be found: the search works).
 * PATTERNS: 8-byte patterns, every byte XOR 0xa5, so that this program's own copy is not found.
 * Prints how many patterns were found, and where.
 */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sniffer.h"

enum { PATTERN = 8, PATTERNS_MAX = 4096, MASK = 0xa5, CHUNK = 4096 };

static uint8_t patterns[PATTERNS_MAX][PATTERN];
static uint8_t sizes[PATTERNS_MAX];
static int pattern_count;
static uint8_t chunk[CHUNK + PATTERN];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* A pattern shorter than 8 bytes is padded with bytes that are 0 before the XOR. */
static void read_patterns(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail(path);
    pattern_count = (int)fread(patterns, PATTERN, PATTERNS_MAX, file);
    fclose(file);
    for (int i = 0; i < pattern_count; i++)
        for (sizes[i] = PATTERN; sizes[i] > 0 && patterns[i][sizes[i] - 1] == MASK; sizes[i]--)
            ;
}

static int search(const uint8_t *bytes, size_t size, unsigned long where, const char *region) {
    int found = 0;
    for (size_t at = 0; at < CHUNK && at < size; at++)
        for (int i = 0; i < pattern_count; i++) {
            size_t k = 0;
            while (k < sizes[i] && at + k < size && (bytes[at + k] ^ MASK) == patterns[i][k])
                k++;
            if (k == sizes[i]) {
                found++;
                printf("pattern %d at %#lx in %s\n", i, where + at, region);
            }
        }
    return found;
}

static int search_all(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    if (maps == NULL || memory < 0)
        fail("/proc/self");
    int found = 0;
    char line[512];
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char access[5], name[300] = "";
        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %299s", &start, &end, access, name) < 3 || access[1] != 'w')
            continue;
        for (unsigned long at = start; at < end; at += CHUNK) {
            ssize_t got = pread(memory, chunk, sizeof chunk, (off_t)at);
            if (got > 0)
                found += search(chunk, (size_t)got < end - at ? (size_t)got : end - at, at, name);
            memset(chunk, 0, sizeof chunk);
        }
    }
    fclose(maps);
    close(memory);
    return found;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    read_patterns(argv[2]);
    int trace = open(argv[1], O_RDONLY);
    if (trace < 0 || sniffer_open_trace(trace) < 0)
        fail(argv[1]);
    int32_t heard = sniffer_listen(1, atoi(argv[3]));
    int32_t counts[COUNTS_SIZE];
    if (strcmp(argv[4], "close") == 0)
        sniffer_close_window(counts, COUNTS_SIZE);
    else if (strcmp(argv[4], "stop") == 0)
        sniffer_stop();
    printf("%d\n", (int)heard);
    printf("%d\n", search_all());
    return 0;
}
