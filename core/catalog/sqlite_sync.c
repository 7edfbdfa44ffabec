/* sqlite_sync.c: makes commits durable, many with one sync: SQLite writes them to the log, and this syncs it once the next writer has his turn. */
#include "config.h"
#define LOG_MODULE "sqlite"
#include "catalog/sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/thread.h"

struct log_sync {
    char *path;                 /* immutable */
    struct mutex lock;
    struct cond done;
    uint64_t written, durable;  /* commits; guarded by 'lock', as all below */
    int syncing;
    int fd;                     /* of the log; -1 until it is needed.  Kept by who syncs */
};

struct log_sync *
log_sync_new(const char *catalog_path)
{
    struct log_sync *s = xcalloc(1, sizeof *s);

    s->path = xasprintf("%s-wal", catalog_path);
    s->fd = -1;
    mutex_init(&s->lock);
    cond_init(&s->done);
    return s;
}

void
log_sync_free(struct log_sync *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        close(s->fd);
    cond_destroy(&s->done);
    mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

uint64_t
log_sync_written(struct log_sync *s)
{
    uint64_t ticket;

    mutex_lock(&s->lock);
    ticket = ++s->written;
    mutex_unlock(&s->lock);
    return ticket;
}

/* A log that was not synced cannot be synced later: the kernel may have dropped what it could not write.  Others may have read the commit
 * already, so there is no way back either.  The next start finds what is really there, and goes on from that. */
static void
sync_log(struct log_sync *s)
{
    if (s->fd < 0)
        s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->fd >= 0 && fdatasync(s->fd) == 0)
        return;
    log_error("cannot sync '%s': %s; what was written last may be lost, so this process ends", s->path, strerror(errno));
    abort();
}

/* Who comes while a sync runs waits for its end; one of those who are then left syncs for all of them. */
void
log_sync_wait(struct log_sync *s, uint64_t ticket)
{
    mutex_lock(&s->lock);
    while (s->durable < ticket) {
        uint64_t upto = s->written;

        if (s->syncing) {
            cond_wait(&s->done, &s->lock);
            continue;
        }
        s->syncing = 1;
        mutex_unlock(&s->lock);
        sync_log(s);
        mutex_lock(&s->lock);
        s->syncing = 0;
        s->durable = upto;
        cond_broadcast(&s->done);
    }
    mutex_unlock(&s->lock);
}
