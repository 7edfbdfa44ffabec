/* config.c: the configuration file.  inih cuts the lines; here each key must stand in a table. */
#include <config.h>
#include "base/config.h"

#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>

#include "base/str.h"

enum {
    FILE_MAX = 1 << 20,
    NAME_MAX_BYTES = 48,        /* inih cuts longer names silently; here they are refused */
};

/* A key of a table and what holds for it now. */
struct value {
    const char *section;        /* borrowed from the table */
    const struct cairn_key *key;
    char *text;                 /* owned; NULL: neither set nor default */
    int64_t number;
    int line;                   /* 0: default */
};

/* A key of an instance section, as written. */
struct raw {
    char *section, *key, *text;
    int line;
};

struct config {
    const struct config_section *sections;
    const char *const *prefixes;
    char *name;                 /* of the file, for errors */
    struct value *values;
    size_t values_count;
    struct raw *raws;
    size_t raws_count, raws_cap;
    char **seen;                /* sections that stood in the file or were set, in order */
    size_t seen_count, seen_cap;
};

struct config_values {
    struct value *values;
    size_t count;
};

static void
free_values(struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].text != NULL && values[i].key->type == CAIRN_KEY_SECRET)
            explicit_bzero(values[i].text, strlen(values[i].text));
        free(values[i].text);
    }
    free(values);
}

void
config_free(struct config *c)
{
    if (c == NULL)
        return;
    free_values(c->values, c->values_count);
    for (size_t i = 0; i < c->raws_count; i++) {
        free(c->raws[i].section);
        free(c->raws[i].key);
        free(c->raws[i].text);
    }
    for (size_t i = 0; i < c->seen_count; i++)
        free(c->seen[i]);
    free(c->raws);
    free(c->seen);
    free(c->name);
    free(c);
}

/* Gives an array room for one more. */
static void *
more_room(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    *cap = *cap > 0 ? *cap * 2 : 16;
    return xrealloc(array, *cap * size);
}

/* "storage:fast" of an allowed prefix: 1. */
static int
is_instance(const struct config *c, const char *section)
{
    const char *colon = strchr(section, ':');

    for (size_t i = 0; colon != NULL && colon[1] != '\0' && c->prefixes != NULL && c->prefixes[i] != NULL; i++)
        if (strlen(c->prefixes[i]) == (size_t)(colon - section) && str_starts(section, c->prefixes[i]))
            return 1;
    return 0;
}

/* ", did you mean 'port'?" or "". */
static const char *
hint(const char *word, const char *const *names, size_t count, char buf[80])
{
    const char *nearest = str_nearest(word, names, count);

    buf[0] = '\0';
    if (nearest != NULL)
        snprintf(buf, 80, "; did you mean '%s'?", nearest);
    return buf;
}

static int
unknown_section(const struct config *c, const char *section, struct cairn_error *err)
{
    const char *names[64];
    size_t count = 0, word_len = strcspn(section, ":");
    CLEANUP_FREE char *word = xstrndup(section, word_len);
    char text[80];

    for (size_t i = 0; c->sections[i].name != NULL && count < ARRAY_LEN(names); i++)
        names[count++] = c->sections[i].name;
    for (size_t i = 0; c->prefixes != NULL && c->prefixes[i] != NULL && count < ARRAY_LEN(names); i++) {
        if (str_eq(c->prefixes[i], word))
            return cairn_fail(err, CAIRN_INVALID, "section [%s] needs an instance's name: write [%s:NAME]", section, word);
        names[count++] = c->prefixes[i];
    }
    return cairn_fail(err, CAIRN_INVALID, "unknown section [%s]%s", section, hint(word, names, count, text));
}

static int
unknown_key(const char *section, const char *name, const struct value *values, size_t count, struct cairn_error *err)
{
    const char *names[256];
    size_t n = 0;
    char text[80];

    for (size_t i = 0; i < count && n < ARRAY_LEN(names); i++)
        if (str_eq(values[i].section, section))
            names[n++] = values[i].key->name;
    return cairn_fail(err, CAIRN_INVALID, "unknown key '%s' in section [%s]%s", name, section, hint(name, names, n, text));
}

static struct value *
find_value(struct value *values, size_t count, const char *section, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(values[i].key->name, name) && (section == NULL || str_eq(values[i].section, section)))
            return &values[i];
    return NULL;
}

