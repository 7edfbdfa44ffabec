/* pipeline.c: pipeline.ini: which filters stand before which application, and under which path. */
#include "config.h"
#define LOG_MODULE "http"
#include "http/internal.h"
#include "base/log.h"
#include <errno.h>
#include <ini.h>
#include <string.h>

#define FILE_MAX_BYTES (256u << 10)

const char pipeline_default[] =
#include "http/pipeline.inc"            /* made from pipeline.ini: its lines as strings */
    ;

/* --- the file, as sections of keys with their lines */

struct key { struct key *next; char *name, *value; int line; };
struct section { struct section *next; char *name; int line; struct key *keys; };
struct file {
    const char *name;                   /* for errors */
    const char *text;                   /* what is left to read */
    int line;
    int continues;                      /* the line is indented: it goes on with the one before */
    struct section *sections;           /* in the file's order */
    struct cairn_error *err;
    int failed;
};

/* inih reads through this, so that we know the line it is at. */
static char *
read_line(char *buf, int size, void *stream)
{
    struct file *f = stream;
    size_t len = strcspn(f->text, "\n"), copy;

    if (*f->text == '\0')
        return NULL;
    f->line++;
    len += f->text[len] == '\n';
    copy = len < (size_t)size ? len : (size_t)size - 1;
    if (copy < len && !f->failed) {
        f->failed = 1;
        cairn_fail(f->err, CAIRN_INVALID, "%s:%d: longer than %d bytes; a list may go on in the next line, which is indented then", f->name, f->line, size - 1);
    }
    f->continues = *f->text == ' ' || *f->text == '\t';
    memcpy(buf, f->text, copy);
    buf[copy] = '\0';
    f->text += len;
    return buf;
}

static struct section *
find_section(const struct file *f, const char *kind, const char *name)
{
    size_t len = strlen(kind);
    struct section *s;

    for (s = f->sections; s != NULL; s = s->next)
        if (strncmp(s->name, kind, len) == 0 && s->name[len] == ':' && strcmp(s->name + len + 1, name) == 0)
            break;
    return s;
}

static const char *
find_key(const struct section *s, const char *name, int *ret_line)
{
    for (const struct key *k = s->keys; k != NULL; k = k->next) {
        if (strcmp(k->name, name) == 0) {
            *ret_line = k->line;
            return k->value;
        }
    }
    return NULL;
}

/* ", did you mean 'x'?" of the sections of one kind. */
static void
nearest_section(const struct file *f, const char *kind, const char *name, char buf[128])
{
    const char *names[64], *near;
    size_t n = 0, len = strlen(kind);

    for (const struct section *s = f->sections; s != NULL && n < ARRAY_LEN(names); s = s->next)
        if (strncmp(s->name, kind, len) == 0 && s->name[len] == ':')
            names[n++] = s->name + len + 1;
    near = str_nearest(name, names, n);
    buf[0] = '\0';
    if (near != NULL)
        snprintf(buf, 128, "; did you mean '%s'?", near);
}

static int
take_key(void *user, const char *section, const char *name, const char *value)
{
    struct file *f = user;
    struct section **s = &f->sections;
    struct key **k;

    while (*s != NULL && strcmp((*s)->name, section) != 0)
        s = &(*s)->next;
    if (*s == NULL) {
        *s = xcalloc(1, sizeof **s);
        (*s)->name = xstrdup(section);
        (*s)->line = f->line;
    }
    for (k = &(*s)->keys; *k != NULL; k = &(*k)->next) {
        if (strcmp((*k)->name, name) == 0 && f->continues) {
            char *whole = xasprintf("%s %s", (*k)->value, value);

            free((*k)->value);
            (*k)->value = whole;
            return 1;
        }
        if (strcmp((*k)->name, name) == 0) {
            f->failed = 1;
            cairn_fail(f->err, CAIRN_INVALID, "%s:%d: '%s' stands in [%s] twice, also in line %d", f->name, f->line, name, section, (*k)->line);
            return 0;
        }
    }
    *k = xcalloc(1, sizeof **k);
    (*k)->name = xstrdup(name);
    (*k)->value = xstrdup(value != NULL ? value : "");
    (*k)->line = f->line;
    return 1;
}

static void
file_free(struct file *f)
{
    while (f->sections != NULL) {
        struct section *s = f->sections;

        f->sections = s->next;
        while (s->keys != NULL) {
            struct key *k = s->keys;

            s->keys = k->next;
            free(k->name);
            free(k->value);
            free(k);
        }
        free(s->name);
        free(s);
    }
}

/* Kinds of sections and their keys; a kind with NULL takes any. */
static const struct { const char *kind; const char *keys[3]; } kinds[] = {
    { "composite", { NULL } },
    { "pipeline", { "filters", "app", NULL } },
    { "filter", { NULL } },
};

