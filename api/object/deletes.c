/* deletes.c: many deletes by one request, and the report that such requests answer with: always 200, what became of each is in the body. */
#include "config.h"
#define LOG_MODULE "object"
#include "object/private.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

#define BATCH 100                       /* deletes in one transaction */

/* --- the report */

void
report_fail(struct bulk_report *r, const char *path, int status)
{
    char why[80];

    snprintf(why, sizeof why, "%d %s", status, object_title(status));
    report_fail_with(r, path, status, why);
}

void
report_fail_with(struct bulk_report *r, const char *path, int status, const char *why)
{
    CLEANUP_STR struct str quoted = STR_INIT;

    object_quote(path, &quoted);
    if (quoted.len > REPORT_PATH_MAX)
        quoted.text[REPORT_PATH_MAX] = '\0';
    if (r->failed == NULL)
        r->failed = json_array();
    json_array_append_new(r->failed, json_pack("[s, s]", quoted.text, why));
    r->status = r->status == 502 || status >= 500 ? 502 : 400;
}

void
report_stop(struct bulk_report *r, int status, const char *why)
{
    r->status = status;
    snprintf(r->body, sizeof r->body, "%.*s", (int)sizeof r->body - 1, why);
    r->is_stopped = 1;
}

void
report_free(struct bulk_report *r)
{
    json_decref(r->failed);
    r->failed = NULL;
}

void
report_reply(struct object_call *c, struct bulk_report *r)
{
    struct report_line lines[ARRAY_LEN(r->counts) + 2];
    char counts[ARRAY_LEN(r->counts)][24], status[60];
    struct cairn_error err = CAIRN_ERROR_INIT;
    struct listing l = { .format = LIST_TEXT };
    struct str body = STR_INIT;
    size_t n = 0;

    if (listing_parse(c, OBJECT_LISTING_MAX, 0, &l, &err) < 0)
        report_stop(r, object_status_of(&err), err.message);
    for (; n < ARRAY_LEN(r->counts) && r->counts[n].name != NULL; n++) {
        snprintf(counts[n], sizeof counts[n], "%" PRId64, r->counts[n].n);
        lines[n] = (struct report_line){ r->counts[n].name, counts[n], 1 };
    }
    snprintf(status, sizeof status, "%d %s", r->status, object_title(r->status));
    lines[n++] = (struct report_line){ "Response Body", r->body, 0 };
    lines[n++] = (struct report_line){ "Response Status", status, 0 };
    report_write(&body, l.format, r->root, lines, n, r->failed);
    http_reply_header(c->req, "Content-Type", report_type(l.format));
    http_reply(c->req, 200, report_type(l.format), &body);
}

/* --- deletes */

/* "container/object", "container": which goes with them.  1, 0: it was not there. */
static int
delete_one(struct object_call *c, struct tx *tx, const char *path, struct cairn_error *err)
{
    CLEANUP_CONTAINER struct container k = { 0 };
    size_t len = strcspn(path, "/");
    CLEANUP_FREE char *container = xstrndup(path, len);
    const char *name = path[len] == '/' ? path + len + 1 : "";

    if (*name == '\0') {
        access_judge(c, tx);
        return access_owner(c, err) < 0 ? -1 : container_remove(tx, c->account, container, err);
    }
    return container_for_write(c, tx, c->account, container, &k, err) < 0 ? -1 : object_remove(c, tx, &k, name, err);
}

/* All or none of them: 0; -1: something failed, and nothing has changed. */
static int
delete_batch(struct object_call *c, char *const *paths, size_t count, int ret_statuses[], struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tx_begin(c->service->env.catalog, TX_WRITE, &tx, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int found = delete_one(c, tx, paths[i], err);

        if (found < 0)
            return -1;
        ret_statuses[i] = found ? 204 : 404;
    }
    return tx_commit(steal(&tx), err);
}

void
report_note(struct bulk_report *r, const char *path, int status)
{
    if (status / 100 == 2)
        r->counts[REPORT_DELETED].n++;
    else if (status == 404)
        r->counts[REPORT_NOT_FOUND].n++;
    else
        report_fail(r, path, status);
    if (json_array_size(r->failed) >= DELETES_FAILED_MAX)
        report_stop(r, 400, "Max delete failures exceeded");
}

/* One transaction for many where nothing is wrong; else one for each, so that what fails takes nothing with it. */
static void
delete_some(struct object_call *c, char *const *paths, size_t count, struct bulk_report *r)
{
    int statuses[BATCH];
    struct cairn_error err = CAIRN_ERROR_INIT;

    if (delete_batch(c, paths, count, statuses, &err) == 0) {
        for (size_t i = 0; i < count; i++)
            report_note(r, paths[i], statuses[i]);
        return;
    }
    for (size_t i = 0; i < count && !r->is_stopped; i++) {
        struct cairn_error own = CAIRN_ERROR_INIT;

        if (delete_batch(c, paths + i, 1, statuses, &own) < 0) {
            statuses[0] = object_status_of(&own);
            if (statuses[0] >= 500)
                log_error("delete of %s: %s", paths[i], own.message);
        }
        report_note(r, paths[i], statuses[0]);
    }
}

static int
is_container(const char *path)
{
    const char *slash = strchr(path, '/');

    return slash == NULL || slash[1] == '\0';
}

void
deletes_run(struct object_call *c, char *const *paths, size_t count, struct bulk_report *r)
{
    char *batch[BATCH];
    size_t filled = 0;

    for (int containers = 0; containers < 2; containers++) {    /* which must be empty by then */
        for (size_t i = 0; i < count && !r->is_stopped; i++) {
            char *path = paths[i] + strspn(paths[i], "/");

            if (*path == '\0' || is_container(path) != containers)
                continue;
            if (!str_is_utf8(path, strlen(path))) {
                report_fail(r, path, 412);
                continue;
            }
            batch[filled++] = path;
            if (filled == BATCH) {
                delete_some(c, batch, filled, r);
                filled = 0;
            }
        }
        if (filled > 0 && !r->is_stopped)
            delete_some(c, batch, filled, r);
        filled = 0;
    }
}
