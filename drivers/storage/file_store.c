/* file_store.c: storage driver "file": images and blobs.  Both are shelves of named bytes that are written once; one code serves both. */
#include "file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { BOOKS_AT_ONCE = 4096 };          /* names held while a sorted list is given */
#define ROOM_EVERY (UINT64_C(64) << 20) /* bytes between two looks at the free space */

enum shelf { IMAGES, BLOBS };
static const struct {
    const char *what;
    size_t name_max;
} shelves[] = { [IMAGES] = { "image id", 63 }, [BLOBS] = { "blob key", 200 } };

struct cairn_stream {
    enum shelf shelf;
    struct file_tmp tmp;
    uint64_t written, room_until;
    char name[FILE_HANDLE];
};

/* -- where a name stands -- */

/* FNV-1a: spreads blobs over 256 folders, so that none grows beyond what directories are good at. */
static void
folder_of(const char *key, char ret_folder[3])
{
    uint32_t hash = 2166136261u;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    snprintf(ret_folder, 3, "%02x", (hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24) & 0xff);
}

/* The folder that holds, or with 'make' shall hold, the name; the caller closes '*ret_fd'. */
static int
shelf_folder(const struct file_pool *pool, enum shelf shelf, const char *name, int make, int *ret_fd, struct cairn_error *err)
{
    char folder[3] = ".";
    int top = shelf == IMAGES ? pool->images_fd : pool->blobs_fd;

    if (file_name_check(shelves[shelf].what, name, shelves[shelf].name_max, err) < 0)
        return -1;
    if (shelf == BLOBS) {
        folder_of(name, folder);
        if (make && mkdirat(top, folder, 0700) == 0)
            fsync(top);                 /* a folder that is lost at a power cut is made again; its files are synced with it */
    }
    *ret_fd = openat(top, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret_fd < 0 && errno == ENOENT)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s' in '%s'", name, pool->dir);
    if (*ret_fd < 0)
        return cairn_fail_errno(err, errno, "cannot open the folder of '%s'", name);
    return 0;
}

static int
shelf_open(const struct file_pool *pool, enum shelf shelf, const char *name, int *ret_fd, struct stat *ret_st, struct cairn_error *err)
{
    int folder, fd, saved;

    if (shelf_folder(pool, shelf, name, 0, &folder, err) < 0)
        return -1;
    fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    saved = errno;
    close(folder);
    if (fd < 0 && saved == ENOENT)
        return cairn_fail(err, CAIRN_NOT_FOUND, "there is no '%s' in '%s'", name, pool->dir);
    if (fd < 0 || fstat(fd, ret_st) < 0) {
        saved = fd < 0 ? saved : errno;
        if (fd >= 0)
            close(fd);
        return cairn_fail_errno(err, saved, "cannot open '%s'", name);
    }
    *ret_fd = fd;
    return 0;
}

/* -- streams -- */

static int
stream_open(const struct file_pool *pool, enum shelf shelf, const char *name, uint64_t size_hint, struct cairn_stream **ret_stream,
            struct cairn_error *err)
{
    struct cairn_stream *stream;

    if (file_name_check(shelves[shelf].what, name, shelves[shelf].name_max, err) < 0 || file_room_for(pool, size_hint, err) < 0)
        return -1;
    stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a stream");
    stream->shelf = shelf;
    snprintf(stream->name, sizeof stream->name, "%s", name);
    if (file_tmp_open(pool, 0, &stream->tmp, err) < 0) {
        free(stream);
        return -1;
    }
    *ret_stream = stream;
    return 0;
}

int
file_image_open(void *self, const char *id, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    return stream_open(self, IMAGES, id, size_hint, ret_stream, err);
}

int
file_blob_open(void *self, const char *key, uint64_t size_hint, struct cairn_stream **ret_stream, struct cairn_error *err)
{
    return stream_open(self, BLOBS, key, size_hint, ret_stream, err);
}

int
file_stream_write(void *self, struct cairn_stream *stream, const void *buf, size_t len, struct cairn_error *err)
{
    int rc;

    if (stream->written + len > stream->room_until) {
        if (file_room_for(self, len, err) < 0)
            return -1;
        stream->room_until = stream->written + len + ROOM_EVERY;
    }
    if ((rc = file_pwrite_all(stream->tmp.fd, buf, len, stream->written)) != 0)
        return cairn_fail_errno(err, rc, "cannot write '%s'", stream->name);
    stream->written += len;
    return 0;
}

void
file_stream_abort(void *self, struct cairn_stream *stream)
{
    if (stream == NULL)
        return;
    file_tmp_drop(self, &stream->tmp);
    free(stream);
}

