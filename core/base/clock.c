/* clock.c: the two clocks, the APIs' time formats, and the tests' way to move time. */
#include <config.h>
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock_wait.h"

static _Atomic int64_t moved_us;    /* 0 but in tests */

static pthread_mutex_t waiters_lock = PTHREAD_MUTEX_INITIALIZER;    /* innermost: nothing is locked while it is held */
static struct clock_waiter waiters = { NULL, 0, &waiters, &waiters };
static uint64_t moves;              /* under waiters_lock */

static int64_t
read_clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + atomic_load_explicit(&moved_us, memory_order_relaxed);
}

int64_t
clock_us(void)
{
    return read_clock_us(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
    return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

/* A waiter may stand between its look at the clock and its wait, where a wakeup is lost: so those who have not noticed are woken
 * again and again, for a second at most (the caller might hold the very mutex they need). */
void
clock_move(int64_t delta_us)
{
    const struct timespec pause = { 0, 200000 };
    int asleep = 1;

    atomic_fetch_add(&moved_us, delta_us);
    pthread_mutex_lock(&waiters_lock);
    moves++;
    pthread_mutex_unlock(&waiters_lock);
    for (int i = 0; asleep && i < 5000; i++) {
        asleep = 0;
        pthread_mutex_lock(&waiters_lock);
        for (struct clock_waiter *w = waiters.next; w != &waiters; w = w->next)
            if (w->moves != moves) {
                pthread_cond_broadcast(w->cond);
                asleep = 1;
            }
        pthread_mutex_unlock(&waiters_lock);
        if (asleep)
            nanosleep(&pause, NULL);
    }
}

void
clock_waiter_add(struct clock_waiter *w, pthread_cond_t *cond)
{
    w->cond = cond;
    pthread_mutex_lock(&waiters_lock);
    w->moves = moves;
    w->prev = waiters.prev;
    w->next = &waiters;
    w->prev->next = w;
    waiters.prev = w;
    pthread_mutex_unlock(&waiters_lock);
}

int
clock_waiter_moved(struct clock_waiter *w)
{
    int moved;

    pthread_mutex_lock(&waiters_lock);
    moved = w->moves != moves;
    w->moves = moves;
    pthread_mutex_unlock(&waiters_lock);
    return moved;
}

void
clock_waiter_remove(struct clock_waiter *w)
{
    pthread_mutex_lock(&waiters_lock);
    w->prev->next = w->next;
    w->next->prev = w->prev;
    pthread_mutex_unlock(&waiters_lock);
}

char *
clock_format(int64_t us, enum clock_style style, char buf[CLOCK_TEXT])
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    const int64_t first = -62135596800, last = 253402300799;    /* the years 1 and 9999: four digits hold it */
    int64_t fraction = us % 1000000;
    time_t seconds;
    struct tm tm;
    size_t len;

    us /= 1000000;
    if (fraction < 0) {
        fraction += 1000000;
        us--;
    }
    seconds = (time_t)(us < first ? first : us > last ? last : us);
    gmtime_r(&seconds, &tm);
    if (style == CLOCK_HTTP) {
        snprintf(buf, CLOCK_TEXT, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        return buf;
    }
    len = strftime(buf, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    switch (style) {
    case CLOCK_Z:
        snprintf(buf + len, CLOCK_TEXT - len, "Z");
        break;
    case CLOCK_MICRO:
    case CLOCK_MICRO_Z:
        snprintf(buf + len, CLOCK_TEXT - len, ".%06d%s", (int)fraction, style == CLOCK_MICRO_Z ? "Z" : "");
        break;
    case CLOCK_HTTP:
        break;
    }
    return buf;
}

/* Exactly 'digits' digits; the rest of the text, or NULL. */
static const char *
digits_of(const char *p, int digits, int min, int max, int *ret)
{
    int value = 0;

    if (p == NULL)
        return NULL;
    for (int i = 0; i < digits; i++, p++) {
        if (*p < '0' || *p > '9')
            return NULL;
        value = value * 10 + (*p - '0');
    }
    if (value < min || value > max)
        return NULL;
    *ret = value;
    return p;
}

static const char *
expect(const char *p, char c)
{
    return p != NULL && *p == c ? p + 1 : NULL;
}

/* "hh:mm[:ss[.fraction]]". */
static const char *
parse_time(const char *p, struct tm *tm, int *fraction_us)
{
    p = digits_of(p, 2, 0, 23, &tm->tm_hour);
    p = digits_of(expect(p, ':'), 2, 0, 59, &tm->tm_min);
    if (p == NULL || *p != ':')
        return p;
    p = digits_of(p + 1, 2, 0, 59, &tm->tm_sec);
    if (p != NULL && (*p == '.' || *p == ',')) {
        int scale = 100000, count = 0;

        for (p++; *p >= '0' && *p <= '9'; p++, count++) {
            *fraction_us += (*p - '0') * scale;
            scale /= 10;
        }
        if (count == 0 || count > 12)
            return NULL;
    }
    return p;
}

/* "", "Z", "+hh", "+hh:mm", "+hhmm". */
static const char *
parse_zone(const char *p, int *offset_s)
{
    int sign, hours = 0, minutes = 0;

    if (p == NULL || *p == '\0')
        return p;
    if (*p == 'Z' || *p == 'z')
        return p + 1;
    if (*p != '+' && *p != '-')
        return NULL;
    sign = *p == '-' ? -1 : 1;
    p = digits_of(p + 1, 2, 0, 23, &hours);
    if (p != NULL && *p != '\0')
        p = digits_of(*p == ':' ? p + 1 : p, 2, 0, 59, &minutes);
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return p;
}

int
clock_parse(const char *text, int64_t *ret_us)
{
    int year = 0, month = 0, day, fraction_us = 0, offset_s = 0;
    struct tm tm = { 0 };
    int64_t seconds;
    const char *p;

    p = digits_of(text, 4, 1, 9999, &year);
    p = digits_of(expect(p, '-'), 2, 1, 12, &month);
    p = digits_of(expect(p, '-'), 2, 1, 31, &tm.tm_mday);
    if (p != NULL && *p != '\0') {
        if (*p != 'T' && *p != 't' && *p != ' ')
            return -1;
        p = parse_zone(parse_time(p + 1, &tm, &fraction_us), &offset_s);
    }
    if (p == NULL || *p != '\0')
        return -1;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    day = tm.tm_mday;
    seconds = (int64_t)timegm(&tm);
    if (tm.tm_mday != day)      /* 30 February became 1 March */
        return -1;
    *ret_us = (seconds - offset_s) * 1000000 + fraction_us;
    return 0;
}