static struct raw *
find_raw(const struct config *c, const char *section, const char *key)
{
    for (size_t i = 0; i < c->raws_count; i++)
        if (str_eq(c->raws[i].section, section) && str_eq(c->raws[i].key, key))
            return &c->raws[i];
    return NULL;
}

/* A section is allowed: remembers that it is there. */
static int
see_section(struct config *c, const char *section, struct cairn_error *err)
{
    int known = is_instance(c, section);

    for (size_t i = 0; !known && c->sections[i].name != NULL; i++)
        known = str_eq(c->sections[i].name, section);
    if (!known)
        return unknown_section(c, section, err);
    if (!config_has_section(c, section)) {
        c->seen = more_room(c->seen, c->seen_count, &c->seen_cap, sizeof *c->seen);
        c->seen[c->seen_count++] = xstrdup(section);
    }
    return 0;
}

static int
put_value(struct value *value, const char *text, const char *base_dir, int line, struct cairn_error *err)
{
    int64_t number;
    char *parsed;

    if (config_parse_value(value->key, text, base_dir, &parsed, &number, err) < 0)
        return -1;
    free(value->text);
    value->text = parsed;
    value->number = number;
    value->line = line;
    return 0;
}

/* 'line' 0: set by config_set(), may replace. */
static int
put(struct config *c, const char *section, const char *key, const char *text, int line, struct cairn_error *err)
{
    struct value *value;
    struct raw *raw;
    int before;

    if (see_section(c, section, err) < 0)
        return -1;
    value = find_value(c->values, c->values_count, section, key);
    raw = find_raw(c, section, key);
    if (value == NULL && !is_instance(c, section))
        return unknown_key(section, key, c->values, c->values_count, err);
    before = value != NULL ? value->line : raw != NULL ? raw->line : 0;
    if (line > 0 && before > 0)
        return cairn_fail(err, CAIRN_INVALID, "key '%s' of section [%s] stands in line %d already", key, section, before);
    if (value != NULL)
        return put_value(value, text, NULL, line, err);
    if (raw == NULL) {
        c->raws = more_room(c->raws, c->raws_count, &c->raws_cap, sizeof *c->raws);
        raw = &c->raws[c->raws_count++];
        *raw = (struct raw){ .section = xstrdup(section), .key = xstrdup(key) };
    }
    raw->line = line;
    free(raw->text);
    raw->text = xstrdup(text);
    return 0;
}

/* What goes through inih: the text, the line it is at, the first error. */
struct reading {
    struct config *config;
    const char *next;           /* rest of the text */
    int line;
    struct cairn_error *err;
    int failed;
};

static int
fail_at(struct reading *r)
{
    r->failed = 1;
    cairn_error_context(r->err, "%s:%d", r->config->name, r->line);
    return 0;
}

/* inih's way to get a line.  It would cut what is too long and take an indented line for the continuation of the one before. */
static char *
next_line(char *buf, int size, void *arg)
{
    struct reading *r = arg;
    size_t len, skip;

    if (*r->next == '\0' || r->failed)
        return NULL;
    r->line++;
    len = strcspn(r->next, "\n");
    skip = strspn(r->next, " \t");
    if (skip > len)
        skip = len;
    if (len - skip + 2 > (size_t)size) {
        cairn_fail(r->err, CAIRN_INVALID, "the line is longer than %d bytes", size - 2);
        fail_at(r);
        return NULL;
    }
    snprintf(buf, (size_t)size, "%.*s\n", (int)(len - skip), r->next + skip);
    if (buf[0] == '[' && strcspn(buf, "]") > NAME_MAX_BYTES) {
        cairn_fail(r->err, CAIRN_INVALID, "a section's name is longer than %d bytes or has no ']'", NAME_MAX_BYTES);
        fail_at(r);
        return NULL;
    }
    if (buf[0] == '[' && strchr(buf, ']') != NULL) {
        char name[NAME_MAX_BYTES + 1];

        snprintf(name, sizeof name, "%.*s", (int)strcspn(buf + 1, "]"), buf + 1);
        if (see_section(r->config, name, r->err) < 0) {
            fail_at(r);
            return NULL;
        }
    }
    r->next += len;
    r->next += *r->next == '\n';
    return buf;
}

