/* A raw TCP echo: what the kernel and the loopback cost, and so the limit of any server here.
 *
 * One thread, epoll, no protocol. Prints its port on stdout and serves until it is ended.
 */
#define _GNU_SOURCE
#include "listening.h"

enum { ROOM = 1 << 20, EVENTS = 256 };

static void echo(int fd) {
    static char data[ROOM];
    ssize_t have = recv(fd, data, sizeof data, MSG_DONTWAIT);
    if (have < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (have <= 0 || !send_all(fd, data, (size_t)have)) close(fd);
}

int main(void) {
    struct epoll_event ready[EVENTS];
    int listener = listen_on_loopback(), poll = epoll_create1(EPOLL_CLOEXEC);
    must(poll >= 0, "epoll");
    watch(poll, listener);
    for (;;) {
        int n = epoll_wait(poll, ready, EVENTS, -1);
        must(n >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener) watch(poll, accept_one(listener));
            else echo(ready[i].data.fd);
        }
    }
}