static int
check_sections(const struct file *f, struct cairn_error *err)
{
    for (const struct section *s = f->sections; s != NULL; s = s->next) {
        size_t i, n, len = strcspn(s->name, ":");

        for (i = 0; i < ARRAY_LEN(kinds); i++)
            if (strlen(kinds[i].kind) == len && strncmp(s->name, kinds[i].kind, len) == 0 && s->name[len] == ':')
                break;
        if (i == ARRAY_LEN(kinds))
            return cairn_fail(err, CAIRN_INVALID, "%s:%d: [%s] is not [composite:main], [pipeline:NAME] or [filter:NAME]", f->name, s->line, s->name);
        if (i == 0 && strcmp(s->name, "composite:main") != 0)
            return cairn_fail(err, CAIRN_INVALID, "%s:%d: [%s]: the one composite is [composite:main]", f->name, s->line, s->name);
        for (n = 0; kinds[i].keys[n] != NULL; n++)
            ;
        for (const struct key *k = s->keys; k != NULL && n > 0; k = k->next) {
            const char *near = str_nearest(k->name, kinds[i].keys, n);

            if (near == NULL || strcmp(near, k->name) != 0)
                return cairn_fail(err, CAIRN_INVALID, "%s:%d: [%s] has no key '%s'%s%s%s", f->name, k->line, s->name, k->name,
                                  near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
        }
    }
    return 0;
}

/* --- from the file to mounts */

/* The instance "NAME" of [filter:NAME], or the plugin of that name with its defaults where there is no section. */
static int
load_filter(const struct file *f, struct mount *m, const char *name, int line, struct plugins *plugins, struct cairn_error *err)
{
    const struct section *s = find_section(f, "filter", name);
    struct cairn_pair pairs[64];
    const char *use = name;
    struct filter *filter = &m->filters[m->filters_count];
    size_t n = 0;
    char near[128];

    if (m->filters_count == HTTP_FILTERS_MAX)
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: more than %d filters", f->name, line, HTTP_FILTERS_MAX);
    if (plugins == NULL)
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: filter '%s': plugins are not to be had here", f->name, line, name);
    for (const struct key *k = s != NULL ? s->keys : NULL; k != NULL; k = k->next) {
        if (strcmp(k->name, "use") == 0) {
            use = k->value;
        } else if (n < ARRAY_LEN(pairs)) {
            pairs[n++] = (struct cairn_pair){ .name = k->name, .value = k->value };
        } else {
            return cairn_fail(err, CAIRN_INVALID, "%s:%d: too many settings", f->name, k->line);
        }
    }
    filter->driver = plugins_get(plugins, CAIRN_FILTER, name);      /* two pipelines share an instance */
    if (filter->driver == NULL) {
        if (plugins_load_with(plugins, CAIRN_FILTER, use, name, pairs, n, err) < 0) {
            nearest_section(f, "filter", name, near);
            return cairn_error_context(err, "%s:%d: filter '%s'%s", f->name, s != NULL ? s->line : line, name, s == NULL ? near : "");
        }
        filter->driver = plugins_get(plugins, CAIRN_FILTER, name);
        if (filter->driver == NULL)
            return cairn_fail(err, CAIRN_INTERNAL, "%s:%d: filter '%s' is loaded but not there", f->name, line, name);
    }
    filter->table = (const struct cairn_filter_plugin *)(const void *)driver_table(filter->driver);
    filter->self = driver_self(filter->driver);
    m->filters_count++;
    return 0;
}

static struct http_app *
find_app(struct http_app *const *apps, const char *name)
{
    while (*apps != NULL && strcmp((*apps)->name, name) != 0)
        apps++;
    return *apps;
}

static void
nearest_app(struct http_app *const *apps, const char *name, char buf[128])
{
    const char *names[32], *near;
    size_t n = 0;

    while (apps[n] != NULL && n < ARRAY_LEN(names)) {
        names[n] = apps[n]->name;
        n++;
    }
    near = str_nearest(name, names, n);
    buf[0] = '\0';
    if (near != NULL)
        snprintf(buf, 128, "; did you mean '%s'?", near);
}

/* 1: made; 0: left out; -1: wrong. */
static int
fill_mount(const struct file *f, struct mount *m, int lenient, struct plugins *plugins, struct http_app *const *apps, struct cairn_error *err)
{
    const struct section *s = find_section(f, "pipeline", m->pipeline);
    CLEANUP_FREE char *list = NULL;
    const char *app;
    char near[128], *save = NULL;
    int line = s->line;

    app = find_key(s, "app", &line);
    if (app == NULL)
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: [%s] has no 'app'", f->name, line, s->name);
    m->app = find_app(apps, app);
    if (m->app == NULL && lenient)
        return 0;
    if (m->app == NULL) {
        nearest_app(apps, app, near);
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: [%s]: there is no application '%s'%s", f->name, line, s->name, app, near);
    }
    list = xstrdup(find_key(s, "filters", &line));
    for (char *name = list != NULL ? strtok_r(list, " \t,\r\n", &save) : NULL; name != NULL; name = strtok_r(NULL, " \t,\r\n", &save))
        if (load_filter(f, m, name, line, plugins, err) < 0)
            return -1;
    return 1;
}

/* Keeps the longest prefix first. */
static void
insert_mount(struct mount **list, struct mount *m)
{
    while (*list != NULL && (*list)->prefix_len >= m->prefix_len)
        list = &(*list)->next;
    m->next = *list;
    *list = m;
}

static void
mount_free(struct mount *m)
{
    for (unsigned i = 0; i < m->filters_count; i++)
        driver_put(m->filters[i].driver);
    free(m->prefix);
    free(m->pipeline);
    free(m);
}

void
pipeline_free(struct mount *mounts)
{
    while (mounts != NULL) {
        struct mount *m = mounts;

        mounts = m->next;
        mount_free(m);
    }
}

static int
add_mount(const struct file *f, const struct key *k, int lenient, struct plugins *plugins, struct http_app *const *apps, struct mount **list,
          struct cairn_error *err)
{
    size_t len = strlen(k->name);
    struct mount *m;
    char near[128];
    int rc;

    if (k->name[0] != '/')
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: [composite:main] maps paths to pipelines, and '%s' does not begin with '/'", f->name, k->line, k->name);
    if (find_section(f, "pipeline", k->value) == NULL) {
        nearest_section(f, "pipeline", k->value, near);
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: there is no [pipeline:%s]%s", f->name, k->line, k->value, near);
    }
    while (len > 0 && k->name[len - 1] == '/')
        len--;
    m = xcalloc(1, sizeof *m);
    m->prefix = xstrndup(k->name, len);
    m->prefix_len = len;
    m->pipeline = xstrdup(k->value);
    rc = fill_mount(f, m, lenient, plugins, apps, err);
    if (rc <= 0)
        mount_free(m);
    else
        insert_mount(list, m);
    return rc < 0 ? -1 : 0;
}

int
pipeline_parse(const char *text, const char *name, int lenient, struct plugins *plugins, struct http_app *const *apps, struct mount **ret,
               struct cairn_error *err)
{
    CLEANUP(file_free) struct file f = { .name = name, .text = text, .err = err };
    struct mount *list = NULL;
    const struct section *main;
    int bad = ini_parse_stream(read_line, &f, take_key, &f);

    if (f.failed)
        return -1;
    if (bad != 0)
        return cairn_fail(err, CAIRN_INVALID, "%s:%d: neither a [section] nor 'key = value'", name, bad > 0 ? bad : 1);
    if (check_sections(&f, err) < 0)
        return -1;
    main = find_section(&f, "composite", "main");
    if (main == NULL)
        return cairn_fail(err, CAIRN_INVALID, "%s: there is no [composite:main]", name);
    for (const struct key *k = main->keys; k != NULL; k = k->next) {
        if (add_mount(&f, k, lenient, plugins, apps, &list, err) < 0) {
            pipeline_free(list);
            return -1;
        }
    }
    *ret = list;
    return 0;
}

int
pipeline_load(const char *path, struct plugins *plugins, struct http_app *const *apps, struct mount **ret, struct cairn_error *err)
{
    CLEANUP_FREE char *text = NULL;
    CLEANUP_FILE FILE *file = NULL;
    size_t len;

    if (path == NULL)
        return pipeline_parse(pipeline_default, "the built-in pipeline", 1, plugins, apps, ret, err);
    file = fopen(path, "re");
    if (file == NULL)
        return cairn_fail_errno(err, errno, "cannot open '%s'", path);
    text = xmalloc(FILE_MAX_BYTES + 1);
    len = fread(text, 1, FILE_MAX_BYTES + 1, file);
    if (ferror(file))
        return cairn_fail_errno(err, errno, "cannot read '%s'", path);
    if (len > FILE_MAX_BYTES || memchr(text, '\0', len) != NULL)
        return cairn_fail(err, CAIRN_INVALID, "'%s' is not a pipeline file: longer than %u bytes, or with a NUL", path, FILE_MAX_BYTES);
    text[len] = '\0';
    return pipeline_parse(text, path, 0, plugins, apps, ret, err);
}

struct mount *
pipeline_match(struct mount *mounts, const char *path)
{
    struct mount *m;

    for (m = mounts; m != NULL; m = m->next)
        if (strncmp(path, m->prefix, m->prefix_len) == 0 && (path[m->prefix_len] == '/' || path[m->prefix_len] == '\0'))
            break;
    return m;
}
