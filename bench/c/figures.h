/* Histograms, and what the system tells of this process. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdatomic.h>
#include <stdint.h>

/* Times up to 2^40 ns, told apart to less than one per cent. Any number of threads may record. */
#define HISTOGRAM_BITS 7
#define HISTOGRAM_SIZE ((40 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
    atomic_ulong counts[HISTOGRAM_SIZE];
    _Atomic int64_t max_ns;
};

void histogram_clear(struct histogram *histogram);
void histogram_record(struct histogram *histogram, int64_t ns);
void histogram_add(struct histogram *histogram, struct histogram *other);
/* In microseconds; 0 where nothing was recorded. */
double histogram_quantile(struct histogram *histogram, double percent);
double histogram_max(struct histogram *histogram);

struct usage {
    int64_t at_ns;
    int64_t cpu_us;   /* user and system */
    int64_t switches; /* voluntary ones */
};

struct usage usage_now(void);
long rss_kib(void);
long thread_count(void);

#endif
