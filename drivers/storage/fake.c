/* fake.c: storage driver "fake": volumes, images and blobs in memory.  Volumes here; images and blobs in fake_store.c. */
#include "fake_world.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct cairn_key key_capacity = CAIRN_KEY("capacity", CAIRN_KEY_SIZE, "1024T", "Space that the simulated pool has.");
static const struct cairn_key key_memory = CAIRN_KEY("memory_max", CAIRN_KEY_SIZE, "64M",
    "Bytes of images, blobs and volumes kept in memory; images and blobs beyond that go to files without a name.");
static const struct cairn_key *const fake_keys[] = { &key_capacity, &key_memory, SIM_KEYS, NULL };

static void
snapshot_free(struct fake_world *world, struct fake_snapshot *snapshot)
{
    disk_end(&snapshot->disk, &world->budget);
    free(snapshot);
}

static void
volume_free(struct fake_world *world, struct fake_volume *volume)
{
    for (struct fake_snapshot *s = volume->snapshots, *next; s != NULL; s = next) {
        next = s->next;
        snapshot_free(world, s);
    }
    disk_end(&volume->disk, &world->budget);
    free(volume);
}

static void
world_end(struct sim_world *world_)
{
    struct fake_world *world = (struct fake_world *)world_;
    struct fake_volume *volume;

    while ((volume = world->volumes_first) != NULL) {
        world->volumes_first = volume->next;
        volume_free(world, volume);
    }
    sim_map_free(&world->volumes, fake_keep);
    fake_store_end(world);
}

void
fake_keep(void *value)
{
    (void)value;        /* freed by its own list */
}

struct fake_world *
fake_world_of(void *self)
{
    return (struct fake_world *)((struct fake *)self)->inst.world;
}

int
fake_enter(void *self, struct cairn_op *op, const char *name, struct cairn_error *err)
{
    if (sim_before(((struct fake *)self)->inst.sim, op, name, err) < 0)
        return -1;
    pthread_mutex_lock(&fake_world_of(self)->world.lock);
    return 0;
}

int
fake_leave(void *self, int rc)
{
    pthread_mutex_unlock(&fake_world_of(self)->world.lock);
    return rc;
}

static int
fake_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct fake_world *world;
    void *self;

    if (sim_configure(host, sizeof(struct fake), sizeof(struct fake_world), world_end, &self, err) < 0)
        return -1;
    world = fake_world_of(self);
    pthread_mutex_lock(&world->world.lock);
    world->budget.max = (uint64_t)host->get_int(host->instance, "memory_max");
    world->budget.dir = world->world.name;      /* the state directory, which outlives every instance */
    pthread_mutex_unlock(&world->world.lock);
    *ret_self = self;
    return 0;
}

static int
fake_pool_info(void *self, struct cairn_pool_info *ret_info, struct cairn_error *err)
{
    const struct cairn_host *host = ((struct fake *)self)->inst.host;
    struct fake_world *world = fake_world_of(self);

    if (fake_enter(self, NULL, "pool_info", err) < 0)
        return -1;
    ret_info->thin = 1;
    ret_info->total_bytes = (uint64_t)host->get_int(host->instance, "capacity");
    ret_info->provisioned_bytes = world->provisioned_bytes;
    ret_info->free_bytes = ret_info->total_bytes > world->provisioned_bytes ? ret_info->total_bytes - world->provisioned_bytes : 0;
    return fake_leave(self, 0);
}

/* -- volumes -- */

/* The world is locked. */
static struct fake_volume *
volume_find(void *self, const char *handle, struct cairn_error *err)
{
    struct fake_volume *volume = NULL;

    if (!fake_name_ok(handle, 63))
        cairn_fail(err, CAIRN_INVALID, "'%.80s' is no volume handle of this driver", handle != NULL ? handle : "(null)");
    else if ((volume = sim_map_get(&fake_world_of(self)->volumes, handle)) == NULL)
        cairn_fail(err, CAIRN_NOT_FOUND, "there is no volume '%s' in this simulation", handle);
    return volume;
}