/* 1: the file of that name has the stream's bytes: an upload that was committed before a crash is being done again. */
static int
same_bytes(struct cairn_stream *stream, int fd, uint64_t size)
{
    enum { STEP = 1 << 16 };
    char *buf = malloc(2 * STEP);
    size_t mine = 0, theirs = 0;
    int same = buf != NULL && size == stream->written;

    for (uint64_t at = 0; same && at < size; at += STEP)
        same = file_pread_all(stream->tmp.fd, buf, STEP, at, &mine) == 0 && file_pread_all(fd, buf + STEP, STEP, at, &theirs) == 0 &&
               mine == theirs && memcmp(buf, buf + STEP, mine) == 0;
    free(buf);
    return same;
}

static int
stream_commit(const struct file_pool *pool, struct cairn_stream *stream, struct cairn_error *err)
{
    struct stat st;
    int folder, fd, rc;

    if (shelf_folder(pool, stream->shelf, stream->name, 1, &folder, err) < 0)
        return -1;
    rc = file_tmp_publish(pool, &stream->tmp, folder, stream->name);
    close(folder);
    if (rc == EEXIST && shelf_open(pool, stream->shelf, stream->name, &fd, &st, NULL) == 0) {
        if (same_bytes(stream, fd, (uint64_t)st.st_size))
            rc = 0;
        close(fd);
    }
    return rc == 0 ? 0 : cairn_fail_errno(err, rc, "cannot keep '%s'", stream->name);
}

int
file_image_commit(void *self, struct cairn_stream *stream, char ret_handle[256], struct cairn_error *err)
{
    int rc = stream_commit(self, stream, err);

    if (rc == 0)
        snprintf(ret_handle, 256, "%s", stream->name);
    file_stream_abort(self, stream);
    return rc;
}

int
file_blob_commit(void *self, struct cairn_stream *stream, struct cairn_error *err)
{
    int rc = stream_commit(self, stream, err);

    file_stream_abort(self, stream);
    return rc;
}

/* -- reading -- */

static int
shelf_read(const struct file_pool *pool, enum shelf shelf, const char *name, uint64_t offset, void *buf, size_t len, size_t *ret_len,
           struct cairn_error *err)
{
    struct stat st;
    int fd, rc;

    if (shelf_open(pool, shelf, name, &fd, &st, err) < 0)
        return -1;
    rc = file_pread_all(fd, buf, len, offset, ret_len);
    close(fd);
    return rc == 0 ? 0 : cairn_fail_errno(err, rc, "cannot read '%s'", name);
}

static int
shelf_fd(const struct file_pool *pool, enum shelf shelf, const char *name, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    struct stat st;
    int fd;

    if (shelf_open(pool, shelf, name, &fd, &st, err) < 0)
        return -1;
    *ret_fd = fd;
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

static void
info_fill(const char *name, const struct stat *st, struct cairn_blob_info *ret_info)
{
    snprintf(ret_info->key, sizeof ret_info->key, "%s", name);
    ret_info->size_bytes = (uint64_t)st->st_size;
    ret_info->created_us = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

static int
shelf_info(const struct file_pool *pool, enum shelf shelf, const char *name, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    struct stat st;
    int fd;

    if (shelf_open(pool, shelf, name, &fd, &st, err) < 0)
        return -1;
    close(fd);
    info_fill(name, &st, ret_info);
    return 0;
}

static int
shelf_delete(const struct file_pool *pool, enum shelf shelf, const char *name, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;
    int folder, rc;

    if (shelf_folder(pool, shelf, name, 0, &folder, &why) < 0) {
        if (why.code == CAIRN_NOT_FOUND)
            return 0;
        if (err != NULL)
            *err = why;
        return -1;
    }
    rc = unlinkat(folder, name, 0) < 0 && errno != ENOENT ? errno : 0;      /* gone already is success */
    if (rc == 0 && fsync(folder) < 0)
        rc = errno;
    close(folder);
    return rc == 0 ? 0 : cairn_fail_errno(err, rc, "cannot delete '%s'", name);
}

int
file_image_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    return shelf_read(self, IMAGES, handle, offset, buf, len, ret_len, err);
}

int
file_blob_read(void *self, const char *key, uint64_t offset, void *buf, size_t len, size_t *ret_len, struct cairn_error *err)
{
    return shelf_read(self, BLOBS, key, offset, buf, len, ret_len, err);
}

int
file_image_fd(void *self, const char *handle, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    return shelf_fd(self, IMAGES, handle, ret_fd, ret_size, err);
}

int
file_blob_fd(void *self, const char *key, int32_t *ret_fd, uint64_t *ret_size, struct cairn_error *err)
{
    return shelf_fd(self, BLOBS, key, ret_fd, ret_size, err);
}

int
file_image_info(void *self, const char *handle, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    return shelf_info(self, IMAGES, handle, ret_info, err);
}

int
file_blob_info(void *self, const char *key, struct cairn_blob_info *ret_info, struct cairn_error *err)
{
    return shelf_info(self, BLOBS, key, ret_info, err);
}

int
file_image_delete(void *self, const char *handle, struct cairn_error *err)
{
    return shelf_delete(self, IMAGES, handle, err);
}

int
file_blob_delete(void *self, const char *key, struct cairn_error *err)
{
    return shelf_delete(self, BLOBS, key, err);
}

int
file_image_connect(void *self, const char *handle, struct cairn_connection *ret_connection, struct cairn_error *err)
{
    struct file_pool *pool = self;
    /* RAW: the bytes as they are.  What they hold was pinned at upload and is for the caller to put here. */
    struct cairn_connection conn = { .size = sizeof conn, .kind = CAIRN_CONN_FILE, .format = CAIRN_FORMAT_RAW, .read_only = 1 };
    struct stat st;
    int fd;

    if (shelf_open(pool, IMAGES, handle, &fd, &st, err) < 0)
        return -1;
    close(fd);
    if (file_path(pool, "images", handle, conn.path, err) < 0)
        return -1;
    conn.size_bytes = (uint64_t)st.st_size;
    *ret_connection = conn;
    return 0;
}

/* -- lists -- */

/* A page of names behind 'after', smallest first.  As a max-heap it keeps the smallest BOOKS_AT_ONCE of any number in bounded memory. */
struct page {
    const char *after;          /* NULL or "": from the first */
    size_t len;
    char *names[BOOKS_AT_ONCE];
};

static void
heap_down(struct page *page, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1, largest = i;
        char *moved = page->names[i];

        if (child < page->len && strcmp(page->names[child], page->names[largest]) > 0)
            largest = child;
        if (child + 1 < page->len && strcmp(page->names[child + 1], page->names[largest]) > 0)
            largest = child + 1;
        if (largest == i)
            return;
        page->names[i] = page->names[largest];
        page->names[largest] = moved;
        i = largest;
    }
}

