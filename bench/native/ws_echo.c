/* A native WebSocket echo, for clients to be measured against; links libcrypto for SHA-1.
 *
 * One thread, epoll. It trusts its clients: whole frames, masked, no fragments, no extensions. Prints
 * its port on stdout and serves until it is ended.
 */
#define _GNU_SOURCE
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <string.h>

#include "listening.h"

enum { ROOM = 1 << 18, MAX_FD = 1024, CLOSE = 8, PING = 9, PONG = 10 };

typedef struct {
    int open;
    size_t have;
    unsigned char in[ROOM];
} client_t;

static client_t *clients[MAX_FD];
static unsigned char out[2 * ROOM];

static void drop(int fd) {
    close(fd);
    free(clients[fd]);
    clients[fd] = NULL;
}

static int accept_upgrade(int fd, client_t *c) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", name[] = "sec-websocket-key:";
    unsigned char digest[SHA_DIGEST_LENGTH], base64[32], joined[24 + sizeof guid];
    char answer[256];
    c->in[c->have] = 0;
    char *end = strstr((char *)c->in, "\r\n\r\n"), *key = strcasestr((char *)c->in, name);
    if (end == NULL) return c->have < ROOM - 1;
    if (key == NULL || end - key < (long)sizeof name + 24) return 0;
    key += sizeof name - 1;
    key += strspn(key, " ");
    memcpy(joined, key, 24), memcpy(joined + 24, guid, sizeof guid - 1);
    SHA1(joined, 24 + sizeof guid - 1, digest);
    EVP_EncodeBlock(base64, digest, sizeof digest);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64);
    c->have -= (size_t)(end + 4 - (char *)c->in);
    memmove(c->in, end + 4, c->have);
    c->open = 1;
    return send_all(fd, answer, (size_t)n);
}

/* The length of the frame at `at`, or 0 while it is incomplete; its payload is unmasked in place. */
static size_t frame_at(unsigned char *at, size_t have, size_t *head, size_t *size) {
    if (have < 6) return 0;
    *size = at[1] & 127, *head = *size < 126 ? 6 : *size == 126 ? 8 : 14;
    if (have < *head) return 0;
    if (*size >= 126) {
        size_t wide = *head - 6;
        *size = 0;
        for (size_t i = 0; i < wide; i++) *size = *size << 8 | at[2 + i];
    }
    if (have < *head + *size) return 0;
    const unsigned char *key = at + *head - 4;
    for (size_t i = 0; i < *size; i++) at[*head + i] ^= key[i % 4];
    return *head + *size;
}

static int answer_frames(int fd, client_t *c) {
    size_t pos = 0, queued = 0, head, size, whole;
    int closing = 0;
    while ((whole = frame_at(c->in + pos, c->have - pos, &head, &size)) != 0) {
        unsigned char *at = c->in + pos, first = at[0];
        if ((first & 15) == PONG) { pos += whole; continue; }
        out[queued] = (first & 15) == PING ? 0x80 | PONG : first;
        memcpy(out + queued + 1, at + 1, head - 5); /* the length, and its mask bit goes */
        out[queued + 1] &= 127;
        memcpy(out + queued + head - 4, at + head, size);
        queued += head - 4 + size, pos += whole;
        closing |= (first & 15) == CLOSE;
    }
    memmove(c->in, c->in + pos, c->have - pos);
    c->have -= pos;
    return send_all(fd, out, queued) && !closing;
}

static void serve(int fd) {
    client_t *c = clients[fd];
    ssize_t n = recv(fd, c->in + c->have, ROOM - 1 - c->have, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) { drop(fd); return; }
    c->have += (size_t)n;
    if (!c->open && !accept_upgrade(fd, c)) { drop(fd); return; }
    if (c->open && !answer_frames(fd, c)) drop(fd);
}

static void admit(int poll, int listener) {
    int fd = accept_one(listener);
    must(fd < MAX_FD, "too many clients");
    must((clients[fd] = calloc(1, sizeof(client_t))) != NULL, "memory");
    watch(poll, fd);
}

int main(void) { serve_for_ever(admit, serve); }
