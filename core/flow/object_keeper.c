/* object_keeper.c: the object store's background work: what is expired or deleted goes, what is stored is read again now and then. */
#include "config.h"
#define LOG_MODULE "object"
#include "flow/object.h"
#include "flow/object_sync.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/storage.h"

#define BATCH 500                       /* rows of one transaction */

struct object_keeper {
    struct object_keeper_options o;
    int64_t scrub_bytes;                /* of one stretch; 0: none */
    char after[208];                    /* the scrubber's place; the job that runs has it */
    _Atomic int reaping, scrubbing, pushing;
};

/* Drops the rows whose ids the query gives.  Answers how many, -1: error. */
static int
drop_batch(struct catalog *catalog, const char *sql, int64_t param, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int64_t ids[BATCH];
    int n = 0, rc;

    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 || tx_query(tx, &r, err, sql, "ii", param, (int64_t)BATCH) < 0)
        return -1;
    while (n < BATCH && (rc = rows_next(r, err)) != 0) {
        if (rc < 0)
            return -1;
        ids[n++] = row_int(r, "id");
    }
    rows_close(steal(&r));
    for (int i = 0; i < n; i++)
        if (object_drop_row(tx, ids[i], err) < 0)
            return -1;
    return tx_commit(steal(&tx), err) < 0 ? -1 : n;
}

static int
drop_all(struct catalog *catalog, const char *sql, int64_t param, struct cairn_error *err)
{
    int n;

    do
        n = drop_batch(catalog, sql, param, err);
    while (n == BATCH);
    return n < 0 ? -1 : 0;
}

