/* What the generator is told on its command line. */
#ifndef SETTINGS_H
#define SETTINGS_H
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "documents.h"

enum { RSV1 = 0x40, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { MAX_CONNECTIONS = 60000, MAX_SIZE = 16 << 20, MAX_DEPTH = 1024, MAX_SECONDS = 600 };
enum { RATE_DEPTH = 64, FINEST_TICK = 50000 /* ns */, SPARE_FILES = 16 };
enum { CONTROL_ROOM = 1024, RESPONSE_ROOM = 8192, EVENTS = 256, PATTERN_SHIFTS = 4096 };

typedef enum { ECHO, BROADCAST, IDLE, HANDSHAKES } work_t;

static struct {
    work_t work;
    int port, raw, opcode, parallel, deflate, tls;
    uint32_t connections, size, depth, active;
    double seconds, warmup, stall, rate;
    const char *path;
    uint64_t messages;
    pid_t pid;
} cfg = {.opcode = TEXT, .parallel = 64, .connections = 1, .size = 32,
         .seconds = 1, .warmup = 0.2, .stall = 10, .path = "/"};

static void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("load: ", stderr), vfprintf(stderr, format, args), fputc('\n', stderr);
    va_end(args);
    exit(2);
}

static double number(const char *name, const char *text, double low, double high) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        die("--%s: must be %g..%g, not %s", name, low, high, text);
    return value;
}

static void set_option(const char *name, const char *text) {
    if (!strcmp(name, "port")) cfg.port = (int)number(name, text, 1, 65535);
    else if (!strcmp(name, "size")) cfg.size = (uint32_t)number(name, text, 0, MAX_SIZE);
    else if (!strcmp(name, "depth")) cfg.depth = (uint32_t)number(name, text, 1, MAX_DEPTH);
    else if (!strcmp(name, "seconds")) cfg.seconds = number(name, text, 0, MAX_SECONDS);
    else if (!strcmp(name, "messages")) cfg.messages = (uint64_t)number(name, text, 1, 1e12);
    else if (!strcmp(name, "warmup")) cfg.warmup = number(name, text, 0, MAX_SECONDS);
    else if (!strcmp(name, "stall")) cfg.stall = number(name, text, 0.1, MAX_SECONDS);
    else if (!strcmp(name, "parallel")) cfg.parallel = (int)number(name, text, 1, MAX_CONNECTIONS);
    else if (!strcmp(name, "pid")) cfg.pid = (pid_t)number(name, text, 1, 1 << 30);
    else if (!strcmp(name, "rate")) cfg.rate = number(name, text, 1, 1e6);
    else if (!strcmp(name, "active")) cfg.active = (uint32_t)number(name, text, 1, MAX_CONNECTIONS);
    else if (!strcmp(name, "path")) cfg.path = text;
    else if (!strcmp(name, "binary")) cfg.opcode = BINARY;
    else if (!strcmp(name, "raw")) cfg.raw = 1;
    else if (!strcmp(name, "deflate")) cfg.deflate = 1;
    else if (!strcmp(name, "tls")) cfg.tls = 1;
    else {
        cfg.connections = (uint32_t)number(name, text, 1, MAX_CONNECTIONS);
        cfg.work = !strcmp(name, "idle") ? IDLE : !strcmp(name, "handshakes") ? HANDSHAKES
                 : !strcmp(name, "broadcast") ? BROADCAST : ECHO;
    }
}

static void parse_options(int argc, char **argv) {
    static const struct option options[] = {
        {"port", 1, 0, 0}, {"connections", 1, 0, 0}, {"size", 1, 0, 0}, {"depth", 1, 0, 0},
        {"seconds", 1, 0, 0}, {"messages", 1, 0, 0}, {"warmup", 1, 0, 0}, {"stall", 1, 0, 0},
        {"parallel", 1, 0, 0}, {"pid", 1, 0, 0}, {"binary", 0, 0, 0}, {"raw", 0, 0, 0},
        {"idle", 1, 0, 0}, {"handshakes", 1, 0, 0}, {"broadcast", 1, 0, 0}, {"rate", 1, 0, 0},
        {"active", 1, 0, 0}, {"path", 1, 0, 0}, {"deflate", 0, 0, 0}, {"tls", 0, 0, 0}, {0, 0, 0, 0}};
    int index, found;
    while ((found = getopt_long(argc, argv, "", options, &index)) == 0)
        set_option(options[index].name, optarg);
    if (found != -1 || optind != argc) exit(2);
    if (cfg.port == 0) die("--port: is needed");
    if (cfg.raw && (cfg.work == HANDSHAKES || cfg.deflate || cfg.tls))
        die("--raw: has no handshakes, no --deflate and no --tls");
    if (cfg.rate > 0 && cfg.work != ECHO) die("--rate: is for echoes");
    if (cfg.active == 0) cfg.active = cfg.connections;
    if (cfg.active > cfg.connections) die("--active: must be at most --connections");
    if (cfg.deflate && (cfg.size < SMALLEST_DOCUMENT || cfg.size > 32768))
        die("--deflate: needs a --size of %d..32768", SMALLEST_DOCUMENT);
    if (cfg.depth == 0) cfg.depth = cfg.rate > 0 ? RATE_DEPTH : 1;
    if (cfg.work != ECHO) cfg.depth = 1;
}
#endif