int
fake_name_ok(const char *name, size_t max)
{
    size_t len = name != NULL ? strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") : 0;

    return len > 0 && len <= max && name[0] != '.' && name[len] == '\0';
}

static struct fake_snapshot *
snapshot_find(struct fake_volume *volume, const char *id)
{
    struct fake_snapshot *s = volume->snapshots;

    while (s != NULL && strcmp(s->id, id) != 0)
        s = s->next;
    return s;
}

/* "VOLUME@ID"; with 'handle' the volume must be that one. */
static int
snapshot_parse(const char *snapshot_handle, const char *handle, char ret_volume[64], char ret_id[64], struct cairn_error *err)
{
    const char *at = snapshot_handle != NULL ? strchr(snapshot_handle, '@') : NULL;

    if (at == NULL || at - snapshot_handle > 63 || !fake_name_ok(at + 1, 63))
        return cairn_fail(err, CAIRN_INVALID, "'%.80s' is no snapshot handle of this driver", snapshot_handle != NULL ? snapshot_handle : "(null)");
    snprintf(ret_volume, 64, "%.*s", (int)(at - snapshot_handle), snapshot_handle);
    snprintf(ret_id, 64, "%s", at + 1);
    if (handle != NULL && strcmp(handle, ret_volume) != 0)
        return cairn_fail(err, CAIRN_INVALID, "snapshot '%.80s' is not one of volume '%.80s'", snapshot_handle, handle);
    return 0;
}

/* Makes the new volume's disk read as its source does; '*ret_bytes' is how much that holds. */
static int
disk_of_source(void *self, const struct cairn_volume *vol, struct disk *disk, uint64_t *ret_bytes, struct cairn_error *err)
{
    char handle[64], id[64];
    struct fake_volume *from;
    struct fake_snapshot *snapshot;
    struct bytes *image;

    switch (vol->source_kind) {
    case CAIRN_SOURCE_NONE:
        *ret_bytes = 0;
        return 0;
    case CAIRN_SOURCE_IMAGE:
        image = fake_image_get(fake_world_of(self), vol->source_handle, err);
        if (image == NULL)
            return -1;
        *ret_bytes = fake_virtual_size(image, vol->source_format);
        image->refs++;
        disk->base = image;
        return 0;
    case CAIRN_SOURCE_VOLUME:
        if ((from = volume_find(self, vol->source_handle, err)) == NULL)
            return -1;
        *ret_bytes = from->size_bytes;
        return disk_clone(disk, &from->disk, err);
    case CAIRN_SOURCE_SNAPSHOT:
        if (snapshot_parse(vol->source_handle, NULL, handle, id, err) < 0 || (from = volume_find(self, handle, err)) == NULL)
            return -1;
        if ((snapshot = snapshot_find(from, id)) == NULL)
            return cairn_fail(err, CAIRN_NOT_FOUND, "volume '%s' has no snapshot '%s'", handle, id);
        *ret_bytes = snapshot->size_bytes;
        return disk_clone(disk, &snapshot->disk, err);
    default:
        return cairn_fail(err, CAIRN_UNSUPPORTED, "a simulated volume cannot be copied from a real connection");
    }
}

