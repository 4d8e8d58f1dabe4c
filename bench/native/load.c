/* A WebSocket load generator: one thread, epoll, loopback only; libc, and OpenSSL and zlib if wanted.
 *
 * Law: every reply is compared byte for byte (header and payload) with the one frame RFC 6455 allows
 * for it: unmasked, final, shortest length form, same type, same content, same order. A compressed one
 * is compared after inflating. A run with one wrong byte counts an error and exits 1.
 *
 *   load --port P [--connections N] [--size B] [--depth D] [--binary]     echo
 *   load --port P ... --rate R [--active A]   R messages a second in all, over A of the connections,
 *                                      whether replies come or not; latency from when one was due
 *   load --port P ... --deflate        JSON, with permessage-deflate
 *   load --port P --broadcast N        one of N sends, all N receive; a message is one delivery
 *   load --port P --idle N             open N, one hello each, hold them until stdin closes
 *   load --port P --handshakes K       whole lives (connect, upgrade, close), K in parallel
 *   ... --tls                          through TLS; --path /x asks for that path
 *
 * One JSON line on stdout. Times are counted from the end of the warm-up; --pid names the server,
 * whose CPU clock (user + system, all threads) is read at the same two moments.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clocks.h"
#include "documents.h"
#include "latencies.h"
#include "settings.h"
#include "transport.h"

typedef enum { OPENING, WARMING, MEASURING, HOLDING, FINISHED } phase_t;
typedef enum { FREE, CONNECTING, SECURING, UPGRADING, OPEN, CLOSING } state_t;

typedef struct {
    link_t link;
    state_t state;
    int wants_write;
    uint32_t number;              /* shifts the payload, so that no two connections send the same */
    uint64_t sent, received;      /* data messages */
    uint64_t *sent_at;            /* ns, a ring of depth */
    uint64_t born;                /* ns */
    void *inflater;
    unsigned char *in, *out;
    size_t in_len, out_pos, out_len;
} conn_t;

static phase_t phase = OPENING;
static conn_t *conns;
static int epoll_fd, timer; /* the timer's address marks its events */
static uint32_t opened, started;
static size_t in_room, out_room;
static unsigned char *pattern;      /* printable, so any slice of it is text as well as bytes */
static unsigned char reply_head[10];
static size_t reply_head_len;
static uint64_t messages, errors, progress_at, phase_from, window_from, window_to, rate_from, due;
static uint64_t delivered;
static double server_cpu_from, server_cpu_to, own_cpu_from, own_cpu_to;
static char first_error[160];

static void *must(void *memory) {
    if (memory == NULL) die("out of memory");
    return memory;
}

/* -- connections ---------------------------------------------------------------------------------- */

static void drop(conn_t *c) {
    if (c->link.tls != NULL) tls_end(&c->link);
    close(c->link.fd);
    c->link.fd = -1;
    c->state = FREE;
}

static void fail(conn_t *c, const char *format, ...) {
    if (errors++ == 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(first_error, sizeof first_error, format, args);
        va_end(args);
    }
    if (c != NULL && c->state != FREE) drop(c);
}

static void watch(conn_t *c, int operation, int wants_write) {
    struct epoll_event event = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->link.fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
    c->wants_write = wants_write;
}

/* One address has 28,000 ports, and a closed one waits a minute: 127.0.0.1..200 take turns. */
static void bind_source(int fd) {
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + started % 200)};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) die("bind: %s", strerror(errno));
}

static void open_connection(conn_t *c) {
    int on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)cfg.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = c->link.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_source(fd);
    c->in_len = c->out_pos = c->out_len = 0;
    c->sent = c->received = 0;
    c->number = started++;
    c->born = now_ns();
    c->state = CONNECTING;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        fail(c, "connect: %s", strerror(errno));
    else
        watch(c, EPOLL_CTL_ADD, 1);
}

static void flush(conn_t *c) {
    while (c->out_pos < c->out_len) {
        ssize_t n = transmit(&c->link, c->out + c->out_pos, c->out_len - c->out_pos);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) { fail(c, "send: %s", strerror(errno)); return; }
        if (n < 0) break;
        c->out_pos += (size_t)n;
    }
    if (c->out_pos == c->out_len) c->out_pos = c->out_len = 0;
    if (c->wants_write != (c->out_len != 0)) watch(c, EPOLL_CTL_MOD, c->out_len != 0);
}

/* -- frames ---------------------------------------------------------------------------------------- */

