/* Reads one probe request; the rules are drawn in frame.h. */
#include "frame.h"

#include <string.h>

#include "wipe.h"

enum {
    PROBE_REQUEST = 0x40,
    FC1_TO_DS = 0x01,
    FC1_FROM_DS = 0x02,
    FC1_MORE_FRAGMENTS = 0x04,
    FC1_PROTECTED = 0x40,
    FC1_HT_CONTROL = 0x80,
    SENDER = 10,
    ADDRESS_SIZE = 6,
    SEQUENCE = 22,
    FRAGMENT_NUMBER = 0x0f,
    HEADER_SIZE = 24,
    HT_CONTROL_SIZE = 4,
    ADDRESSES_END = 30, /* a fourth address follows the header of some data frames */
    GROUP_ADDRESS = 0x01,
    LOCAL_ADDRESS = 0x02,
    ELEMENT_HEADER = 2,
    DOMAIN_DEVICE = 1,
    DOMAIN_MODEL = 2,
    DEVICE_MASK = 0xfffff,
    MODEL_MASK = 0xfff
};

/* Elements of which only the presence enters the model, because their content identifies or changes
 * within one address. Every other element enters whole. tests/sniffer/test_model_signature.py finds
 * the ones that change on real captures. */
static const struct exception {
    uint8_t number;
    uint8_t prefix_size; /* bytes of the content that say which element it is */
    uint8_t prefix[4];
} exceptions[] = {
    {0, 0, {0}},                        /* SSID: names networks that the owner uses */
    {3, 0, {0}},                        /* DS parameter set: the channel that is being scanned */
    {221, 4, {0x00, 0x50, 0xf2, 0x04}}, /* WPS: serial number, and a UUID made from the address */
    {221, 4, {0x00, 0x50, 0xf2, 0x08}}, /* Microsoft 8: changes from frame to frame */
    {221, 4, {0x50, 0x6f, 0x9a, 0x09}}, /* Wi-Fi Direct: device address and channels */
    {221, 4, {0x50, 0x6f, 0x9a, 0x0a}}, /* Wi-Fi Display: session state */
    {221, 4, {0x00, 0x90, 0x4c, 0x04}}, /* Broadcom 4: changes from scan to scan */
    {255, 1, {2}},                      /* FILS request: times of the scan that is under way */
};

/* How many bytes of this element's content enter the model. */
static size_t kept_size(uint8_t number, const uint8_t *content, size_t size) {
    if (number > 3 && number < 221)
        return size;
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        const struct exception *row = &exceptions[i];
        if (number == row->number && size >= row->prefix_size &&
            memcmp(content, row->prefix, row->prefix_size) == 0)
            return row->prefix_size;
    }
    return size;
}

void frame_wipe(uint8_t *frame, size_t size) {
    bool whole = size > 0 && frame[0] == PROBE_REQUEST;
    wipe(frame, whole || size < ADDRESSES_END ? size : ADDRESSES_END);
}

/* Whether the frame may be believed up to its first element. */
static enum frame_outcome check_header(const uint8_t *frame, size_t size, size_t *elements) {
    if (size < HEADER_SIZE)
        return FRAME_TOO_SHORT;
    if (size > FRAME_SIZE_MAX)
        return FRAME_TOO_LONG;
    if (frame[1] & (FC1_TO_DS | FC1_FROM_DS | FC1_MORE_FRAGMENTS | FC1_PROTECTED) ||
        frame[SEQUENCE] & FRAGMENT_NUMBER)
        return FRAME_UNREADABLE;
    if (frame[SENDER] & GROUP_ADDRESS)
        return FRAME_GROUP_SENDER;
    *elements = HEADER_SIZE;
    /* IEEE 802.11-2020, 9.2.4.1.10: in a management frame this bit says that HT Control is there. */
    if (frame[1] & FC1_HT_CONTROL)
        *elements += HT_CONTROL_SIZE;
    return size < *elements ? FRAME_TOO_SHORT : FRAME_KEPT;
}

/* The hash of 6 bytes of address, in the first domain. The byte before the address carries the domain. */
static uint32_t hash_device(uint8_t *address, const struct siphash_key *key) {
    struct siphash hash;
    address[-1] = DOMAIN_DEVICE;
    siphash_open(&hash, key);
    siphash_add(&hash, address - 1, ADDRESS_SIZE + 1);
    return (uint32_t)siphash_close(&hash) & DEVICE_MASK;
}

/* The hash of the elements from `at` to `end`, in the second domain. An exception is hashed as if its
 * content ended after its prefix: its length is overwritten in place, and the rest of it skipped. */
static enum frame_outcome hash_model(uint8_t *at, const uint8_t *end, const struct siphash_key *key,
                                     uint32_t *model) {
    struct siphash hash;
    uint8_t *run = at - 1; /* bytes that are hashed at one go */
    *run = DOMAIN_MODEL;
    siphash_open(&hash, key);
    enum frame_outcome outcome = FRAME_KEPT;
    for (unsigned elements = 0; at < end; elements++) {
        size_t left = (size_t)(end - at);
        if (left < ELEMENT_HEADER || left - ELEMENT_HEADER < at[1]) {
            outcome = FRAME_CUT_ELEMENT;
            break;
        }
        if (elements == FRAME_ELEMENTS_MAX) {
            outcome = FRAME_TOO_LONG;
            break;
        }
        size_t size = at[1];
        uint8_t *content = at + ELEMENT_HEADER;
        size_t kept = kept_size(at[0], content, size);
        at = content + size;
        if (kept < size) {
            content[-1] = (uint8_t)kept;
            siphash_add(&hash, run, (size_t)(content + kept - run));
            run = at;
        }
    }
    siphash_add(&hash, run, (size_t)(at - run));
    *model = (uint32_t)siphash_close(&hash) & MODEL_MASK;
    return outcome;
}

enum frame_outcome frame_read(uint8_t *frame, size_t size, const struct siphash_key *key,
                              struct frame_identity *out) {
    enum frame_outcome outcome = FRAME_OTHER;
    if (size > 0 && frame[0] == PROBE_REQUEST) {
        size_t elements;
        outcome = check_header(frame, size, &elements);
        if (outcome == FRAME_KEPT)
            outcome = hash_model(frame + elements, frame + size, key, &out->model);
        if (outcome == FRAME_KEPT) {
            out->local = (frame[SENDER] & LOCAL_ADDRESS) != 0;
            out->device = hash_device(frame + SENDER, key);
        }
    }
    frame_wipe(frame, size);
    return outcome;
}