static int
take_key(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *r = arg;

    if (r->failed)
        return 0;
    if (section[0] == '\0') {
        cairn_fail(r->err, CAIRN_INVALID, "key '%s' stands before the first [section]", name);
        return fail_at(r);
    }
    if (strlen(name) > NAME_MAX_BYTES) {
        cairn_fail(r->err, CAIRN_INVALID, "a key's name is longer than %d bytes", NAME_MAX_BYTES);
        return fail_at(r);
    }
    return put(r->config, section, name, value, r->line, r->err) < 0 ? fail_at(r) : 1;
}

static int
check_required(const struct config *c, struct cairn_error *err)
{
    for (size_t i = 0; i < c->values_count; i++) {
        const struct value *v = &c->values[i];

        if ((v->key->flags & CAIRN_KEY_REQUIRED) != 0 && v->text == NULL && config_has_section(c, v->section))
            return cairn_fail(err, CAIRN_INVALID, "%s: section [%s] needs key '%s': %s", c->name, v->section, v->key->name, v->key->help);
    }
    return 0;
}

static void cleanup_config(struct config **c) { config_free(*c); }

int
config_load_text(const char *text, const char *name, const struct config_section *sections, const char *const *prefixes,
                 struct config **ret, struct cairn_error *err)
{
    CLEANUP(cleanup_config) struct config *c = xcalloc(1, sizeof *c);
    struct cairn_error own = CAIRN_ERROR_INIT;
    struct reading reading = { c, text, 0, err != NULL ? err : &own, 0 };
    size_t count = 0, at = 0;
    int bad_line;

    c->sections = sections;
    c->prefixes = prefixes;
    c->name = xstrdup(name);
    for (size_t s = 0; sections[s].name != NULL; s++)
        for (size_t k = 0; sections[s].keys[k].name != NULL; k++)
            count++;
    c->values = xcalloc(count, sizeof *c->values);
    for (size_t s = 0; sections[s].name != NULL; s++)
        for (size_t k = 0; sections[s].keys[k].name != NULL; k++) {
            c->values[at] = (struct value){ .section = sections[s].name, .key = &sections[s].keys[k] };
            c->values_count = ++at;
            if (sections[s].keys[k].dflt != NULL && put_value(&c->values[at - 1], sections[s].keys[k].dflt, NULL, 0, err) < 0)
                return cairn_error_context(err, "default of [%s]", sections[s].name);
        }
    bad_line = ini_parse_stream(next_line, &reading, take_key, &reading);
    if (reading.failed)
        return -1;
    if (bad_line > 0)
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: neither '[section]' nor 'key = value'", name, bad_line);
    if (bad_line < 0)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "%s: out of memory", name);
    if (check_required(c, err) < 0)
        return -1;
    *ret = steal(&c);
    return 0;
}

int
config_load(const char *path, const struct config_section *sections, const char *const *prefixes, struct config **ret,
            struct cairn_error *err)
{
    CLEANUP_STR struct str s = STR_INIT;
    char chunk[8192];
    ssize_t n = 0;

    if (path != NULL) {
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
            return cairn_fail_errno(err, errno, "cannot open configuration '%s'", path);
        while (s.len <= FILE_MAX && (n = read(fd, chunk, sizeof chunk)) > 0)
            str_add_n(&s, chunk, (size_t)n);
        if (n < 0)
            return cairn_fail_errno(err, errno, "cannot read configuration '%s'", path);
        if (s.len > FILE_MAX)
            return cairn_fail(err, CAIRN_INVALID, "configuration '%s' is larger than %d bytes", path, FILE_MAX);
        if (s.len > 0 && memchr(s.text, '\0', s.len) != NULL)
            return cairn_fail(err, CAIRN_INVALID, "configuration '%s' is no text", path);
    }
    return config_load_text(s.text != NULL ? s.text : "", path != NULL ? path : "defaults", sections, prefixes, ret, err);
}

int
config_set(struct config *c, const char *section, const char *key, const char *value, struct cairn_error *err)
{
    if (strlen(section) > NAME_MAX_BYTES || strlen(key) > NAME_MAX_BYTES)
        return cairn_fail(err, CAIRN_INVALID, "a section's or key's name is longer than %d bytes", NAME_MAX_BYTES);
    return put(c, section, key, value, 0, err);
}

const char *
config_string(const struct config *c, const char *section, const char *key)
{
    const struct value *v = find_value(c->values, c->values_count, section, key);

    assert(v != NULL);
    return v->text;
}