static size_t frame_head(unsigned char *to, int opcode, size_t size, int masked) {
    size_t n = 2;
    to[0] = (unsigned char)(0x80 | opcode);
    to[1] = (unsigned char)((masked ? 0x80 : 0) | (size < 126 ? size : size < 65536 ? 126 : 127));
    if (size >= 126)
        for (int shift = size < 65536 ? 8 : 56; shift >= 0; shift -= 8)
            to[n++] = (unsigned char)((uint64_t)size >> shift);
    return n;
}

static void queue_frame(conn_t *c, int opcode, const unsigned char *payload, size_t size) {
    if (c->out_pos > 0) { /* keeps what is unsent at the front, so the room computed once is enough */
        memmove(c->out, c->out + c->out_pos, c->out_len - c->out_pos);
        c->out_len -= c->out_pos, c->out_pos = 0;
    }
    if (c->out_len + size + 14 > out_room) { fail(c, "more pings than replies"); return; }
    unsigned char *to = c->out + c->out_len;
    uint32_t key = cfg.raw ? 0 : (uint32_t)(random64() >> 32);
    uint64_t wide = key | (uint64_t)key << 32, word;
    size_t n = frame_head(to, opcode, size, !cfg.raw), i = 0;
    if (!cfg.raw) memcpy(to + n, &key, 4), n += 4;
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, payload + i, 8);
        word ^= wide;
        memcpy(to + n + i, &word, 8);
    }
    for (; i < size; i++) to[n + i] = payload[i] ^ ((unsigned char *)&key)[i % 4];
    c->out_len += n + size;
}

static payload_t payload_of(const conn_t *c, uint64_t message) {
    if (cfg.deflate) return document(c->number + message * 7);
    const unsigned char *plain = pattern + (c->number * 31 + message * 7) % PATTERN_SHIFTS;
    return (payload_t){plain, plain, cfg.size, cfg.size};
}

static void queue_message(conn_t *c, uint64_t now) {
    payload_t payload = payload_of(c, c->sent);
    c->sent_at[c->sent % cfg.depth] = now;
    queue_frame(c, cfg.opcode | (cfg.deflate ? RSV1 : 0), payload.wire, payload.wire_size);
    c->sent++;
}

static void ask_again(conn_t *c, uint64_t now) {
    if (cfg.work == IDLE) {
        opened++;
    } else if (cfg.work == BROADCAST) {
        if (++delivered % cfg.connections != 0 || phase == FINISHED) return;
        queue_message(conns, now);
        flush(conns);
    } else if (cfg.rate == 0 && phase != FINISHED) {
        queue_message(c, now);
    }
}

/* Of a broadcast the first connection is the sender. */
static conn_t *sender_of(conn_t *c) {
    return cfg.work == BROADCAST ? conns : c;
}

static void check_reply(conn_t *c, const unsigned char *payload, size_t size, uint64_t now) {
    uint64_t number = c->received++;
    payload_t wanted = payload_of(sender_of(c), number);
    int good = cfg.deflate ? inflates_to(c->inflater, payload, size, wanted)
                           : memcmp(payload, wanted.plain, size) == 0;
    progress_at = now;
    if (!good) {
        fail(NULL, "reply %llu has wrong content", (unsigned long long)number);
    } else if (phase == MEASURING) {
        messages++;
        record_latency(now - sender_of(c)->sent_at[number % cfg.depth]);
    }
    ask_again(c, now);
}

/* The head of the reply at hand: its length, or 0 while bytes are missing; a wrong one fails. */
static size_t reply_head_at(conn_t *c, const unsigned char *at, size_t have, size_t *size) {
    if (!cfg.deflate) {
        *size = cfg.size;
        if (memcmp(at, reply_head, have < reply_head_len ? have : reply_head_len) == 0)
            return have < reply_head_len ? 0 : reply_head_len;
    } else if (at[0] == (0x80 | RSV1 | cfg.opcode) && (have < 2 || at[1] < 127)) {
        size_t length = have < 2 || at[1] < 126 ? 2 : 4;
        if (have < length) return 0;
        *size = length == 2 ? at[1] : (size_t)(at[2] << 8 | at[3]);
        if (length + *size <= in_room) return length;
    }
    fail(c, "wrong frame header %02x %02x", at[0], have > 1 ? at[1] : 0);
    return 0;
}

