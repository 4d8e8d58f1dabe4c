/* Bytes through a socket, or through TLS on it where compiled WITH_TLS (OpenSSL).
 *
 * Law: like recv() and send() on a socket that does not block: -1 and EAGAIN, whatever TLS waits for.
 * Certificates are not verified: whoever listens on this port of the loopback was just started.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

typedef struct {
    int fd;
    void *tls; /* NULL: plain */
} link_t;

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *tls_context;

static int tls_begin(link_t *link) {
    if (tls_context == NULL) tls_context = SSL_CTX_new(TLS_client_method());
    if (tls_context == NULL || (link->tls = SSL_new(tls_context)) == NULL) return -1;
    SSL_set_mode(link->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_connect_state(link->tls);
    return SSL_set_fd(link->tls, link->fd) == 1 ? 0 : -1;
}

static ssize_t tls_outcome(link_t *link, int n) {
    int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(link->tls, n);
    if (why == SSL_ERROR_NONE) return n;
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return -1;
}

/* 1: encrypted from here; 0: more bytes are needed; -1: refused. */
static int tls_secure(link_t *link) {
    ERR_clear_error();
    ssize_t n = tls_outcome(link, SSL_do_handshake(link->tls));
    return n > 0 ? 1 : n < 0 && errno == EAGAIN ? 0 : -1;
}

static int tls_wants_write(link_t *link) {
    return SSL_want_write((SSL *)link->tls);
}

static ssize_t tls_receive(link_t *link, void *to, size_t room) {
    ERR_clear_error();
    return tls_outcome(link, SSL_read(link->tls, to, (int)room));
}

static ssize_t tls_transmit(link_t *link, const void *from, size_t size) {
    ERR_clear_error();
    return tls_outcome(link, SSL_write(link->tls, from, (int)size));
}

static void tls_end(link_t *link) {
    SSL_free(link->tls);
    link->tls = NULL;
}
#else
static int tls_begin(link_t *link) { (void)link; return -1; }
static int tls_secure(link_t *link) { (void)link; return -1; }
static int tls_wants_write(link_t *link) { (void)link; return 0; }
static ssize_t tls_receive(link_t *link, void *to, size_t room) {
    (void)link, (void)to, (void)room;
    return 0;
}
static ssize_t tls_transmit(link_t *link, const void *from, size_t size) {
    (void)link, (void)from, (void)size;
    return 0;
}
static void tls_end(link_t *link) { (void)link; }
#endif

static ssize_t receive(link_t *link, void *to, size_t room) {
    return link->tls != NULL ? tls_receive(link, to, room) : recv(link->fd, to, room, 0);
}

static ssize_t transmit(link_t *link, const void *from, size_t size) {
    if (link->tls != NULL) return tls_transmit(link, from, size);
    return send(link->fd, from, size, MSG_NOSIGNAL);
}
#endif
