/* The sniffer's tables and ring on this board; what they cost is in firmware/sniffer/sniffer.c. */
#define SNIFFER_ADDRESSES 2048
#define SNIFFER_MODELS 128
#define SNIFFER_RING 1024
