/* dump.c: what a driver's file says about itself, as text for people. */
#include <config.h>
#include "plugin/internal.h"

#include <string.h>

#include "base/str.h"

static const char *const thread_models[] = { "serial", "one call per object", "parallel" };
static const char *const key_types[] = { "string", "integer", "yes/no", "size", "duration", "path", "secret", "list" };

static void
dump_keys(const struct cairn_driver *table, struct str *out)
{
    if (table->keys == NULL || table->keys[0] == NULL) {
        str_add(out, "keys: none\n");
        return;
    }
    str_add(out, "keys:\n");
    for (const struct cairn_key *const *k = table->keys; *k != NULL; k++) {
        const struct cairn_key *key = *k;

        str_addf(out, "  %s (%s", key->name, key_types[key->type]);
        if (key->type == CAIRN_KEY_INT && (key->min != 0 || key->max != 0))
            str_addf(out, " %lld..%lld", (long long)key->min, (long long)key->max);
        if ((key->flags & CAIRN_KEY_REQUIRED) != 0)
            str_add(out, ", required");
        else if (key->dflt != NULL && key->type != CAIRN_KEY_SECRET)
            str_addf(out, ", default \"%s\"", key->dflt);
        str_addf(out, "): %s\n", key->help);
    }
}

static void
dump_ops(const struct module *m, struct str *out)
{
    const struct kind_info *info = kind_info(m->kind);

    str_add(out, "operations:\n");
    for (unsigned i = 0; i < info->count; i++)
        str_addf(out, "  %-20s %s\n", info->ops[i].name, op_present(m->table, &info->ops[i]) ? "yes" : "no");
}

static int
resolve(const char *path, char **ret_file, struct cairn_error *err)
{
    const char *dash = strchr(path, '-');
    CLEANUP_FREE char *kind = NULL;

    if (strchr(path, '/') != NULL) {
        *ret_file = xstrdup(path);
        return 0;
    }
    kind = xstrndup(path, dash != NULL ? (size_t)(dash - path) : 0);
    if (kind_of(kind) == 0)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is neither a path nor KIND-NAME (compute-kvm)", path);
    return search_find(NULL, kind_of(kind), dash + 1, ret_file, err);
}

int
plugin_dump(const char *path, char **ret_text, struct cairn_error *err)
{
    CLEANUP_STR struct str out = STR_INIT;
    CLEANUP_FREE char *file = NULL;
    const struct cairn_driver *table;
    struct module *m;

    if (resolve(path, &file, err) < 0 || module_open(file, 0, NULL, &m, err) < 0)
        return -1;
    table = m->table;
    str_addf(&out, "file: %s\nkind: %s\nname: %s\n", m->file, kind_name(m->kind), table->name);
    str_addf(&out, "version: %s\n", table->version != NULL ? table->version : "-");
    str_addf(&out, "description: %s\n", table->description != NULL ? table->description : "-");
    str_addf(&out, "abi: %u (this daemon accepts %u to %u)\n", table->abi, CAIRN_ABI_MIN, CAIRN_ABI);
    str_addf(&out, "table: %u bytes (%zu here)\n", table->table_size, kind_info(m->kind)->table_size);
    str_addf(&out, "threads: %s\ncapabilities: 0x%llx\n", thread_models[table->threads], (unsigned long long)table->capabilities);
    dump_keys(table, &out);
    dump_ops(m, &out);
    module_close(m);
    *ret_text = str_take(&out);
    return 0;
}