static int
volume_make(void *self, const struct cairn_volume *vol, struct cairn_error *err)
{
    const struct cairn_host *host = ((struct fake *)self)->inst.host;
    struct fake_world *world = fake_world_of(self);
    struct fake_volume *volume;
    uint64_t source_bytes = 0;

    if (world->provisioned_bytes + vol->size_bytes > (uint64_t)host->get_int(host->instance, "capacity"))
        return cairn_fail(err, CAIRN_NO_SPACE, "the simulated pool has no room for %" PRIu64 " bytes", vol->size_bytes);
    volume = calloc(1, sizeof *volume);
    if (volume == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory");
    snprintf(volume->id, sizeof volume->id, "%s", vol->id);
    snprintf(volume->source, sizeof volume->source, "%.130s", vol->source_handle != NULL ? vol->source_handle : "");
    volume->size_bytes = vol->size_bytes;
    volume->source_kind = vol->source_kind;
    if (disk_of_source(self, vol, &volume->disk, &source_bytes, err) < 0) {
        volume_free(world, volume);
        return -1;
    }
    if (source_bytes > vol->size_bytes) {
        volume_free(world, volume);
        return cairn_fail(err, CAIRN_INVALID, "the source holds %" PRIu64 " bytes, the volume only %" PRIu64, source_bytes, vol->size_bytes);
    }
    if (sim_map_put(&world->volumes, volume->id, volume, err) < 0) {
        volume_free(world, volume);
        return -1;
    }
    volume->next = world->volumes_first;
    volume->prev_next = &world->volumes_first;
    if (volume->next != NULL)
        volume->next->prev_next = &volume->next;
    world->volumes_first = volume;
    world->provisioned_bytes += volume->size_bytes;
    return 0;
}

static int
fake_volume_create(void *self, struct cairn_op *op, const struct cairn_volume *vol, char ret_handle[256], struct cairn_error *err)
{
    struct fake_volume *there;
    int rc = 0;

    if (!fake_name_ok(vol->id, 63) || vol->size_bytes == 0 || vol->size_bytes % 512 != 0)
        return cairn_fail(err, CAIRN_INVALID, "a volume needs an id and a size that is a multiple of 512");
    if (fake_enter(self, op, "volume_create", err) < 0)
        return -1;
    there = sim_map_get(&fake_world_of(self)->volumes, vol->id);
    if (there == NULL)
        rc = volume_make(self, vol, err);
    else if (there->size_bytes != vol->size_bytes || there->source_kind != vol->source_kind ||
             strcmp(there->source, vol->source_handle != NULL ? vol->source_handle : "") != 0)
        rc = cairn_fail(err, CAIRN_EXISTS, "volume '%s' is there, but another size or made from something else", vol->id);
    if (rc == 0)
        snprintf(ret_handle, 256, "%s", vol->id);
    return fake_leave(self, rc);
}

static int
fake_volume_delete(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    struct fake_world *world = fake_world_of(self);
    struct cairn_error why = CAIRN_ERROR_INIT;
    struct fake_volume *volume;

    if (fake_enter(self, op, "volume_delete", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, &why)) == NULL) {
        if (why.code == CAIRN_NOT_FOUND)
            return fake_leave(self, 0);
        return fake_leave(self, cairn_fail(err, why.code, "%s", why.message));
    }
    if (volume->snapshots != NULL)
        return fake_leave(self, cairn_fail(err, CAIRN_CONFLICT, "volume '%s' has snapshots: delete them first", handle));
    sim_map_take(&world->volumes, handle);
    *volume->prev_next = volume->next;
    if (volume->next != NULL)
        volume->next->prev_next = volume->prev_next;
    world->provisioned_bytes -= volume->size_bytes;
    volume_free(world, volume);
    return fake_leave(self, 0);
}

static int
fake_volume_extend(void *self, struct cairn_op *op, const char *handle, uint64_t size_bytes, struct cairn_error *err)
{
    const struct cairn_host *host = ((struct fake *)self)->inst.host;
    struct fake_world *world = fake_world_of(self);
    struct fake_volume *volume;

    if (fake_enter(self, op, "volume_extend", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, err)) == NULL)
        return fake_leave(self, -1);
    if (size_bytes < volume->size_bytes || size_bytes % 512 != 0)
        return fake_leave(self, cairn_fail(err, CAIRN_INVALID, "volume '%s' has %" PRIu64 " bytes: it cannot become %" PRIu64, handle,
                                           volume->size_bytes, size_bytes));
    if (world->provisioned_bytes + (size_bytes - volume->size_bytes) > (uint64_t)host->get_int(host->instance, "capacity"))
        return fake_leave(self, cairn_fail(err, CAIRN_NO_SPACE, "the simulated pool has no room for %" PRIu64 " bytes", size_bytes));
    world->provisioned_bytes += size_bytes - volume->size_bytes;
    volume->size_bytes = size_bytes;
    return fake_leave(self, 0);
}

