/* A raw TCP echo: what the kernel and the loopback cost, and so the limit of any server here.
 *
 * One thread, epoll, no protocol. Prints its port on stdout and serves until it is ended.
 */
#define _GNU_SOURCE
#include "listening.h"

enum { ROOM = 1 << 20 };

static void echo(int fd) {
    static char data[ROOM];
    ssize_t have = recv(fd, data, sizeof data, MSG_DONTWAIT);
    if (have < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (have <= 0 || !send_all(fd, data, (size_t)have)) close(fd);
}

static void admit(int poll, int listener) { watch(poll, accept_one(listener)); }

int main(void) { serve_for_ever(admit, echo); }
