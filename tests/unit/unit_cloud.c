/* unit_cloud.c: see unit_cloud.h. */
#include <config.h>
#include "unit_cloud.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"

struct cairn_error err;
struct catalog *catalog;
struct config *config;
struct plugins *plugins;

void
unit_begin(void)
{
    memset(&err, 0, sizeof err);
    log_open("/dev/null", CAIRN_LOG_DEBUG, NULL);
    scratch_make();
}

void
unit_catalog(void)
{
    CLEANUP_FREE char *url = xasprintf("sqlite:%s", scratch_path("catalog.db"));

    ck_assert_msg(catalog_open(url, &catalog, &err) == 0, "%s", err.message);
}

void
unit_plugins(const char *text, const struct config_section *sections, const char *path,
             void (*event)(void *arg, struct driver *d, const struct cairn_event *event))
{
    static const char *const prefixes[] = { "compute", "storage", "network", NULL };
    struct plugins_options options = { .cloud_id = "7b0f6b1e-0d6c-4b8a-9a3e-000000000000", .host_name = "h1", .path = path, .event = event,
                                       .state_dir = scratch, .run_dir = scratch_path("run") };

    ck_assert_msg(config_load_text(text, "test.conf", sections, prefixes, &config, &err) == 0, "%s", err.message);
    options.config = config;
    ck_assert_msg(plugins_open(&options, &plugins, &err) == 0, "%s", err.message);
}

void
unit_cloud(const struct config_section *sections)
{
    CLEANUP_FREE char *text = NULL;

    unit_begin();
    unit_catalog();
    text = xasprintf("[daemon]\nstate_dir = %s\n[compute:c1]\ndriver = fake\n[storage:s1]\ndriver = fake\n[network:n1]\ndriver = fake\n", scratch);
    unit_plugins(text, sections, NULL, NULL);
    ck_assert_msg(plugins_load_all(plugins, &err) == 0, "%s", err.message);
}

void
unit_end(void)
{
    if (plugins != NULL)
        plugins_close(plugins);
    if (catalog != NULL)
        catalog_close(catalog);
    config_free(config);
    plugins = NULL;
    catalog = NULL;
    config = NULL;
    scratch_drop();
}

void
sql(const char *fmt, ...)
{
    struct tx *tx;
    char text[4096];
    va_list ap;

    va_start(ap, fmt);
    ck_assert_int_lt(vsnprintf(text, sizeof text, fmt, ap), (int)sizeof text);
    va_end(ap);
    ck_assert_int_eq(tx_begin(catalog, TX_WRITE, &tx, &err), 0);
    ck_assert_msg(tx_exec(tx, &err, text, "") == 0, "%s: %s", text, err.message);
    ck_assert_int_eq(tx_commit(tx, &err), 0);
}

int64_t
number(const char *query)
{
    struct tx *tx;
    int64_t n;

    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_int_eq(tx_int(tx, &n, -1, &err, query, ""), 0);
    tx_rollback(tx);
    return n;
}

const char *
text_of(const char *query)
{
    static char buf[1200];
    CLEANUP_FREE char *text = NULL;
    struct tx *tx;

    ck_assert_int_eq(tx_begin(catalog, TX_READ, &tx, &err), 0);
    ck_assert_msg(tx_text(tx, &text, &err, query, "") == 0, "%s", err.message);
    tx_rollback(tx);
    snprintf(buf, sizeof buf, "%s", text != NULL ? text : "(null)");
    return buf;
}
