#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"

#define SEND_MESSAGE_V2 310
#define VERSION 479
#define LANGUAGE_OTHER 7
/* Numbers of nine digits: in JSON every frame keeps its length. */
#define NUMBER_FIRST 100000000u
#define NUMBERS 900000000u

uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_int(unsigned char *at, uint32_t value, int bytes)
{
    for (int index = bytes - 1; index >= 0; index--, value >>= 8) at[index] = (unsigned char)value;
}

void write_prefix(unsigned char *frame, int binary, size_t header, size_t body)
{
    write_int(frame, (uint32_t)(4 + header + body), 4);
    write_int(frame + 4, (uint32_t)binary << 24 | (uint32_t)header, 4);
}

void frames_create(struct frames *frames, long count, size_t body, int binary)
{
    frames->bytes = malloc((size_t)count * (HEADER_BYTES_MAX + body));
    frames->ends = malloc((size_t)count * sizeof *frames->ends);
    frames->opaques = malloc((size_t)count * sizeof *frames->opaques);
    frames->count = 0;
    frames->binary = binary;
    if (!frames->bytes || !frames->ends || !frames->opaques) fail("out of memory");
}

void frames_destroy(struct frames *frames)
{
    free(frames->bytes);
    free(frames->ends);
    free(frames->opaques);
}

/* The header's length; `opaque` tells where the number stands. */
static size_t encode_json(char *out, const struct send *send, size_t *opaque)
{
    const int before = snprintf(
        out, HEADER_BYTES_MAX - 8,
        "{\"code\":%d,\"extFields\":{\"a\":\"bench\",\"b\":\"%s\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":\"%ld\",\"f\":\"0\","
        "\"g\":\"1700000000000\",\"h\":\"0\",\"i\":\"UNIQ_KEY\\u00017F0000010001000000010203040506%02lX\\u0002"
        "WAIT\\u0001true\\u0002\",\"j\":\"0\",\"k\":\"false\",\"m\":\"false\",\"n\":\"broker-%ld\"},\"flag\":%d,"
        "\"language\":\"OTHER\",\"opaque\":",
        SEND_MESSAGE_V2, send->topic, send->queue, send->queue & 0xFF, send->broker, send->oneway ? 2 : 0);
    const int behind = snprintf(out + before, HEADER_BYTES_MAX - 8 - (size_t)before, "%u,\"version\":%d}",
                                NUMBER_FIRST, VERSION);
    *opaque = (size_t)before;
    return (size_t)(before + behind);
}

static unsigned char *put_field(unsigned char *at, const char *name, const char *value)
{
    const size_t name_len = strlen(name), value_len = strlen(value);
    write_int(at, (uint32_t)name_len, 2);
    memcpy(at + 2, name, name_len);
    write_int(at + 2 + name_len, (uint32_t)value_len, 4);
    memcpy(at + 6 + name_len, value, value_len);
    return at + 6 + name_len + value_len;
}

static size_t encode_binary(unsigned char *out, const struct send *send, size_t *opaque)
{
    char queue[24], broker[40], properties[128];
    snprintf(queue, sizeof queue, "%ld", send->queue);
    snprintf(broker, sizeof broker, "broker-%ld", send->broker);
    snprintf(properties, sizeof properties, "UNIQ_KEY\0017F0000010001000000010203040506%02lX\002WAIT\001true\002",
             send->queue & 0xFF);
    write_int(out, SEND_MESSAGE_V2, 2);
    out[2] = LANGUAGE_OTHER;
    write_int(out + 3, VERSION, 2);
    *opaque = 5;
    write_int(out + 5, NUMBER_FIRST, 4);
    write_int(out + 9, send->oneway ? 2 : 0, 4);
    write_int(out + 13, 0, 4);
    const char *const fields[][2] = { { "a", "bench" }, { "b", send->topic },      { "c", "TBW102" }, { "d", "4" },
                                      { "e", queue },   { "f", "0" },              { "g", "1700000000000" },
                                      { "h", "0" },     { "i", properties },       { "j", "0" },      { "k", "false" },
                                      { "m", "false" }, { "n", broker } };
    unsigned char *at = out + 21;
    for (size_t field = 0; field < sizeof fields / sizeof *fields; field++)
        at = put_field(at, fields[field][0], fields[field][1]);
    write_int(out + 17, (uint32_t)(at - out - 21), 4);
    return (size_t)(at - out);
}

void frames_add(struct frames *frames, const struct send *send, const unsigned char *body, size_t len)
{
    const long index = frames->count++;
    const size_t start = index > 0 ? frames->ends[index - 1] : 0;
    unsigned char *frame = frames->bytes + start;
    size_t opaque;
    const size_t header = frames->binary ? encode_binary(frame + 8, send, &opaque)
                                         : encode_json((char *)frame + 8, send, &opaque);
    write_prefix(frame, frames->binary, header, len);
    memcpy(frame + 8 + header, body, len);
    frames->opaques[index] = start + 8 + opaque;
    frames->ends[index] = start + 8 + header + len;
}

void frames_number(struct frames *frames, long index, uint64_t number)
{
    unsigned char *at = frames->bytes + frames->opaques[index];
    uint32_t opaque = NUMBER_FIRST + (uint32_t)(number % NUMBERS);
    if (frames->binary) {
        write_int(at, opaque, 4);
        return;
    }
    for (int digit = 8; digit >= 0; digit--, opaque /= 10) at[digit] = (unsigned char)('0' + opaque % 10);
}
