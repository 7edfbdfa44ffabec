/* log.c: one line by one write(2) per event; levels that are read without a lock; a line that repeats is counted. */
#include <config.h>
#include "base/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"

enum { MODULES_MAX = 64, MODULE_NAME = 24, LINE_MAX_BYTES = 4096, SLOTS = 256, BURST = 10, WINDOW_MS = 1000 };

static const char level_names[][6] = { "error", "warn", "info", "debug" };

/* A module that was named once keeps its place: readers need no lock.  'level' -1: the default holds. */
static struct module {
    char name[MODULE_NAME];     /* immutable once 'module_count' covers it */
    _Atomic int level;
} modules[MODULES_MAX];
static _Atomic unsigned module_count;
static _Atomic uint32_t default_level = CAIRN_LOG_INFO;

static struct mutex lock = MUTEX_INIT;          /* levels' writers, the file, the repeats; innermost */
static char *log_path GUARDED_BY(lock);         /* NULL: stderr */
static int file_fd GUARDED_BY(lock) = -1;       /* once there, always the same number: dup3() puts new files under it */
static _Atomic int log_fd = STDERR_FILENO;

/* Lines seen of late, by hash of place and text. */
static struct repeat {
    uint64_t hash;
    int64_t since_ms;
    unsigned count;
    uint32_t level;
    char module[MODULE_NAME];   /* a copy: a driver's string goes away with the driver */
    char text[100];             /* its beginning, for the count */
} repeats[SLOTS] GUARDED_BY(lock);
static unsigned pending GUARDED_BY(lock);       /* repeats with count > BURST */

static _Thread_local char request[64];

static int
open_file(const char *path, struct cairn_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);

    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot open log file '%s'", path);
    return fd;
}

/* Puts 'fd' (owned, -1: stderr) in the place that writers use. */
static void REQUIRES(lock)
use_file(int fd)
{
    if (fd < 0) {
        atomic_store(&log_fd, STDERR_FILENO);
        return;
    }
    if (file_fd < 0) {
        file_fd = fd;
    } else {
        dup3(fd, file_fd, O_CLOEXEC);
        close(fd);
    }
    atomic_store(&log_fd, file_fd);
}

int
log_open(const char *path, uint32_t level, struct cairn_error *err)
{
    int fd = path != NULL ? open_file(path, err) : -1;

    if (path != NULL && fd < 0)
        return -1;
    mutex_lock(&lock);
    free(log_path);
    log_path = xstrdup(path);
    use_file(fd);
    mutex_unlock(&lock);
    atomic_store(&default_level, level);
    return 0;
}

void
log_reopen(void)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    mutex_lock(&lock);
    if (log_path != NULL) {
        int fd = open_file(log_path, &err);

        if (fd >= 0)
            use_file(fd);       /* else the old file goes on: better than silence */
    }
    mutex_unlock(&lock);
    if (err.code != CAIRN_OK)
        log_write("log", CAIRN_LOG_ERROR, "%s", err.message);
}

static int
parse_level(const char *text, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (strlen(level_names[i]) == len && memcmp(level_names[i], text, len) == 0)
            return (int)i;
    return -1;
}

struct wanted {
    char name[MODULE_NAME];
    int level;
};

/* "flow=debug,warn" into a list; '*ret_default' stays -1 if the text names none. */
static int
parse_levels(const char *spec, struct wanted *list, unsigned *ret_count, int *ret_default, struct cairn_error *err)
{
    unsigned count = 0;

    for (const char *p = spec; *p != '\0';) {
        size_t len = strcspn(p, ","), name_len = 0;
        const char *equals = memchr(p, '=', len), *word = equals != NULL ? equals + 1 : p;
        int level = parse_level(word, (size_t)(p + len - word));

        if (level < 0)
            return cairn_fail(err, CAIRN_INVALID, "'%.*s' is no log level: say error, warn, info or debug, or MODULE=LEVEL", (int)len, p);
        if (equals == NULL) {
            *ret_default = level;
        } else {
            name_len = (size_t)(equals - p);
            if (name_len == 0 || name_len >= MODULE_NAME)
                return cairn_fail(err, CAIRN_INVALID, "'%.*s' names no module", (int)len, p);
            if (count == MODULES_MAX)
                return cairn_fail(err, CAIRN_INVALID, "log levels for more than %d modules", MODULES_MAX);
            memcpy(list[count].name, p, name_len);
            list[count].name[name_len] = '\0';
            list[count++].level = level;
        }
        p += len;
        p += *p == ',';
    }
    *ret_count = count;
    return 0;
}

static struct module *
find_module(const char *name)
{
    unsigned count = atomic_load_explicit(&module_count, memory_order_acquire);

    for (unsigned i = 0; i < count; i++)
        if (strcmp(modules[i].name, name) == 0)
            return &modules[i];
    return NULL;
}

