/* fake_bytes.c: storage driver "fake": what its volumes, images and blobs hold. */
#include "fake.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK UINT64_C(65536)

struct chunk {
    unsigned refs;              /* volumes and snapshots that share it */
    struct bytes_budget *budget;        /* it counts there */
    char data[CHUNK];
};
/* One disk's view of a chunk; the key of its map. */
struct place {
    char key[20];               /* the chunk's number */
    uint64_t number;
    struct chunk *chunk;
};

struct bytes *
bytes_new(struct cairn_error *err)
{
    struct bytes *b = calloc(1, sizeof *b);

    if (b == NULL) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
        return NULL;
    }
    b->refs = 1;
    b->fd = -1;
    return b;
}

static int
write_all(int fd, const char *buf, size_t len, uint64_t offset)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, buf + done, len - done, (off_t)(offset + done));

        if (n < 0 && errno != EINTR)
            return errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* From memory to a file without a name. */
static int
bytes_spill(struct bytes *b, struct bytes_budget *budget, pthread_mutex_t *lock, struct cairn_error *err)
{
    char path[600];
    int rc;

    b->fd = open(budget->dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (b->fd < 0) {
        snprintf(path, sizeof path, "%s/bytes-XXXXXX", budget->dir);
        b->fd = mkostemp(path, O_CLOEXEC);
        if (b->fd >= 0)
            unlink(path);
    }
    if (b->fd < 0)
        return cairn_fail_errno(err, errno, "cannot make a file in '%s'", budget->dir);
    if ((rc = write_all(b->fd, b->mem, (size_t)b->len, 0)) != 0)
        return cairn_fail_errno(err, rc, "cannot write a file in '%s'", budget->dir);
    free(b->mem);
    b->mem = NULL;
    pthread_mutex_lock(lock);
    budget->used -= b->cap;
    pthread_mutex_unlock(lock);
    b->cap = 0;
    return 0;
}

/* Room for 'len' more in memory; 0: there is none and the bytes go to a file. */
static int
bytes_reserve(struct bytes *b, struct bytes_budget *budget, pthread_mutex_t *lock, size_t len)
{
    size_t cap = b->cap == 0 ? 4096 : b->cap;
    char *mem;
    int fits;

    while (cap - b->len < len && cap < SIZE_MAX / 4)
        cap *= 2;
    if (cap == b->cap)
        return 1;
    pthread_mutex_lock(lock);
    fits = budget->used + (cap - b->cap) <= budget->max;
    if (fits)
        budget->used += cap - b->cap;
    pthread_mutex_unlock(lock);
    if (!fits)
        return 0;
    mem = realloc(b->mem, cap);
    if (mem == NULL) {
        pthread_mutex_lock(lock);
        budget->used -= cap - b->cap;
        pthread_mutex_unlock(lock);
        return 0;
    }
    b->mem = mem;
    b->cap = cap;
    return 1;
}

int
bytes_append(struct bytes *b, struct bytes_budget *budget, pthread_mutex_t *lock, const void *buf, size_t len, struct cairn_error *err)
{
    int rc;

    if (len == 0)
        return 0;
    if (b->fd < 0 && bytes_reserve(b, budget, lock, len)) {
        memcpy(b->mem + b->len, buf, len);
        b->len += len;
        return 0;
    }
    if (b->fd < 0 && bytes_spill(b, budget, lock, err) < 0)
        return -1;
    if ((rc = write_all(b->fd, buf, len, b->len)) != 0)
        return cairn_fail_errno(err, rc, "cannot write a file in '%s'", budget->dir);
    b->len += len;
    return 0;
}

int
bytes_read(const struct bytes *b, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    size_t wanted = offset >= b->len ? 0 : b->len - offset < len ? (size_t)(b->len - offset) : len;
    size_t done = 0;

    if (b->fd < 0 && wanted > 0)
        memcpy(buf, b->mem + offset, wanted);
    while (b->fd >= 0 && done < wanted) {
        ssize_t n = pread(b->fd, (char *)buf + done, wanted - done, (off_t)(offset + done));

        if (n == 0 || (n < 0 && errno != EINTR))
            return cairn_fail_errno(err, n == 0 ? EIO : errno, "cannot read what the simulation keeps in a file");
        done += n > 0 ? (size_t)n : 0;
    }
    *ret_len = wanted;
    return 0;
}

void
bytes_put(struct bytes *b, struct bytes_budget *budget)
{
    if (b == NULL || --b->refs > 0)
        return;
    budget->used -= b->cap;
    if (b->fd >= 0)
        close(b->fd);
    free(b->mem);
    free(b);
}

/* -- disks -- */

static void
place_free(void *value)
{
    struct place *place = value;

    if (--place->chunk->refs == 0) {
        place->chunk->budget->used -= CHUNK;
        free(place->chunk);
    }
    free(place);
}

void
disk_end(struct disk *d, struct bytes_budget *budget)
{
    sim_map_free(&d->chunks, place_free);
    bytes_put(d->base, budget);
    d->base = NULL;
}

static struct place *
place_get(const struct disk *d, uint64_t number)
{
    char key[20];

    snprintf(key, sizeof key, "%" PRIx64, number);
    return sim_map_get(&d->chunks, key);
}

/* Puts 'chunk' at 'number', where none is yet; takes the reference that the caller has. */
static struct place *
place_put(struct disk *d, uint64_t number, struct chunk *chunk, struct cairn_error *err)
{
    struct place *place = calloc(1, sizeof *place);

    if (place == NULL) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
        return NULL;
    }
    place->number = number;
    place->chunk = chunk;
    snprintf(place->key, sizeof place->key, "%" PRIx64, number);
    if (sim_map_put(&d->chunks, place->key, place, err) < 0) {
        free(place);
        return NULL;
    }
    return place;
}

