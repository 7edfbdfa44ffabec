/* check.c: the door: is a driver's table fit for use?  Whoever wrote it reads the answer, so each one says what to mend. */
#include <config.h>
#include "plugin/internal.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/config.h"

enum { NAME_MAX_LEN = 32, KEYS_MAX = 256, TABLE_MAX = 65536 };

static int
name_ok(const char *name, size_t max, int dash)
{
    size_t len = strnlen(name, max + 1);

    if (len == 0 || len > max || name[0] < 'a' || name[0] > 'z')
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (dash && c == '-')))
            return 0;
    }
    return 1;
}

static int
check_key(const struct cairn_key *key, const char *file, size_t i, struct cairn_error *err)
{
    struct cairn_error why = CAIRN_ERROR_INIT;

    if (key->size < sizeof *key)
        return cairn_fail(err, CAIRN_INVALID, "'%s': key %zu says a size of %u bytes; write it with CAIRN_KEY", file, i, key->size);
    if (key->name == NULL || !name_ok(key->name, 64, 0))
        return cairn_fail(err, CAIRN_INVALID, "'%s': key %zu needs a name of [a-z][a-z0-9_]*, at most 64 characters", file, i);
    if (strcmp(key->name, "driver") == 0 || strcmp(key->name, "enabled") == 0)
        return cairn_fail(err, CAIRN_INVALID, "'%s': key '%s' belongs to the daemon; choose another name", file, key->name);
    if (key->type > CAIRN_KEY_LIST)
        return cairn_fail(err, CAIRN_INVALID, "'%s': key '%s' has the unknown type %u", file, key->name, key->type);
    if (key->help == NULL || key->help[0] == '\0')
        return cairn_fail(err, CAIRN_INVALID, "'%s': key '%s' has no help", file, key->name);
    /* A secret's default may name a file that is not there yet. */
    if (key->dflt != NULL && key->type != CAIRN_KEY_SECRET && config_parse_value(key, key->dflt, NULL, NULL, NULL, &why) < 0)
        return cairn_fail(err, CAIRN_INVALID, "'%s': the default of key '%s' is wrong: %s", file, key->name, why.message);
    return 0;
}

static int
check_keys(const struct cairn_key *const *keys, const char *file, struct cairn_error *err)
{
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
        if (i >= KEYS_MAX)
            return cairn_fail(err, CAIRN_INVALID, "'%s': more than %d keys; is the array NULL-terminated?", file, KEYS_MAX);
        if (check_key(keys[i], file, i, err) < 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (strcmp(keys[i]->name, keys[j]->name) == 0)
                return cairn_fail(err, CAIRN_INVALID, "'%s': key '%s' is there twice", file, keys[i]->name);
    }
    return 0;
}

static int
check_head(const struct cairn_driver *table, const char *file, uint32_t kind, const char *name, struct cairn_error *err)
{
    if (table == NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%s': " CAIRN_ENTRY_SYMBOL "() returned no table", file);
    /* The number tells a change of meaning; what was appended shows in the sizes. */
    if (table->abi < CAIRN_ABI_MIN || table->abi > CAIRN_ABI)
        return cairn_fail(err, CAIRN_INVALID, "'%s' was built for driver ABI %u; this daemon accepts %u to %u", file, table->abi,
                          CAIRN_ABI_MIN, CAIRN_ABI);
    if (table->table_size < sizeof *table || table->table_size > TABLE_MAX)
        return cairn_fail(err, CAIRN_INVALID, "'%s' says that its table has %u bytes; the common head alone has %zu (use CAIRN_DRIVER_HEAD)",
                          file, table->table_size, sizeof *table);
    if (kind_info(table->kind) == NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is of kind %u, which this daemon does not know", file, table->kind);
    if (kind != 0 && table->kind != kind)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is a %s driver; a %s driver is wanted", file, kind_name(table->kind), kind_name(kind));
    if (table->name == NULL || !name_ok(table->name, NAME_MAX_LEN, 1))
        return cairn_fail(err, CAIRN_INVALID, "'%s' needs a name of [a-z][a-z0-9_-]*, at most %d characters", file, NAME_MAX_LEN);
    if (name != NULL && strcmp(table->name, name) != 0)
        return cairn_fail(err, CAIRN_INVALID, "'%s' calls itself '%s'; the file's name says '%s'", file, table->name, name);
    if (table->threads > CAIRN_THREADS_PARALLEL)
        return cairn_fail(err, CAIRN_INVALID, "'%s' has the unknown thread model %u", file, table->threads);
    return 0;
}

/* 'table' may be shorter than this build's: what lies beyond its end is not there. */
static int
has_op(const struct cairn_driver *table, const struct op_info *op)
{
    return op->offset + sizeof(void (*)(void)) <= table->table_size && op_present(table, op);
}

int
table_check(const struct cairn_driver *table, const char *file, uint32_t kind, const char *name, struct cairn_error *err)
{
    const struct kind_info *info;
    unsigned any = 0;

    if (check_head(table, file, kind, name, err) < 0 || check_keys(table->keys, file, err) < 0)
        return -1;
    info = kind_info(table->kind);
    for (unsigned i = 0; i < info->count; i++) {
        const struct op_info *op = &info->ops[i];

        if (has_op(table, op)) {
            any += i > OP_HEALTH;
            continue;
        }
        if (op->required)
            return cairn_fail(err, CAIRN_INVALID, "'%s' lacks the operation '%s', which every %s driver must have", file, op->name, info->name);
        if ((table->capabilities & op->capability) != 0)
            return cairn_fail(err, CAIRN_INVALID, "'%s' lacks the operation '%s', which a capability that it claims (0x%llx) stands for", file,
                              op->name, (unsigned long long)op->capability);
    }
    if (info->any_of && any == 0)
        return cairn_fail(err, CAIRN_INVALID, "'%s' has no operation at all: a %s plugin needs '%s' or '%s'", file, info->name,
                          info->ops[OP_HEALTH + 1].name, info->ops[OP_HEALTH + 2].name);
    return 0;
}