int
log_set_levels(const char *spec, struct cairn_error *err)
{
    struct wanted list[MODULES_MAX];
    unsigned count = 0, fresh = 0;
    int dflt = -1;

    if (parse_levels(spec, list, &count, &dflt, err) < 0)
        return -1;
    mutex_lock(&lock);
    for (unsigned i = 0; i < count; i++)
        fresh += find_module(list[i].name) == NULL;
    if (atomic_load(&module_count) + fresh > MODULES_MAX) {
        mutex_unlock(&lock);
        return cairn_fail(err, CAIRN_INVALID, "log levels for more than %d modules", MODULES_MAX);
    }
    for (unsigned i = 0; i < atomic_load(&module_count); i++)
        atomic_store(&modules[i].level, -1);
    for (unsigned i = 0; i < count; i++) {
        struct module *m = find_module(list[i].name);

        if (m == NULL) {
            unsigned at = atomic_load(&module_count);

            m = &modules[at];
            memcpy(m->name, list[i].name, sizeof m->name);
            atomic_store(&m->level, list[i].level);
            atomic_store_explicit(&module_count, at + 1, memory_order_release);
        }
        atomic_store(&m->level, list[i].level);
    }
    if (dflt >= 0)
        atomic_store(&default_level, (uint32_t)dflt);
    mutex_unlock(&lock);
    return 0;
}

char *
log_get_levels(void)
{
    struct str s = STR_INIT;

    for (unsigned i = 0; i < atomic_load(&module_count); i++) {
        int level = atomic_load(&modules[i].level);

        if (level >= 0)
            str_addf(&s, "%s=%s,", modules[i].name, level_names[level]);
    }
    str_add(&s, level_names[atomic_load(&default_level) & 3]);
    return str_take(&s);
}

int
log_enabled(const char *module, uint32_t level)
{
    const struct module *m = find_module(module);
    int own = m != NULL ? atomic_load_explicit(&m->level, memory_order_relaxed) : -1;

    return level <= (own >= 0 ? (uint32_t)own : atomic_load_explicit(&default_level, memory_order_relaxed));
}

/* A text of many lines, or with terminal codes, stays one harmless line. */
static void
put_line(const char *module, uint32_t level, const char *request_id, const char *text)
{
    char line[LINE_MAX_BYTES], when[CLOCK_TEXT];
    size_t len;
    ssize_t n;

    clock_format(clock_us(), CLOCK_MICRO, when);
    len = (size_t)snprintf(line, 256, "%.23sZ %-5s %.32s [%s] ", when, level_names[level & 3], module, request_id[0] != '\0' ? request_id : "-");
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (len > sizeof line - 8) {
            memcpy(line + len, "...", 3);
            len += 3;
            break;
        }
        if (*p == '\n') {
            line[len++] = '\\';
            line[len++] = 'n';
        } else {
            line[len++] = *p >= 0x20 && *p != 0x7f ? (char)*p : *p == '\t' ? ' ' : '?';
        }
    }
    line[len++] = '\n';
    n = write(atomic_load(&log_fd), line, len);
    (void)n;        /* a log that cannot be written cannot be complained about */
}

/* Tells how often a line came that was not written. */
static void REQUIRES(lock)
settle(struct repeat *r)
{
    char text[180];

    if (r->count > BURST) {
        snprintf(text, sizeof text, "%u more times: %s", r->count - BURST, r->text);
        pending--;
        put_line(r->module, r->level, "", text);
    }
    r->count = 0;
}

/* 1: this line has come too often within its second. */
static int
repeated(const char *module, uint32_t level, const char *fmt, const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uintptr_t)fmt ^ (uint64_t)(uintptr_t)module << 17;
    int64_t now = clock_mono_ms();
    struct repeat *r;
    int too_often;

    for (const char *p = text; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    r = &repeats[hash % SLOTS];
    mutex_lock(&lock);
    for (size_t i = 0; pending > 0 && i < SLOTS; i++)
        if (repeats[i].count > BURST && now - repeats[i].since_ms >= WINDOW_MS)
            settle(&repeats[i]);
    if (r->hash != hash || now - r->since_ms >= WINDOW_MS) {
        settle(r);
        r->hash = hash;
        r->since_ms = now;
        snprintf(r->module, sizeof r->module, "%s", module);
        r->level = level;
        snprintf(r->text, sizeof r->text, "%.*s", (int)sizeof r->text - 1, text);
    }
    too_often = ++r->count > BURST;
    pending += r->count == BURST + 1;
    mutex_unlock(&lock);
    return too_often;
}

void
log_write(const char *module, uint32_t level, const char *fmt, ...)
{
    int saved = errno;
    char text[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        snprintf(text, sizeof text, "(bad format) %s", fmt);
    va_end(ap);
    if (!repeated(module, level, fmt, text))
        put_line(module, level, request, text);
    errno = saved;
}

void
log_set_request(const char *request_id)
{
    size_t i = 0;

    for (; request_id != NULL && request_id[i] != '\0' && i < sizeof request - 1; i++)
        request[i] = request_id[i] <= 0x20 || request_id[i] == 0x7f ? '?' : request_id[i];      /* a client may have named it */
    request[i] = '\0';
}

const char *
log_request(void)
{
    return request;
}