struct cloning {
    struct disk *to;
    struct cairn_error *err;
    int failed;
};

static int
clone_place(void *arg, void *value)
{
    struct cloning *cloning = arg;
    struct place *place = value;

    place->chunk->refs++;
    if (place_put(cloning->to, place->number, place->chunk, cloning->err) == NULL) {
        place->chunk->refs--;
        cloning->failed = 1;
    }
    return cloning->failed;
}

int
disk_clone(struct disk *to, const struct disk *from, struct cairn_error *err)
{
    struct cloning cloning = { to, err, 0 };

    to->base = from->base;
    if (to->base != NULL)
        to->base->refs++;
    sim_map_each(&from->chunks, clone_place, &cloning);
    return cloning.failed ? -1 : 0;
}

int
disk_read(const struct disk *d, uint64_t offset, void *buf, size_t len, struct cairn_error *err)
{
    char *to = buf;

    while (len > 0) {
        uint64_t in = offset % CHUNK;
        size_t step = len < CHUNK - in ? len : (size_t)(CHUNK - in), got = 0;
        const struct place *place = place_get(d, offset / CHUNK);

        if (place != NULL)
            memcpy(to, place->chunk->data + in, step);
        else if (d->base != NULL && bytes_read(d->base, offset, to, step, &got, err) < 0)
            return -1;
        if (place == NULL)
            memset(to + got, 0, step - got);
        to += step;
        offset += step;
        len -= step;
    }
    return 0;
}

/* The chunk, made this disk's own. */
static struct chunk *
chunk_own(struct disk *d, struct bytes_budget *budget, uint64_t number, struct cairn_error *err)
{
    struct place *place = place_get(d, number);
    struct chunk *chunk;

    if (place != NULL && place->chunk->refs == 1)
        return place->chunk;
    if (budget->used + CHUNK > budget->max) {
        cairn_fail(err, CAIRN_NO_SPACE, "the simulation keeps at most %" PRIu64 " MiB in memory", budget->max >> 20);
        return NULL;
    }
    chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
        return NULL;
    }
    chunk->refs = 1;
    chunk->budget = budget;
    if (disk_read(d, number * CHUNK, chunk->data, CHUNK, err) < 0 || (place == NULL && place_put(d, number, chunk, err) == NULL)) {
        free(chunk);
        return NULL;
    }
    if (place != NULL) {
        place->chunk->refs--;
        place->chunk = chunk;
    }
    budget->used += CHUNK;
    return chunk;
}

int
disk_write(struct disk *d, struct bytes_budget *budget, uint64_t offset, const void *buf, size_t len, struct cairn_error *err)
{
    const char *from = buf;

    while (len > 0) {
        uint64_t in = offset % CHUNK;
        size_t step = len < CHUNK - in ? len : (size_t)(CHUNK - in);
        struct chunk *chunk = chunk_own(d, budget, offset / CHUNK, err);

        if (chunk == NULL)
            return -1;
        memcpy(chunk->data + in, from, step);
        from += step;
        offset += step;
        len -= step;
    }
    return 0;
}

uint64_t
disk_used(const struct disk *d)
{
    return d->chunks.len * CHUNK;
}

struct numbers {
    uint64_t *number;
    size_t len;
};

static int
collect_number(void *arg, void *value)
{
    struct numbers *all = arg;

    all->number[all->len++] = ((struct place *)value)->number;
    return 0;
}

static int
compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

int
disk_extents(const struct disk *d, int (*fn)(void *arg, uint64_t offset, uint64_t len), void *arg, struct cairn_error *err)
{
    /* The base comes as one extent before the chunks that lie behind it. */
    uint64_t base_chunks = d->base != NULL ? (d->base->len + CHUNK - 1) / CHUNK : 0;
    struct numbers all = { calloc(d->chunks.len + 1, sizeof(uint64_t)), 0 };
    int enough = 0;

    if (all.number == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    sim_map_each(&d->chunks, collect_number, &all);
    qsort(all.number, all.len, sizeof all.number[0], compare_numbers);
    if (base_chunks > 0)
        enough = fn(arg, 0, base_chunks * CHUNK);
    for (size_t i = 0; i < all.len && !enough; i++)
        if (all.number[i] >= base_chunks)
            enough = fn(arg, all.number[i] * CHUNK, CHUNK);
    free(all.number);
    return 0;
}
