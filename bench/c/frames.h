/* Frames of the floor: encoded once, and only renumbered for each send. */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* Frames that lie one behind the other, so that any run of them is one write. */
struct frames {
    unsigned char *bytes;
    size_t *ends;    /* of each frame, from the first byte of all */
    size_t *opaques; /* where each frame has its number */
    long count;
    int binary;
};

struct send {
    const char *topic;
    long queue;
    long broker;
    int oneway;
};

/* Room for `count` frames with bodies of `body` bytes. */
void frames_create(struct frames *frames, long count, size_t body, int binary);
/* Appends one SEND_MESSAGE_V2 as a client writes it, properties included. */
void frames_add(struct frames *frames, const struct send *send, const unsigned char *body, size_t len);
/* Renumbers frame `index`. */
void frames_number(struct frames *frames, long index, uint64_t number);
void frames_destroy(struct frames *frames);

/* Most bytes of a frame but its body. */
#define HEADER_BYTES_MAX 1024

/* Reads `bytes` in network order. */
uint32_t read_u32(const unsigned char *bytes);
/* Fills length, format and header length of a frame whose `header` bytes follow at `frame` + 8. */
void write_prefix(unsigned char *frame, int binary, size_t header, size_t body);

#endif