static void
info_fill(const struct fake_volume *volume, struct cairn_volume_info *ret_info)
{
    ret_info->format = CAIRN_FORMAT_RAW;
    snprintf(ret_info->id, sizeof ret_info->id, "%s", volume->id);
    snprintf(ret_info->handle, sizeof ret_info->handle, "%s", volume->id);
    ret_info->size_bytes = volume->size_bytes;
    ret_info->used_bytes = disk_used(&volume->disk);
}

static int
fake_volume_info(void *self, const char *handle, struct cairn_volume_info *ret_info, struct cairn_error *err)
{
    struct fake_volume *volume;

    if (fake_enter(self, NULL, "volume_info", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, err)) != NULL)
        info_fill(volume, ret_info);
    return fake_leave(self, volume != NULL ? 0 : -1);
}

static int
fake_volume_list(void *self, struct cairn_sink *sink, struct cairn_error *err)
{
    const struct cairn_host *host = ((struct fake *)self)->inst.host;

    if (fake_enter(self, NULL, "volume_list", err) < 0)
        return -1;
    for (const struct fake_volume *volume = fake_world_of(self)->volumes_first; volume != NULL; volume = volume->next) {
        struct cairn_volume_info info = { .size = sizeof info };

        info_fill(volume, &info);
        if (host->emit(sink, &info) != 0)
            break;
    }
    return fake_leave(self, 0);
}

static int
fake_volume_flatten(void *self, struct cairn_op *op, const char *handle, struct cairn_error *err)
{
    struct fake_volume *volume;

    if (fake_enter(self, op, "volume_flatten", err) < 0)
        return -1;
    /* Shared bytes are counted references: every volume stands alone already. */
    volume = volume_find(self, handle, err);
    return fake_leave(self, volume != NULL ? 0 : -1);
}

/* -- snapshots -- */

static int
fake_snapshot_create(void *self, struct cairn_op *op, const char *handle, const char *snapshot_id, char ret_handle[256], struct cairn_error *err)
{
    struct fake_world *world = fake_world_of(self);
    struct fake_volume *volume;
    struct fake_snapshot *snapshot;

    if (!fake_name_ok(snapshot_id, 63))
        return cairn_fail(err, CAIRN_INVALID, "a snapshot needs an id");
    if (fake_enter(self, op, "snapshot_create", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, err)) == NULL)
        return fake_leave(self, -1);
    if (snapshot_find(volume, snapshot_id) == NULL) {
        snapshot = calloc(1, sizeof *snapshot);
        if (snapshot == NULL)
            return fake_leave(self, cairn_fail(err, CAIRN_UNAVAILABLE, "the simulation is out of memory"));
        if (disk_clone(&snapshot->disk, &volume->disk, err) < 0) {
            snapshot_free(world, snapshot);
            return fake_leave(self, -1);
        }
        snprintf(snapshot->id, sizeof snapshot->id, "%s", snapshot_id);
        snapshot->size_bytes = volume->size_bytes;
        snapshot->next = volume->snapshots;
        volume->snapshots = snapshot;
    }
    snprintf(ret_handle, 256, "%s@%s", handle, snapshot_id);
    return fake_leave(self, 0);
}

