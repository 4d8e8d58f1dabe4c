/* What the native servers share: a listener on the loopback, a loop, and bytes that all go out. */
#ifndef LISTENING_H
#define LISTENING_H
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int accept_one(int listener) {
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(fd >= 0, "accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* The sends block: who sends to these servers never stops reading, so they end. 0: it is gone. */
static int send_all(int fd, const void *data, size_t size) {
    size_t sent = 0;
    while (sent < size) {
        ssize_t n = send(fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) return 0;
        if (n > 0) sent += (size_t)n;
    }
    return 1;
}

/* Listens and prints the port; calls admit for who comes, serve for who has sent something. */
static void serve_for_ever(void (*admit)(int poll, int listener), void (*serve)(int fd)) {
    enum { EVENTS = 256 };
    struct epoll_event ready[EVENTS];
    int listener = listen_on_loopback(), poll = epoll_create1(EPOLL_CLOEXEC);
    must(poll >= 0, "epoll");
    watch(poll, listener);
    for (;;) {
        int n = epoll_wait(poll, ready, EVENTS, -1);
        must(n >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener) admit(poll, listener);
            else serve(ready[i].data.fd);
        }
    }
}
#endif
