/* A raw TCP echo: what the kernel and the loopback cost, and so the limit of any server here.
 *
 * One thread, epoll, no protocol. Prints its port on stdout and serves until it is ended.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 1 << 20, EVENTS = 256 };

static void must(int good, const char *what) {
    if (!good) {
        perror(what);
        exit(2);
    }
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0, "socket");
    must(bind(listener, (struct sockaddr *)&address, length) == 0, "bind");
    must(listen(listener, 1024) == 0, "listen");
    must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void watch(int poll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    must(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void admit(int poll, int listener) {
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(fd >= 0, "accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(poll, fd);
}

/* The sends block: the load generator never stops reading, so they end. */
static void echo(int fd) {
    static char data[ROOM];
    ssize_t have = recv(fd, data, sizeof data, MSG_DONTWAIT), sent = 0, n;
    if (have < 0 && (errno == EAGAIN || errno == EINTR)) return;
    while (sent < have) {
        n = send(fd, data + sent, (size_t)(have - sent), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) break;
        if (n > 0) sent += n;
    }
    if (have <= 0 || sent < have) close(fd);
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
            if (ready[i].data.fd == listener) admit(poll, listener);
            else echo(ready[i].data.fd);
        }
    }
}
