/* tool.h: the operator's tool `cairn`: what its commands share.
 *
 * Most commands read the catalog themselves and work whether the daemon runs or not; those that need the daemon ask it over its control
 * socket.  Every command has a row in the table of cairn.c: words, arguments, help. */
#ifndef CAIRN_TOOL_H
#define CAIRN_TOOL_H
#include <getopt.h>
#include <jansson.h>
#include "base/config.h"
#include "base/str.h"
#include "catalog/catalog.h"

struct tool {
    const char *config_option;          /* --config, or NULL */
    char **sets;                        /* --set SECTION.KEY=VALUE */
    size_t sets_count;
    struct config *config;              /* loaded before a command runs */
    const char *config_path;            /* NULL: the embedded defaults */
    const char *state_dir, *run_dir;
    char *catalog_url;
    struct catalog *catalog;            /* NULL before tool_open() */
};

struct command {
    const char *words;                  /* "catalog backup"; NULL ends the table */
    const char *args;                   /* "FILE" */
    const char *summary;                /* one line */
    const char *help;                   /* paragraphs, lines ended */
    /* argv[0] is the command's last word.  0, or -1 with an error. */
    int (*run)(struct tool *t, int argc, char **argv, struct cairn_error *err);
};
extern const struct command commands[];
extern const struct command *tool_running;      /* the command at work: for usage errors */

int tool_usage(struct cairn_error *err);        /* "usage: cairn ... (see cairn ... --help)"; -1 */
/* -1 with usage unless 'min' to 'max' arguments stand behind the options. */
int tool_arguments(int argc, int min, int max, struct cairn_error *err);
/* Opens the catalog, which must be there unless 'may_make'; it is closed behind the command. */
int tool_open(struct tool *t, int may_make, struct cairn_error *err);
/* The daemon's answer to {"command": name, key: value, ...}; pairs end with NULL.  As control_ask(). */
int tool_ask(struct tool *t, json_t **ret, struct cairn_error *err, const char *name, ...) __attribute__((sentinel));
/* 1: a daemon holds the state folder.  */
int tool_daemon_runs(const struct tool *t);

/* --- tables on the terminal: cells are copied, columns as wide as they must be, the last one as long as it is */
struct table;
struct table *table_new(const char *first, ...) __attribute__((sentinel));      /* the columns' heads; NULL ends */
void table_add(struct table *t, const char *fmt, ...) CAIRN_PRINTF(2, 3);       /* the next cell; a row ends by itself */
void table_print(struct table *t, const char *when_empty);                      /* and frees */
/* "3 s", "12 min", "5 h", "8 d". */
char *age_text(int64_t us, char buf[24]);
char *time_text(int64_t us, char buf[40]);

#define COMMAND(name) int name(struct tool *t, int argc, char **argv, struct cairn_error *err)
COMMAND(cmd_status);
COMMAND(cmd_hosts);
COMMAND(cmd_drivers);
COMMAND(cmd_reload);
COMMAND(cmd_tasks);
COMMAND(cmd_trace);
COMMAND(cmd_audit);
COMMAND(cmd_policy_explain);
COMMAND(cmd_policy_list);
COMMAND(cmd_policy_reload);
COMMAND(cmd_catalog_backup);
COMMAND(cmd_catalog_restore);
COMMAND(cmd_catalog_check);
COMMAND(cmd_user_password);
COMMAND(cmd_mapping_test);
COMMAND(cmd_bootstrap);
COMMAND(cmd_token_rotate);
COMMAND(cmd_credential_rotate);
COMMAND(cmd_credential_migrate);
COMMAND(cmd_log);
#endif