int64_t
config_int(const struct config *c, const char *section, const char *key)
{
    const struct value *v = find_value(c->values, c->values_count, section, key);

    assert(v != NULL);
    return v->number;
}

int
config_has_section(const struct config *c, const char *section)
{
    for (size_t i = 0; i < c->seen_count; i++)
        if (str_eq(c->seen[i], section))
            return 1;
    return 0;
}

void
config_each_instance(const struct config *c, const char *prefix, void (*fn)(void *arg, const char *section, const char *instance), void *arg)
{
    size_t len = strlen(prefix);

    for (size_t i = 0; i < c->seen_count; i++)
        if (str_starts(c->seen[i], prefix) && c->seen[i][len] == ':')
            fn(arg, c->seen[i], c->seen[i] + len + 1);
}

const char *
config_raw(const struct config *c, const char *section, const char *key)
{
    const struct raw *raw = find_raw(c, section, key);

    return raw != NULL ? raw->text : NULL;
}

/* What every instance section may say. */
static const struct cairn_key instance_keys[] = {
    CAIRN_KEY_REQ("driver", CAIRN_KEY_STRING, "Name of the driver or plugin that serves this section."),
    CAIRN_KEY("enabled", CAIRN_KEY_BOOL, "yes", "Whether the instance is started."),
};

static void cleanup_config_values(struct config_values **v) { config_values_free(*v); }

/* All keys of the section with their defaults. */
static int
default_values(const char *section, const struct cairn_key *const *keys, const char *state_dir, struct config_values *v, struct cairn_error *err)
{
    size_t count = 0;

    while (keys != NULL && keys[count] != NULL)
        count++;
    v->values = xcalloc(count + ARRAY_LEN(instance_keys), sizeof *v->values);
    for (size_t i = 0; i < ARRAY_LEN(instance_keys); i++)
        v->values[v->count++] = (struct value){ .section = section, .key = &instance_keys[i] };
    for (size_t i = 0; i < count; i++)
        v->values[v->count++] = (struct value){ .section = section, .key = keys[i] };
    for (size_t i = 0; i < v->count; i++)
        if (v->values[i].key->dflt != NULL && put_value(&v->values[i], v->values[i].key->dflt, state_dir, 0, err) < 0)
            return cairn_error_context(err, "default of [%s]", section);
    return 0;
}

int
config_check(const struct config *c, const char *section, const struct cairn_key *const *keys, const char *state_dir,
             struct config_values **ret, struct cairn_error *err)
{
    CLEANUP(cleanup_config_values) struct config_values *v = xcalloc(1, sizeof *v);

    if (default_values(section, keys, state_dir, v, err) < 0)
        return -1;
    for (size_t i = 0; i < c->raws_count; i++) {
        const struct raw *raw = &c->raws[i];
        struct value *value;

        if (!str_eq(raw->section, section))
            continue;
        value = find_value(v->values, v->count, NULL, raw->key);
        if (value == NULL)
            unknown_key(section, raw->key, v->values, v->count, err);
        if (value == NULL || put_value(value, raw->text, state_dir, raw->line, err) < 0)
            return raw->line > 0 ? cairn_error_context(err, "%s:%d", c->name, raw->line) : -1;
    }
    for (size_t i = 0; i < v->count; i++)
        if ((v->values[i].key->flags & CAIRN_KEY_REQUIRED) != 0 && v->values[i].text == NULL)
            return cairn_fail(err, CAIRN_INVALID, "%s: section [%s] needs key '%s': %s", c->name, section, v->values[i].key->name,
                              v->values[i].key->help);
    for (size_t i = 0; i < v->count; i++)
        v->values[i].section = NULL;        /* the caller's string; only errors above needed it */
    *ret = steal(&v);
    return 0;
}

void
config_values_free(struct config_values *v)
{
    if (v == NULL)
        return;
    free_values(v->values, v->count);
    free(v);
}

const char *
config_values_string(const struct config_values *v, const char *key)
{
    const struct value *value = find_value(v->values, v->count, NULL, key);

    return value != NULL ? value->text : NULL;
}

int64_t
config_values_int(const struct config_values *v, const char *key)
{
    const struct value *value = find_value(v->values, v->count, NULL, key);

    return value != NULL ? value->number : 0;
}