/* A control frame of the server: 0 while it is incomplete, else its length. */
static size_t take_control(conn_t *c, const unsigned char *at, size_t have, uint64_t now) {
    if (have < 2 || have < 2u + at[1]) return 0;
    if (at[0] == (0x80 | PING)) {
        queue_frame(c, PONG, at + 2, at[1]);
    } else if (c->state == CLOSING) {
        c->received = 1;
    } else {
        fail(c, "closed by the server, code %d", at[1] < 2 ? 1005 : at[2] << 8 | at[3]);
    }
    progress_at = now;
    return 2u + at[1];
}

static void take_frames(conn_t *c, uint64_t now) {
    size_t pos = 0, head, size, taken;
    while (c->state >= OPEN && pos < c->in_len) {
        const unsigned char *at = c->in + pos;
        size_t have = c->in_len - pos;
        if (at[0] == (0x80 | PING) || at[0] == (0x80 | CLOSE)) {
            if (have > 1 && at[1] > 125) { fail(c, "masked or too long control frame"); return; }
            if ((taken = take_control(c, at, have, now)) == 0) break;
            pos += taken;
            continue;
        }
        if (c->state == CLOSING || c->received == sender_of(c)->sent) {
            fail(c, "unasked frame");
            return;
        }
        if ((head = reply_head_at(c, at, have, &size)) == 0 || have < head + size) break;
        check_reply(c, at + head, size, now);
        pos += head + size;
    }
    memmove(c->in, c->in + pos, c->in_len - pos);
    c->in_len -= pos;
}

/* -- the life of a connection ----------------------------------------------------------------------- */

static void upgrade(conn_t *c) {
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char key[25] = "";
    uint64_t bits = random64();
    for (int i = 0; i < 22; i++) { /* 21 digits of 6 bits, one of 2: the 16 bytes of §4.1 */
        key[i] = base64[i == 21 ? (bits & 3) << 4 : bits & 63];
        bits = i % 10 == 9 ? random64() : bits >> 6;
    }
    c->state = UPGRADING;
    c->out_len = (size_t)snprintf(
        (char *)c->out, out_room,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", cfg.path, cfg.port, key,
        cfg.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
}

static void begin(conn_t *c, uint64_t now) {
    static const unsigned char normal[2] = {1000 >> 8, 1000 & 255};
    c->state = OPEN;
    progress_at = now;
    if (cfg.work == HANDSHAKES) {
        if (phase == MEASURING) record_latency(now - c->born);
        c->state = CLOSING;
        queue_frame(c, CLOSE, normal, 2);
    } else if (cfg.work == IDLE) {
        queue_message(c, now);
    } else {
        opened++; /* the first messages go out when all connections are open */
    }
}

static void take_response(conn_t *c, uint64_t now) {
    unsigned char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
    if (end == NULL) {
        if (c->in_len >= RESPONSE_ROOM) fail(c, "response too long");
        return;
    }
    if (c->in_len < 12 || memcmp(c->in, "HTTP/1.1 101", 12) != 0) {
        fail(c, "handshake answered: %.*s", (int)strcspn((char *)c->in, "\r"), c->in);
        return;
    }
    if (cfg.deflate && memmem(c->in, (size_t)(end - c->in), "permessage-deflate", 18) == NULL) {
        fail(c, "permessage-deflate was not accepted");
        return;
    }
    c->in_len -= (size_t)(end + 4 - c->in);
    memmove(c->in, end + 4, c->in_len);
    begin(c, now);
}

static void lost(conn_t *c, const char *how, uint64_t now) {
    if (c->state == CLOSING && c->received == 1) { /* the server's close frame, then its end: a life */
        progress_at = now;
        if (phase == MEASURING) messages++;
        drop(c);
    } else {
        fail(c, "connection lost: %s", how);
    }
}

static int take_some(conn_t *c) {
    ssize_t n = receive(&c->link, c->in + c->in_len, in_room - c->in_len);
    uint64_t now = now_ns();
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) { lost(c, n < 0 ? strerror(errno) : "end of stream", now); return 0; }
    c->in_len += (size_t)n;
    if (c->state == UPGRADING) take_response(c, now);
    if (c->state >= OPEN) take_frames(c, now);
    if (c->state >= UPGRADING && c->out_len > 0) flush(c);
    return c->state >= UPGRADING;
}

/* A socket tells again what is left in it; what TLS has taken out of it, it does not. */
static void readable(conn_t *c) {
    while (take_some(c) && c->link.tls != NULL) {}
}

