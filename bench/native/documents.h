/* JSON documents, compressed once before the run, and the comparison of what comes back; WITH_DEFLATE.
 *
 * A message is compressed without those before it, which any negotiated context allows (RFC 7692
 * §7.2.1); a reply is inflated with the window of its connection, as the server may refer back.
 */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = 64, SMALLEST_DOCUMENT = 128 };

typedef struct {
    const unsigned char *plain, *wire;
    size_t size, wire_size;
} payload_t;

#ifdef WITH_DEFLATE
#include <zlib.h>

static payload_t documents[DOCUMENTS];

/* An order list of exactly `size` bytes. */
static void write_document(char *to, size_t size, uint64_t (*random)(void)) {
    static const char *const states[] = {"shipped", "pending", "cancelled", "returned"};
    size_t n = (size_t)sprintf(to, "{\"type\": \"orders\", \"page\": %u, \"orders\": [",
                               (unsigned)(random() % 900 + 100));
    while (n + 128 < size)
        n += (size_t)sprintf(to + n, "{\"id\": %u, \"state\": \"%s\", \"price\": %u.%02u, \"count\": %u}, ",
                             (unsigned)(random() % 900000 + 100000), states[random() % 4],
                             (unsigned)(random() % 900 + 100), (unsigned)(random() % 100),
                             (unsigned)(random() % 9 + 1));
    n += (size_t)sprintf(to + n, "{}], \"note\": \"");
    while (n < size - 2) to[n++] = (char)('a' + random() % 26);
    memcpy(to + n, "\"}", 2);
}

/* 0, or what went wrong. */
static const char *make_documents(size_t size, uint64_t (*random)(void)) {
    for (int i = 0; i < DOCUMENTS; i++) {
        z_stream stream = {0};
        size_t room = size + size / 8 + 256;
        unsigned char *plain = malloc(room), *wire = malloc(room);
        if (plain == NULL || wire == NULL) return "out of memory";
        if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "zlib";
        write_document((char *)plain, size, random);
        stream.next_in = plain, stream.avail_in = (uInt)size;
        stream.next_out = wire, stream.avail_out = (uInt)room;
        if (deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_out == 0) return "deflate";
        documents[i] = (payload_t){plain, wire, size, room - stream.avail_out - 4}; /* 00 00 ff ff */
        deflateEnd(&stream);
    }
    return NULL;
}

static payload_t document(uint64_t number) {
    return documents[number % DOCUMENTS];
}

static void *new_inflater(void) {
    z_stream *stream = calloc(1, sizeof *stream);
    return stream != NULL && inflateInit2(stream, -15) == Z_OK ? stream : NULL;
}

/* 1: the compressed payload holds exactly `wanted`. */
static int inflates_to(void *inflater, const unsigned char *from, size_t size, payload_t wanted) {
    static unsigned char *plain, tail[4] = {0, 0, 0xff, 0xff};
    static size_t room;
    z_stream *stream = inflater;
    if (room < wanted.size + 1 && (plain = realloc(plain, room = wanted.size + 1)) == NULL) return 0;
    stream->next_out = plain, stream->avail_out = (uInt)room;
    stream->next_in = (unsigned char *)from, stream->avail_in = (uInt)size;
    int first = inflate(stream, Z_SYNC_FLUSH);
    stream->next_in = tail, stream->avail_in = 4;
    int second = first == Z_OK ? inflate(stream, Z_SYNC_FLUSH) : first;
    if ((second != Z_OK && second != Z_BUF_ERROR) || stream->avail_in != 0) return 0;
    return room - stream->avail_out == wanted.size && memcmp(plain, wanted.plain, wanted.size) == 0;
}
#else
static const char *make_documents(size_t size, uint64_t (*random)(void)) {
    (void)size, (void)random;
    return "--deflate: compiled without zlib";
}
static payload_t document(uint64_t number) { (void)number; return (payload_t){0}; }
static void *new_inflater(void) { return NULL; }
static int inflates_to(void *inflater, const unsigned char *from, size_t size, payload_t wanted) {
    (void)inflater, (void)from, (void)size, (void)wanted;
    return 0;
}
#endif
#endif