static int
page_add(void *arg, const char *name)
{
    struct page *page = arg;
    char *copy;

    if (page->after != NULL && strcmp(name, page->after) <= 0)
        return 0;
    if (page->len == BOOKS_AT_ONCE && strcmp(name, page->names[0]) >= 0)
        return 0;
    if ((copy = strdup(name)) == NULL)
        return 1;
    if (page->len == BOOKS_AT_ONCE) {
        free(page->names[0]);
        page->names[0] = copy;
        heap_down(page, 0);
        return 0;
    }
    page->names[page->len++] = copy;
    for (size_t i = page->len - 1; i > 0 && strcmp(page->names[i], page->names[(i - 1) / 2]) > 0; i = (i - 1) / 2) {
        char *moved = page->names[i];

        page->names[i] = page->names[(i - 1) / 2];
        page->names[(i - 1) / 2] = moved;
    }
    return 0;
}

static int
page_fill(const struct file_pool *pool, enum shelf shelf, struct page *page, struct cairn_error *err)
{
    char folder[3];
    int fd, rc;

    if (shelf == IMAGES)
        return file_each_name(pool->images_fd, page_add, page, err);
    for (unsigned i = 0; i < 256; i++) {
        snprintf(folder, sizeof folder, "%02x", i);
        fd = openat(pool->blobs_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;                   /* never used */
        rc = file_each_name(fd, page_add, page, err);
        close(fd);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
shelf_list(const struct file_pool *pool, enum shelf shelf, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    struct page *page = calloc(1, sizeof *page);
    char last[FILE_HANDLE] = "";
    int more = 1, rc = 0;

    if (page == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a list");
    while (more && rc == 0) {
        page->len = 0;
        page->after = last[0] != '\0' ? last : after;
        rc = page_fill(pool, shelf, page, err);
        more = page->len == BOOKS_AT_ONCE;
        qsort(page->names, page->len, sizeof page->names[0], compare_names);
        for (size_t i = 0; i < page->len; i++) {
            struct cairn_blob_info info = { .size = sizeof info };

            snprintf(last, sizeof last, "%s", page->names[i]);
            if (rc == 0 && more >= 0 && shelf_info(pool, shelf, last, &info, NULL) == 0 && pool->host->emit(sink, &info) != 0)
                more = -1;              /* enough */
            free(page->names[i]);
        }
        more = more > 0;
    }
    free(page);
    return rc;
}

int
file_image_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    return shelf_list(self, IMAGES, NULL, sink, err);
}

int
file_blob_list(void *self, const char *after, struct cairn_sink *sink, struct cairn_error *err)
{
    return shelf_list(self, BLOBS, after, sink, err);
}