static int
drop_accounts(struct catalog *catalog, struct cairn_error *err)
{
    static const char sql[] = "select o.id as id from objects o join object_containers k on k.id = o.container_id join object_accounts a on a.id = k.account_id"
                              " where a.deleted_us is not null and a.deleted_us <= ? limit ?";
    CLEANUP_TX struct tx *tx = NULL;

    if (drop_all(catalog, sql, INT64_MAX, err) < 0 || tx_begin(catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err, "delete from object_containers where account_id in (select id from object_accounts where deleted_us is not null)"
                " and not exists (select 1 from objects o where o.container_id = object_containers.id)", "") < 0 ||
        tx_exec(tx, err, "delete from object_accounts where deleted_us is not null and not exists"
                " (select 1 from object_containers k where k.account_id = object_accounts.id)", "") < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

/* --- bytes that no row refers to */

struct garbage { char blob[208], store[64]; };

static int
collect(struct catalog *catalog, struct garbage *list, int max, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int n = 0, rc;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0 || tx_query(tx, &r, err, "select blob, store from object_garbage order by since_us limit ?", "i", (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(r, err)) == 1 && n < max) {
        snprintf(list[n].blob, sizeof list[n].blob, "%s", row_text(r, "blob"));
        snprintf(list[n].store, sizeof list[n].store, "%s", row_text(r, "store"));
        n++;
    }
    return rc < 0 ? -1 : n;
}

static int
burn(struct catalog *catalog, struct plugins *plugins, struct cairn_error *err)
{
    CLEANUP_FREE struct garbage *list = xcalloc(BATCH, sizeof *list);
    int n = collect(catalog, list, BATCH, err), gone = 0;
    CLEANUP_TX struct tx *tx = NULL;

    for (int i = 0; i < n; i++) {
        CLEANUP_DRIVER struct driver *store = plugins_get(plugins, CAIRN_STORAGE, list[i].store);
        struct cairn_error why = CAIRN_ERROR_INIT;

        if (store == NULL || storage_blob_delete(store, list[i].blob, &why) < 0) {
            log_warn("blob %s of store '%s' cannot be deleted yet: %s", list[i].blob, list[i].store, store == NULL ? "the store is not loaded" : why.message);
            list[i].blob[0] = '\0';
        }
    }
    if (n <= 0)
        return n;
    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    for (int i = 0; i < n; i++) {
        if (list[i].blob[0] == '\0')
            continue;
        gone++;
        if (tx_exec(tx, err, "delete from object_garbage where blob = ?", "s", list[i].blob) < 0 ||
            tx_exec(tx, err, "delete from object_quarantine where blob = ?", "s", list[i].blob) < 0)
            return -1;
    }
    return tx_commit(steal(&tx), err) < 0 ? -1 : gone;
}

/* An expired version is not the latest any more, and stays as a version. */
static int
retire_versions(struct catalog *catalog, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t now = clock_us();

    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 ||
        tx_exec(tx, err, "update object_containers set object_count = object_count - (select count(*) from objects o where o.container_id = object_containers.id"
                " and o.delete_at_us <= ? and o.versioned = 1 and o.latest = 1)"
                " where id in (select container_id from objects where delete_at_us <= ? and versioned = 1)", "ii", now, now) < 0 ||
        tx_exec(tx, err, "update objects set latest = 0, delete_at_us = null where delete_at_us <= ? and versioned = 1", "i", now) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

int
object_reap(struct catalog *catalog, struct plugins *plugins, struct cairn_error *err)
{
    int n;

    if (retire_versions(catalog, err) < 0 || drop_all(catalog, "select id from objects where delete_at_us <= ? limit ?", clock_us(), err) < 0 || drop_accounts(catalog, err) < 0)
        return -1;
    do
        n = burn(catalog, plugins, err);
    while (n == BATCH);
    return n < 0 ? -1 : 0;
}

/* --- the scrubber */

struct stored { char blob[208], store[64], etag[40]; };

static int
next_blob(struct catalog *catalog, const char *after, struct stored *ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_ROWS struct rows *r = NULL;
    int rc;

    if (tx_begin(catalog, TX_READ, &tx, err) < 0 ||
        tx_query(tx, &r, err, "select blob, store, etag from objects where blob is not null and blob > ? order by blob limit 1", "s", after) < 0 ||
        (rc = rows_next(r, err)) < 0)
        return -1;
    if (rc == 1) {
        snprintf(ret->blob, sizeof ret->blob, "%s", row_text(r, "blob"));
        snprintf(ret->store, sizeof ret->store, "%s", row_text(r, "store"));
        snprintf(ret->etag, sizeof ret->etag, "%s", row_text(r, "etag"));
    }
    return rc;
}

/* 1: the bytes are what was written; 0: they are not, and 'err' says how; -1: they cannot be read now. */
static int
check_blob(struct plugins *plugins, const struct stored *s, int64_t *ret_bytes, struct cairn_error *err)
{
    enum { STEP = 256 << 10 };
    CLEANUP_DRIVER struct driver *store = plugins_get(plugins, CAIRN_STORAGE, s->store);
    CLEANUP_FREE char *buf = xmalloc(STEP);
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    uint64_t at = 0;
    unsigned len = 0;
    size_t n = 0;
    int rc = -1;

    if (store == NULL || md5 == NULL || EVP_DigestInit_ex(md5, EVP_md5(), NULL) != 1) {
        cairn_fail(err, CAIRN_UNAVAILABLE, "storage instance '%s' is not loaded", s->store);
    } else {
        do {
            rc = storage_blob_read(store, s->blob, at, buf, STEP, &n, err);
            EVP_DigestUpdate(md5, buf, rc == 0 ? n : 0);
            at += n;
        } while (rc == 0 && n > 0);
        EVP_DigestFinal_ex(md5, digest, &len);
        for (unsigned i = 0; i < len; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest[i]);
        if (rc == 0 && strcmp(hex, s->etag) == 0)
            rc = 1;
        else if (rc == 0)
            cairn_fail(err, CAIRN_CORRUPT, "its MD5 is %s and should be %s", hex, s->etag);
        else if (err->code == CAIRN_NOT_FOUND)
            rc = 0;
    }
    EVP_MD_CTX_free(md5);
    *ret_bytes = (int64_t)at;
    return rc;
}

int
object_scrub(struct catalog *catalog, struct plugins *plugins, int64_t bytes_max, char after[208], struct cairn_error *err)
{
    while (bytes_max > 0) {
        struct cairn_error why = CAIRN_ERROR_INIT;
        struct stored s;
        int64_t bytes = 0;
        int rc = next_blob(catalog, after, &s, err), sound;

        if (rc < 0)
            return -1;
        if (rc == 0) {
            after[0] = '\0';            /* once around */
            return 0;
        }
        snprintf(after, 208, "%s", s.blob);
        sound = check_blob(plugins, &s, &bytes, &why);
        bytes_max -= bytes + 4096;
        if (sound < 0) {
            log_warn("blob %s cannot be read again now: %s", s.blob, why.message);
        } else if (sound == 0) {
            CLEANUP_TX struct tx *tx = NULL;

            log_error("blob %s of store '%s' is damaged and kept apart: %s", s.blob, s.store, why.message);
            if (tx_begin(catalog, TX_WRITE, &tx, err) < 0 ||
                tx_exec(tx, err, "insert into object_quarantine (blob, store, found_us, detail) select ?, ?, ?, ? where exists (select 1 from objects where blob = ?)"
                        " on conflict (blob) do nothing", "ssiss", s.blob, s.store, clock_us(), why.message, s.blob) < 0 || tx_commit(steal(&tx), err) < 0)
                return -1;
        }
    }
    return 0;
}

/* --- by the clock */

static void
reap_job(void *arg)
{
    struct object_keeper *k = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (object_reap(k->o.catalog, k->o.plugins, &err) < 0)
        log_warn("expired and deleted objects wait: %s", err.message);
    k->reaping = 0;
}

static void
scrub_job(void *arg)
{
    struct object_keeper *k = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (object_scrub(k->o.catalog, k->o.plugins, k->scrub_bytes, k->after, &err) < 0)
        log_warn("the scrubber rests: %s", err.message);
    k->scrubbing = 0;
}

static void
push_job(void *arg)
{
    struct object_keeper *k = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (object_sync_push(k->o.catalog, k->o.plugins, k->o.config, &err) < 0)
        log_warn("container sync rests: %s", err.message);
    k->pushing = 0;
}

static void
push_tick(void *arg)
{
    struct object_keeper *k = arg;

    if (atomic_exchange(&k->pushing, 1) == 0 && engine_submit(k->o.engine, push_job, k) < 0)
        k->pushing = 0;
}

static void
reap_tick(void *arg)
{
    struct object_keeper *k = arg;

    if (atomic_exchange(&k->reaping, 1) == 0 && engine_submit(k->o.engine, reap_job, k) < 0)
        k->reaping = 0;
}

static void
scrub_tick(void *arg)
{
    struct object_keeper *k = arg;

    if (atomic_exchange(&k->scrubbing, 1) == 0 && engine_submit(k->o.engine, scrub_job, k) < 0)
        k->scrubbing = 0;
}

int
object_keeper_start(const struct object_keeper_options *options, struct object_keeper **ret, struct cairn_error *err)
{
    struct object_keeper *k = xcalloc(1, sizeof *k);
    int64_t interval_ms = config_int(options->config, "object", "scrub_interval");

    (void)err;
    k->o = *options;
    k->scrub_bytes = config_int(options->config, "object", "scrub_rate") * (interval_ms / 1000);
    engine_every(options->engine, "object-reaper", config_int(options->config, "object", "reap_interval"), reap_tick, k);
    if (config_string(options->config, "object", "sync_realms") != NULL)
        engine_every(options->engine, "object-sync", config_int(options->config, "object", "sync_interval"), push_tick, k);
    if (k->scrub_bytes > 0)
        engine_every(options->engine, "object-scrubber", interval_ms, scrub_tick, k);
    *ret = k;
    return 0;
}

void
object_keeper_stop(struct object_keeper *k)
{
    free(k);
}
