/* clock.h: time that tests can move.  Nothing else in Cairn asks the system for the time.  Any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdint.h>
#include <stddef.h>

int64_t clock_us(void);             /* microseconds since 1970 UTC, as the catalog keeps them */
int64_t clock_mono_ms(void);        /* for deadlines: never goes back */
void clock_move(int64_t delta_us);  /* tests: both clocks jump; wakes those who wait in clock_wait_* */

/* Formats of the APIs.  'buf' at least CLOCK_TEXT bytes; returns buf. */
#define CLOCK_TEXT 40
enum clock_style {
    CLOCK_Z,            /* 2020-01-01T00:00:00Z            compute, image, network */
    CLOCK_MICRO,        /* 2020-01-01T00:00:00.000000      volume, OS-SRV-USG */
    CLOCK_MICRO_Z,      /* 2020-01-01T00:00:00.000000Z     identity */
    CLOCK_HTTP,         /* Wed, 01 Jan 2020 00:00:00 GMT */
};
char *clock_format(int64_t us, enum clock_style style, char buf[CLOCK_TEXT]);
/* ISO 8601 with or without fraction and zone (Z or +hh:mm; none means UTC).  -1: not a time. */
int clock_parse(const char *text, int64_t *ret_us);
#endif
