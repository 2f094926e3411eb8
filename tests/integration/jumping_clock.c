// SPDX-License-Identifier: Apache-2.0
// Loaded before libc into a daemon under test (LD_PRELOAD): the wall clock jumps with every look at it, ten years ahead and ten back.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

static long jump(void) {
    static atomic_uint looks;
    const long ten_years = 10L * 365 * 86400;

    return atomic_fetch_add(&looks, 1) % 2 == 0 ? ten_years : -ten_years;
}

typedef int read_clock(clockid_t, struct timespec*);

int clock_gettime(clockid_t clock, struct timespec* now) {
    read_clock* next = (read_clock*)dlsym(RTLD_NEXT, "clock_gettime");
    const int result = next(clock, now);

    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += jump();
    return result;
}

time_t time(time_t* where) {
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
    struct timespec precise;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}
