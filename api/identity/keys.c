/* keys.c: see keys.h.  A key appears whole or not at all: it is written aside, synced and linked to its number. */
#include "config.h"
#include "identity/keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/str.h"
#include "base/thread.h"

#define KEY_NUMBER_MAX 0xffffffu        /* a token has three bytes for it */

struct key_ring {
    char *dir;                          /* immutable */
    struct mutex lock;
    struct token_key keys[KEYS_MAX] GUARDED_BY(lock);   /* ascending */
    int64_t made_s[KEYS_MAX] GUARDED_BY(lock);          /* when the file was made */
    unsigned count GUARDED_BY(lock);
};

static int
read_key(int dir_fd, const char *dir, const char *name, struct token_key *key, int64_t *made_s, struct cairn_error *err)
{
    struct stat st;
    ssize_t n;
    uint8_t more;
    CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fstat(fd, &st) < 0)
        return cairn_fail_errno(err, errno, "cannot open key '%s/%s'", dir, name);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return cairn_fail(err, CAIRN_DENIED, "key '%s/%s' must be a file that its owner alone can read (chmod 600)", dir, name);
    n = read(fd, key->bytes, sizeof key->bytes);
    if (n != (ssize_t)sizeof key->bytes || read(fd, &more, 1) != 0)
        return cairn_fail(err, CAIRN_CORRUPT, "key '%s/%s' is not %d bytes long", dir, name, TOKEN_KEY_LEN);
    *made_s = st.st_mtim.tv_sec;
    return 0;
}

/* The numbers of the files, ascending.  Other names (a key being written) are none of ours. */
static int
list_numbers(int dir_fd, const char *dir, uint32_t numbers[KEYS_MAX], unsigned *ret_count, struct cairn_error *err)
{
    unsigned count = 0, i;
    struct dirent *entry;
    int64_t number;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (d == NULL) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        return cairn_fail_errno(err, saved, "cannot list keys in '%s'", dir);
    }
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '0' || str_to_int(entry->d_name, 1, KEY_NUMBER_MAX, &number) < 0)
            continue;
        if (count == KEYS_MAX) {
            closedir(d);
            return cairn_fail(err, CAIRN_INVALID, "more than %d keys in '%s'", KEYS_MAX, dir);
        }
        for (i = count++; i > 0 && numbers[i - 1] > (uint32_t)number; i--)
            numbers[i] = numbers[i - 1];
        numbers[i] = (uint32_t)number;
    }
    closedir(d);
    *ret_count = count;
    return 0;
}

static int
write_key(int dir_fd, const char *dir, uint32_t number, struct cairn_error *err)
{
    uint8_t bytes[TOKEN_KEY_LEN];
    char name[16], temp[64], random[ID_HEX];
    int result = -1;
    CLEANUP_FD int fd = -1;

    snprintf(name, sizeof name, "%u", number);
    id_hex(random);
    snprintf(temp, sizeof temp, ".new-%s", random);
    fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot make key '%s/%s'", dir, name);
    id_random(bytes, sizeof bytes);
    if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fsync(fd) < 0)
        cairn_fail_errno(err, errno, "cannot write key '%s/%s'", dir, name);
    else if (linkat(dir_fd, temp, dir_fd, name, 0) < 0)     /* unlike rename: two that rotate at once cannot lose a key */
        cairn_fail_errno(err, errno, "cannot name key '%s/%s'", dir, name);
    else
        result = 0;
    explicit_bzero(bytes, sizeof bytes);
    unlinkat(dir_fd, temp, 0);
    if (result == 0)
        fsync(dir_fd);
    return result;
}

static int
open_dir(const char *dir, struct cairn_error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        cairn_fail_errno(err, errno, "cannot open the folder of keys '%s'", dir);
    return fd;
}

