#define _GNU_SOURCE
#include "figures.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "loop.h"

/* Values below 2^BITS each have a place; every power of two above has 2^BITS places. */
static unsigned place_of(int64_t ns)
{
    const uint64_t value = ns < 0 ? 0 : (uint64_t)ns;
    if (value < 1u << HISTOGRAM_BITS) return (unsigned)value;
    const unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
    const unsigned place = (shift << HISTOGRAM_BITS) + (unsigned)(value >> shift);
    return place < HISTOGRAM_SIZE ? place : HISTOGRAM_SIZE - 1;
}

/* The middle of a place. */
static double value_of(unsigned place)
{
    if (place < 2u << HISTOGRAM_BITS) return place;
    const unsigned shift = (place >> HISTOGRAM_BITS) - 1;
    const uint64_t low = (uint64_t)((place & ((1u << HISTOGRAM_BITS) - 1)) | 1u << HISTOGRAM_BITS) << shift;
    return (double)low + (double)(1ull << shift) / 2;
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_record(struct histogram *histogram, int64_t ns)
{
    atomic_fetch_add_explicit(&histogram->counts[place_of(ns)], 1, memory_order_relaxed);
    int64_t max = atomic_load_explicit(&histogram->max_ns, memory_order_relaxed);
    while (ns > max && !atomic_compare_exchange_weak(&histogram->max_ns, &max, ns)) {
    }
}

void histogram_add(struct histogram *histogram, struct histogram *other)
{
    for (unsigned place = 0; place < HISTOGRAM_SIZE; place++) histogram->counts[place] += other->counts[place];
    if (other->max_ns > histogram->max_ns) histogram->max_ns = other->max_ns;
}

double histogram_quantile(struct histogram *histogram, double percent)
{
    unsigned long total = 0, seen = 0;
    for (unsigned place = 0; place < HISTOGRAM_SIZE; place++) total += histogram->counts[place];
    const double wanted = (double)total * percent / 100;
    for (unsigned place = 0; place < HISTOGRAM_SIZE; place++) {
        seen += histogram->counts[place];
        if (seen > 0 && (double)seen >= wanted) return value_of(place) / 1e3;
    }
    return 0;
}

double histogram_max(struct histogram *histogram)
{
    return (double)histogram->max_ns / 1e3;
}

struct usage usage_now(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) fail("the system does not tell what this process used");
    const int64_t seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    return (struct usage){ .at_ns = now_ns(),
                           .cpu_us = seconds * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
                           .switches = usage.ru_nvcsw };
}

long rss_kib(void)
{
    long kib = -1;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) fail("/proc/self/status cannot be read");
    while (kib < 0 && fgets(line, sizeof line, status)) {
        if (sscanf(line, "VmRSS: %ld", &kib) != 1) kib = -1;
    }
    fclose(status);
    if (kib < 0) fail("/proc/self/status has no VmRSS");
    return kib;
}

long thread_count(void)
{
    long count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) fail("/proc/self/task cannot be read");
    for (const struct dirent *entry = readdir(tasks); entry; entry = readdir(tasks)) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}