static void secure(conn_t *c) {
    if (c->state == CONNECTING && tls_begin(&c->link) != 0) { fail(c, "no TLS"); return; }
    c->state = SECURING;
    int done = tls_secure(&c->link);
    if (done < 0) { fail(c, "TLS handshake failed"); return; }
    if (done == 0) { watch(c, EPOLL_CTL_MOD, tls_wants_write(&c->link)); return; }
    upgrade(c);
    flush(c);
}

static void handle(conn_t *c, uint32_t events) {
    if (cfg.tls && (c->state == SECURING || (c->state == CONNECTING && events & EPOLLOUT))) {
        secure(c);
        return;
    }
    if (c->state == CONNECTING && events & EPOLLOUT) {
        if (cfg.raw) begin(c, now_ns());
        else upgrade(c);
        flush(c);
    }
    if (c->state != FREE && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
    else if (c->state >= UPGRADING && events & EPOLLOUT) flush(c);
}

/* -- the run ------------------------------------------------------------------------------------------ */

static void open_some(void) {
    static uint32_t next;
    uint32_t limit = (uint32_t)cfg.parallel;
    if (cfg.work == HANDSHAKES) {
        for (uint32_t i = 0; i < cfg.connections && phase != FINISHED; i++)
            if (conns[i].state == FREE) open_connection(&conns[i]);
        return;
    }
    while (next < cfg.connections && next - opened < limit && errors == 0)
        open_connection(&conns[next++]);
}

static void enter(phase_t next, uint64_t now) {
    phase = next;
    phase_from = progress_at = now;
}

static void start_measuring(uint64_t now) {
    enter(MEASURING, now);
    window_from = now;
    server_cpu_from = process_cpu(cfg.pid);
    own_cpu_from = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop_measuring(uint64_t now) {
    if (phase == MEASURING) {
        window_to = now;
        server_cpu_to = process_cpu(cfg.pid);
        own_cpu_to = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    }
    phase = FINISHED;
}

static void start_clock(uint64_t now) {
    long tick = (long)(1e9 / cfg.rate) > FINEST_TICK ? (long)(1e9 / cfg.rate) : FINEST_TICK;
    struct timespec each = {tick / 1000000000, tick % 1000000000};
    struct itimerspec ticks = {each, each};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &timer};
    rate_from = now;
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0 || timerfd_settime(timer, 0, &ticks, NULL) != 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer, &event) != 0)
        die("timer: %s", strerror(errno));
}

/* It ticks again only after its ticks were read. */
static void tick(void) {
    uint64_t ticks;
    if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer: %s", strerror(errno));
}

/* What is due by now. A connection that owes RATE_DEPTH replies holds the others up: all of it late. */
static void send_due(uint64_t now) {
    while (errors == 0) {
        uint64_t at = rate_from + (uint64_t)((double)due * 1e9 / cfg.rate);
        conn_t *c = &conns[due % cfg.active];
        if (at > now || c->sent - c->received >= cfg.depth) return;
        queue_message(c, at);
        flush(c);
        due++;
    }
}

static void start_traffic(uint64_t now) {
    if (cfg.rate > 0) { start_clock(now); return; }
    for (uint32_t i = 0; i < (cfg.work == BROADCAST ? 1 : cfg.connections); i++) {
        conn_t *c = &conns[i];
        for (uint32_t k = 0; k < cfg.depth && c->state == OPEN; k++) queue_message(c, now);
        if (c->state == OPEN) flush(c);
    }
}

static void print_result(void) {
    static const char *const names[] = {"echo", "broadcast", "idle", "handshakes"};
    double seconds = (double)(window_to - window_from) / 1e9;
    printf("{\"mode\": \"%s\", \"connections\": %u, \"size\": %u, \"depth\": %u, \"type\": \"%s\", "
           "\"messages\": %llu, \"seconds\": %.6f, \"messages_per_second\": %.1f, ",
           names[cfg.work], cfg.connections, cfg.size, cfg.depth,
           cfg.opcode == TEXT ? "text" : "binary", (unsigned long long)messages, seconds,
           seconds > 0 ? (double)messages / seconds : 0);
    printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, ", percentile_us(0.5),
           percentile_us(0.99), (double)latency_max / 1e3);
    if (cfg.pid != 0 && server_cpu_from >= 0 && server_cpu_to >= 0)
        printf("\"server_cpu_seconds\": %.6f, ", server_cpu_to - server_cpu_from);
    for (char *p = first_error; *p; p++) /* a server's own words: keep the line JSON */
        if (*p < 32 || *p > 126 || *p == '"' || *p == '\\') *p = '?';
    printf("\"generator_cpu_seconds\": %.6f, \"errors\": %llu, \"error\": \"%s\"}\n",
           own_cpu_to - own_cpu_from, (unsigned long long)errors, first_error);
    fflush(stdout);
}

