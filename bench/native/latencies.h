/* Latencies in log-linear buckets, 128 to a power of two, so within 1 %. */
#ifndef LATENCIES_H
#define LATENCIES_H
#include <stdint.h>

static uint64_t buckets[64 * 128], latency_max;

static void record_latency(uint64_t ns) {
    int shift = ns < 256 ? 0 : 56 - __builtin_clzll(ns);
    buckets[shift * 128 + (int)(ns >> shift)]++;
    if (ns > latency_max) latency_max = ns;
}

static double percentile_us(double share) {
    uint64_t seen = 0, total = 0;
    for (int i = 0; i < 64 * 128; i++) total += buckets[i];
    for (int i = 0; i < 64 * 128; i++) {
        seen += buckets[i];
        if (total && (double)seen >= share * (double)total) {
            int shift = i < 256 ? 0 : i / 128 - 1;
            return (double)((uint64_t)(i - shift * 128) << shift) / 1e3;
        }
    }
    return 0;
}
#endif