static int
fake_snapshot_delete(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    struct fake_world *world = fake_world_of(self);
    struct fake_volume *volume;
    char of[64], id[64];

    if (snapshot_parse(snapshot_handle, handle, of, id, err) < 0 || fake_enter(self, op, "snapshot_delete", err) < 0)
        return -1;
    volume = sim_map_get(&world->volumes, of);
    for (struct fake_snapshot **at = volume != NULL ? &volume->snapshots : NULL; at != NULL && *at != NULL; at = &(*at)->next) {
        struct fake_snapshot *found = *at;

        if (strcmp(found->id, id) == 0) {
            *at = found->next;
            snapshot_free(world, found);
            break;
        }
    }
    return fake_leave(self, 0);
}

static int
fake_volume_revert(void *self, struct cairn_op *op, const char *handle, const char *snapshot_handle, struct cairn_error *err)
{
    struct fake_world *world = fake_world_of(self);
    struct fake_volume *volume;
    struct fake_snapshot *snapshot;
    struct disk copy = { 0 };
    char of[64], id[64];

    if (snapshot_parse(snapshot_handle, handle, of, id, err) < 0 || fake_enter(self, op, "volume_revert", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, err)) == NULL)
        return fake_leave(self, -1);
    if ((snapshot = snapshot_find(volume, id)) == NULL)
        return fake_leave(self, cairn_fail(err, CAIRN_NOT_FOUND, "volume '%s' has no snapshot '%s'", handle, id));
    if (disk_clone(&copy, &snapshot->disk, err) < 0) {
        disk_end(&copy, &world->budget);
        return fake_leave(self, -1);
    }
    disk_end(&volume->disk, &world->budget);
    volume->disk = copy;
    return fake_leave(self, 0);
}

/* -- users and bytes -- */

static int
fake_volume_connect(void *self, struct cairn_op *op, const char *handle, const char *host_name, uint32_t read_only,
                    struct cairn_connection *ret_connection, struct cairn_error *err)
{
    struct cairn_connection conn = { .size = sizeof conn, .kind = CAIRN_CONN_FILE, .format = CAIRN_FORMAT_RAW, .read_only = read_only != 0 };
    struct fake_volume *volume;

    (void)host_name;    /* reached from everywhere: nothing is real */
    if (fake_enter(self, op, "volume_connect", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, err)) == NULL)
        return fake_leave(self, -1);
    conn.size_bytes = volume->size_bytes;
    snprintf(conn.path, sizeof conn.path, "/simulated/%s", handle);
    *ret_connection = conn;
    return fake_leave(self, 0);
}

static int
fake_volume_disconnect(void *self, struct cairn_op *op, const char *handle, const char *host_name, struct cairn_error *err)
{
    (void)host_name;
    if (fake_enter(self, op, "volume_disconnect", err) < 0)
        return -1;
    return fake_leave(self, fake_name_ok(handle, 63) ? 0 : cairn_fail(err, CAIRN_INVALID, "'%.80s' is no volume handle of this driver", handle));
}

struct listing {
    const struct cairn_host *host;
    struct cairn_sink *sink;
    uint64_t end;
};

static int
emit_extent(void *arg, uint64_t offset, uint64_t len)
{
    struct listing *list = arg;
    struct cairn_extent extent = { .size = sizeof extent, .offset = offset, .length = len };

    if (offset >= list->end)
        return 1;
    if (extent.length > list->end - offset)
        extent.length = list->end - offset;
    return list->host->emit(list->sink, &extent) != 0;
}

static int
fake_volume_changes(void *self, const char *handle, const char *since, struct cairn_sink *sink, struct cairn_error *err)
{
    struct listing list = { ((struct fake *)self)->inst.host, sink, 0 };
    struct fake_volume *volume;

    if (since != NULL)
        return cairn_fail(err, CAIRN_UNSUPPORTED, "what changed since a snapshot is not known here");
    if (fake_enter(self, NULL, "volume_changes", err) < 0)
        return -1;
    if ((volume = volume_find(self, handle, err)) == NULL)
        return fake_leave(self, -1);
    list.end = volume->size_bytes;
    return fake_leave(self, disk_extents(&volume->disk, emit_extent, &list, err));
}

