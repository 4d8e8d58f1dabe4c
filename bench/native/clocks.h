/* The time, the processor time of a process, and numbers that differ from run to run. */
#ifndef CLOCKS_H
#define CLOCKS_H
#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double cpu_seconds(clockid_t clock) {
    struct timespec t;
    return clock_gettime(clock, &t) ? -1 : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -1 where that process is not known. */
static double process_cpu(pid_t pid) {
    clockid_t clock;
    if (pid == 0 || clock_getcpuclockid(pid, &clock) != 0) return -1;
    return cpu_seconds(clock);
}

static uint64_t random64(void) { /* xorshift64*: differs from run to run, need not be secret here */
    static uint64_t x;
    while (x == 0)
        if (getrandom(&x, sizeof x, 0) != sizeof x) x = now_ns();
    x ^= x >> 12, x ^= x << 25, x ^= x >> 27;
    return x * 0x2545F4914F6CDD1Du;
}
#endif