static void all_open(uint64_t now) {
    if (cfg.work == IDLE) {
        window_to = now;
        messages = opened;
        own_cpu_to = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
        enter(HOLDING, now);
        print_result();
    } else {
        enter(WARMING, now);
        if (cfg.work == ECHO) start_traffic(now);
    }
}

static double seconds_in_phase(uint64_t now) {
    return (double)(now - phase_from) / 1e9;
}

static int is_measured(uint64_t now) {
    return cfg.messages ? messages >= cfg.messages : seconds_in_phase(now) >= cfg.seconds;
}

/* Moves the run from phase to phase; without a warm-up through two of them at once. */
static void advance(uint64_t now) {
    if (phase == OPENING && (cfg.work == HANDSHAKES || opened == cfg.connections)) all_open(now);
    /* A server may enrol a connection after it has answered it; a broadcast must not come before. */
    if (phase == WARMING && cfg.work == BROADCAST && conns->sent == 0 &&
        seconds_in_phase(now) >= cfg.warmup / 2)
        start_traffic(now);
    if (phase == WARMING && seconds_in_phase(now) >= cfg.warmup) start_measuring(now);
    if (phase == MEASURING && is_measured(now)) stop_measuring(now);
    if (phase < HOLDING && (double)(now - progress_at) / 1e9 > cfg.stall)
        fail(NULL, "nothing came for %g s", cfg.stall);
    if (phase == MEASURING && seconds_in_phase(now) > MAX_SECONDS)
        fail(NULL, "not done after %d s", MAX_SECONDS);
    if (errors != 0) stop_measuring(now);
}

static int stdin_closed(void) {
    char discarded[256];
    ssize_t n = read(STDIN_FILENO, discarded, sizeof discarded);
    return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

static void run(void) {
    struct epoll_event ready[EVENTS], held = {.events = EPOLLIN, .data.ptr = NULL};
    if (cfg.work == IDLE && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &held) != 0)
        die("stdin: must be a pipe or a terminal, it ends --idle");
    window_from = now_ns();
    enter(OPENING, window_from);
    while (phase != FINISHED) {
        open_some();
        int n = epoll_wait(epoll_fd, ready, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.ptr == NULL) phase = stdin_closed() ? FINISHED : phase;
            else if (ready[i].data.ptr == &timer) tick();
            else handle(ready[i].data.ptr, ready[i].events);
        }
        if (rate_from != 0) send_due(now_ns());
        if (phase != FINISHED) advance(now_ns());
    }
    if (cfg.work != IDLE || errors != 0) print_result();
}

/* -- set-up --------------------------------------------------------------------------------------------- */

static void raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < cfg.connections + SPARE_FILES)
        die("--connections: %u are more files than a process here may open (%llu)", cfg.connections,
            (unsigned long long)files.rlim_max);
}

static void make_room(void) {
    reply_head_len = frame_head(reply_head, cfg.opcode, cfg.size, 0);
    size_t slack = cfg.deflate ? cfg.size / 8 + 256 : 0; /* what deflate may add to a message */
    out_room = cfg.depth * (cfg.size + slack + 14) + CONTROL_ROOM;
    in_room = cfg.depth * (cfg.size + slack + 10) + CONTROL_ROOM;
    if (in_room < RESPONSE_ROOM) in_room = RESPONSE_ROOM;
    pattern = must(malloc(cfg.size + PATTERN_SHIFTS));
    for (size_t i = 0; i < cfg.size + PATTERN_SHIFTS; i++)
        pattern[i] = (unsigned char)(' ' + random64() % 95);
    const char *trouble = cfg.deflate ? make_documents(cfg.size, random64) : NULL;
    if (trouble != NULL) die("%s", trouble);
    conns = must(calloc(cfg.connections, sizeof *conns));
    for (uint32_t i = 0; i < cfg.connections; i++) {
        conns[i].in = must(malloc(in_room));
        conns[i].out = must(malloc(out_room));
        conns[i].sent_at = must(calloc(cfg.depth, sizeof(uint64_t)));
        conns[i].inflater = cfg.deflate ? must(new_inflater()) : NULL;
    }
}

int main(int argc, char **argv) {
    parse_options(argc, argv);
    raise_file_limit();
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    make_room();
    if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll: %s", strerror(errno));
    run();
    return errors != 0;
}
