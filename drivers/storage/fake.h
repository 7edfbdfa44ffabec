/* fake.h: storage driver "fake": its table, for the modules that are made of it, and the bytes of what it keeps (fake_bytes.c). */
#ifndef DRIVERS_STORAGE_FAKE_H
#define DRIVERS_STORAGE_FAKE_H
#include <cairn/storage.h>
#include "fake/sim.h"

extern const struct cairn_storage_driver fake_storage;

/* Bytes that are written once, front to back, and then read by many: an image, a blob.  They are in memory while all such bytes together
 * fit a bound, else in a file without a name in the driver's state directory.  Counted references; not locked. */
struct bytes {
    unsigned refs;
    uint64_t len;
    char *mem;                  /* owned, or NULL when in the file */
    size_t cap;
    int fd;                     /* owned; -1 when in memory */
};
struct bytes_budget {           /* what is in memory; guarded by the world's lock */
    uint64_t used;
    uint64_t max;
    const char *dir;            /* where files go */
};
struct bytes *bytes_new(struct cairn_error *err);
/* The budget's lock is 'lock'; it is taken for the count only, never while writing. */
int bytes_append(struct bytes *b, struct bytes_budget *budget, pthread_mutex_t *lock, const void *buf, size_t len, struct cairn_error *err);
int bytes_read(const struct bytes *b, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err);
void bytes_put(struct bytes *b, struct bytes_budget *budget);   /* drops one reference; the lock is held */

/* A disk: chunks that were written, over bytes (or zeros). */
struct disk {
    struct bytes *base;         /* one reference, or NULL */
    struct sim_map chunks;      /* struct chunk */
};
/* Reads as 'from' does now, sharing its chunks. */
int disk_clone(struct disk *to, const struct disk *from, struct cairn_error *err);
int disk_read(const struct disk *d, uint64_t offset, void *buf, size_t len, struct cairn_error *err);
/* CAIRN_NO_SPACE when the budget is used up.  The lock is held, as for disk_end(). */
int disk_write(struct disk *d, struct bytes_budget *budget, uint64_t offset, const void *buf, size_t len, struct cairn_error *err);
void disk_end(struct disk *d, struct bytes_budget *budget);
uint64_t disk_used(const struct disk *d);
/* Calls fn for each chunk written, by offset. */
int disk_extents(const struct disk *d, int (*fn)(void *arg, uint64_t offset, uint64_t len), void *arg, struct cairn_error *err);
#endif