static struct fake_volume *
volume_range(void *self, const char *handle, uint64_t offset, size_t len, struct cairn_error *err)
{
    struct fake_volume *volume = volume_find(self, handle, err);

    if (volume != NULL && (offset > volume->size_bytes || len > volume->size_bytes - offset)) {
        cairn_fail(err, CAIRN_INVALID, "%zu bytes at %" PRIu64 " end behind volume '%s'", len, offset, handle);
        return NULL;
    }
    return volume;
}

static int
fake_volume_read(void *self, const char *handle, uint64_t offset, void *buf, size_t len, struct cairn_error *err)
{
    struct fake_volume *volume;

    if (fake_enter(self, NULL, "volume_read", err) < 0)
        return -1;
    volume = volume_range(self, handle, offset, len, err);
    return fake_leave(self, volume != NULL ? disk_read(&volume->disk, offset, buf, len, err) : -1);
}

static int
fake_volume_write(void *self, const char *handle, uint64_t offset, const void *buf, size_t len, struct cairn_error *err)
{
    struct fake_volume *volume;

    if (fake_enter(self, NULL, "volume_write", err) < 0)
        return -1;
    volume = volume_range(self, handle, offset, len, err);
    return fake_leave(self, volume != NULL ? disk_write(&volume->disk, &fake_world_of(self)->budget, offset, buf, len, err) : -1);
}

const struct cairn_storage_driver fake_storage = {
    CAIRN_DRIVER_HEAD(CAIRN_STORAGE, "fake", struct cairn_storage_driver),
    .version = DRIVER_VERSION,
    .description = "volumes, images and blobs in memory",
    .threads = CAIRN_THREADS_PER_OBJECT,
    .keys = fake_keys,
    .capabilities = CAIRN_STORAGE_CAN_VOLUMES | CAIRN_STORAGE_CAN_IMAGES | CAIRN_STORAGE_CAN_BLOBS | CAIRN_STORAGE_CAN_CLONE |
                    CAIRN_STORAGE_CAN_SNAPSHOT | CAIRN_STORAGE_CAN_REVERT | CAIRN_STORAGE_SHARED | CAIRN_STORAGE_SIMULATED,
    .configure = fake_configure,
    .start = sim_start,
    .stop = sim_stop,
    .destroy = sim_destroy,
    .health = sim_health,
    .pool_info = fake_pool_info,
    .volume_create = fake_volume_create,
    .volume_delete = fake_volume_delete,
    .volume_extend = fake_volume_extend,
    .volume_info = fake_volume_info,
    .volume_list = fake_volume_list,
    .volume_flatten = fake_volume_flatten,
    .snapshot_create = fake_snapshot_create,
    .snapshot_delete = fake_snapshot_delete,
    .volume_revert = fake_volume_revert,
    .volume_connect = fake_volume_connect,
    .volume_disconnect = fake_volume_disconnect,
    .volume_changes = fake_volume_changes,
    .volume_read = fake_volume_read,
    .volume_write = fake_volume_write,
    .image_open = fake_image_open,
    .image_write = fake_image_write,
    .image_commit = fake_image_commit,
    .image_abort = fake_stream_abort,
    .image_read = fake_image_read,
    .image_fd = fake_image_fd,
    .image_info = fake_image_info,
    .image_delete = fake_image_delete,
    .image_list = fake_image_list,
    .blob_open = fake_blob_open,
    .blob_write = fake_blob_write,
    .blob_commit = fake_blob_commit,
    .blob_abort = fake_stream_abort,
    .blob_read = fake_blob_read,
    .blob_fd = fake_blob_fd,
    .blob_info = fake_blob_info,
    .blob_delete = fake_blob_delete,
    .blob_list = fake_blob_list,
};