int
keys_reload(struct key_ring *ring, struct cairn_error *err)
{
    uint32_t numbers[KEYS_MAX];
    struct token_key keys[KEYS_MAX];
    int64_t made[KEYS_MAX];
    unsigned count, i;
    int result = -1;
    CLEANUP_FD int dir_fd = open_dir(ring->dir, err);

    if (dir_fd < 0 || list_numbers(dir_fd, ring->dir, numbers, &count, err) < 0)
        return -1;
    if (count == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no key in '%s'", ring->dir);
    for (i = 0; i < count; i++) {
        char name[16];

        snprintf(name, sizeof name, "%u", numbers[i]);
        keys[i].number = numbers[i];
        if (read_key(dir_fd, ring->dir, name, &keys[i], &made[i], err) < 0)
            goto cleanup;
    }
    mutex_lock(&ring->lock);
    memcpy(ring->keys, keys, count * sizeof keys[0]);
    memcpy(ring->made_s, made, count * sizeof made[0]);
    ring->count = count;
    mutex_unlock(&ring->lock);
    result = 0;
cleanup:
    explicit_bzero(keys, sizeof keys);
    return result;
}

int
keys_open(const char *state_dir, const char *folder, struct key_ring **ret, struct cairn_error *err)
{
    struct key_ring *ring = xcalloc(1, sizeof *ring);
    uint32_t numbers[KEYS_MAX];
    unsigned count;
    struct cairn_error lost = CAIRN_ERROR_INIT;
    CLEANUP_FD int dir_fd = -1;

    mutex_init(&ring->lock);
    ring->dir = xasprintf("%s/%s", state_dir, folder);
    if (mkdir(ring->dir, 0700) < 0 && errno != EEXIST) {
        cairn_fail_errno(err, errno, "cannot make the folder of keys '%s'", ring->dir);
        goto fail;
    }
    dir_fd = open_dir(ring->dir, err);
    if (dir_fd < 0 || list_numbers(dir_fd, ring->dir, numbers, &count, err) < 0)
        goto fail;
    /* Another process may make the first key at this moment: then its key is as good. */
    if (count == 0 && write_key(dir_fd, ring->dir, 1, &lost) < 0 && lost.sys_errno != EEXIST) {
        if (err != NULL)
            *err = lost;
        goto fail;
    }
    if (keys_reload(ring, err) < 0)
        goto fail;
    *ret = ring;
    return 0;
fail:
    keys_close(ring);
    return -1;
}

void
keys_close(struct key_ring *ring)
{
    if (ring == NULL)
        return;
    mutex_destroy(&ring->lock);
    free(ring->dir);
    explicit_bzero(ring, sizeof *ring);
    free(ring);
}

void
keys_primary(struct key_ring *ring, struct token_key *ret)
{
    mutex_lock(&ring->lock);
    *ret = ring->keys[ring->count - 1];
    mutex_unlock(&ring->lock);
}

int
keys_find(struct key_ring *ring, uint32_t number, struct token_key *ret)
{
    int result = -1;

    mutex_lock(&ring->lock);
    for (unsigned i = ring->count; i-- > 0 && result < 0;) {
        if (ring->keys[i].number == number) {
            *ret = ring->keys[i];
            result = 0;
        }
    }
    mutex_unlock(&ring->lock);
    return result;
}

/* A key is needed until the last token of its time has expired: 'grace_s' after its successor was made. */
static unsigned
remove_old(struct key_ring *ring, int dir_fd, int64_t below, int64_t grace_s)
{
    int64_t now_s = clock_us() / 1000000;
    unsigned removed = 0;
    char name[16];

    mutex_lock(&ring->lock);
    for (unsigned i = 0; i + 1 < ring->count; i++) {
        if (ring->keys[i].number >= below || ring->made_s[i + 1] + grace_s >= now_s)
            continue;
        snprintf(name, sizeof name, "%u", ring->keys[i].number);
        if (unlinkat(dir_fd, name, 0) == 0)
            removed++;
    }
    mutex_unlock(&ring->lock);
    return removed;
}

int
keys_rotate(struct key_ring *ring, int64_t grace_s, uint32_t *ret_number, struct cairn_error *err)
{
    struct token_key primary;
    unsigned count;
    uint32_t number;
    CLEANUP_FD int dir_fd = open_dir(ring->dir, err);

    if (dir_fd < 0 || keys_reload(ring, err) < 0)
        return -1;
    if (remove_old(ring, dir_fd, INT64_MAX, grace_s) > 0 && keys_reload(ring, err) < 0)
        return -1;
    mutex_lock(&ring->lock);
    count = ring->count;
    mutex_unlock(&ring->lock);
    if (count == KEYS_MAX)
        return cairn_fail(err, CAIRN_RATE_LIMITED, "all %d keys in '%s' are still needed by live tokens; rotate less often", KEYS_MAX, ring->dir);
    keys_primary(ring, &primary);
    number = primary.number + 1;
    explicit_bzero(&primary, sizeof primary);
    if (number > KEY_NUMBER_MAX)
        return cairn_fail(err, CAIRN_NO_SPACE, "keys have used up their numbers");
    if (write_key(dir_fd, ring->dir, number, err) < 0 || keys_reload(ring, err) < 0)
        return -1;
    *ret_number = number;
    return 0;
}

int
keys_drop_below(struct key_ring *ring, int64_t number, int64_t grace_s, struct cairn_error *err)
{
    CLEANUP_FD int dir_fd = open_dir(ring->dir, err);

    if (dir_fd < 0 || keys_reload(ring, err) < 0)
        return -1;
    return remove_old(ring, dir_fd, number, grace_s) > 0 ? keys_reload(ring, err) : 0;
}
