/* config_value.c: reads one value as its key's type says; so "10G" means the same everywhere. */
#include <config.h>
#include "base/config.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum { SECRET_FILE_MAX = 65536 };

static int
check_range(const struct cairn_key *key, const char *text, int64_t number, struct cairn_error *err)
{
    if ((key->min != 0 || key->max != 0) && (number < key->min || number > key->max))
        return cairn_fail(err, CAIRN_INVALID, "'%s' is out of range for '%s': from %" PRId64 " to %" PRId64, text, key->name, key->min, key->max);
    return 0;
}

static int
parse_number(const struct cairn_key *key, const char *text, int64_t *ret, struct cairn_error *err)
{
    int truth = 0;

    switch ((enum cairn_key_type)key->type) {
    case CAIRN_KEY_INT:
        if (str_to_int(text, INT64_MIN, INT64_MAX, ret) < 0)
            return cairn_fail(err, CAIRN_INVALID, "'%s' is no whole number for '%s'", text, key->name);
        break;
    case CAIRN_KEY_BOOL:
        if (str_to_bool(text, &truth) < 0)
            return cairn_fail(err, CAIRN_INVALID, "'%s' is neither yes nor no for '%s'", text, key->name);
        *ret = truth;
        return 0;
    case CAIRN_KEY_SIZE:
        if (str_to_size(text, ret) < 0)
            return cairn_fail(err, CAIRN_INVALID, "'%s' is no size for '%s': write 4096, 512M or 10G", text, key->name);
        break;
    case CAIRN_KEY_DURATION:
        if (str_to_duration(text, ret) < 0)
            return cairn_fail(err, CAIRN_INVALID, "'%s' is no duration for '%s': write 500ms, 10s, 2m, 1h or 1d", text, key->name);
        break;
    case CAIRN_KEY_STRING:
    case CAIRN_KEY_PATH:
    case CAIRN_KEY_SECRET:
    case CAIRN_KEY_LIST:
        *ret = 0;
        return 0;
    }
    return check_range(key, text, *ret, err);
}

/* "a , b,,c" -> "a,b,c". */
static char *
normal_list(const char *text)
{
    struct str s = STR_INIT;

    while (*text != '\0') {
        size_t len = strcspn(text, ","), skip = 0, keep = len;

        while (skip < len && isspace((unsigned char)text[skip]))
            skip++;
        while (keep > skip && isspace((unsigned char)text[keep - 1]))
            keep--;
        if (keep > skip) {
            if (s.len > 0)
                str_add_c(&s, ',');
            str_add_n(&s, text + skip, keep - skip);
        }
        text += len;
        text += *text == ',';
    }
    return str_take(&s);
}

/* The file's text without its last line break. */
static int
read_secret(const struct cairn_key *key, const char *path, char **ret, struct cairn_error *err)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    CLEANUP_STR struct str s = STR_INIT;
    char chunk[4096];
    ssize_t n;

    if (fd < 0)
        return cairn_fail_errno(err, errno, "cannot open '%s', which holds '%s'", path, key->name);
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && s.len <= SECRET_FILE_MAX)
        str_add_n(&s, chunk, (size_t)n);
    explicit_bzero(chunk, sizeof chunk);
    if (n < 0)
        return cairn_fail_errno(err, errno, "cannot read '%s', which holds '%s'", path, key->name);
    if (s.len > SECRET_FILE_MAX || (s.len > 0 && memchr(s.text, '\0', s.len) != NULL))
        return cairn_fail(err, CAIRN_INVALID, "'%s' holds no secret for '%s': it is too long or binary", path, key->name);
    while (s.len > 0 && (s.text[s.len - 1] == '\n' || s.text[s.len - 1] == '\r'))
        s.text[--s.len] = '\0';
    *ret = str_take(&s);
    return 0;
}

int
config_parse_value(const struct cairn_key *key, const char *text, const char *base_dir, char **ret_text, int64_t *ret_int,
                   struct cairn_error *err)
{
    CLEANUP_FREE char *result = NULL;
    int64_t number = 0;

    if (parse_number(key, text, &number, err) < 0)
        return -1;
    if (key->type == CAIRN_KEY_LIST)
        result = normal_list(text);
    else if (key->type == CAIRN_KEY_PATH && text[0] != '/' && text[0] != '\0' && base_dir != NULL)
        result = xasprintf("%s/%s", base_dir, text);
    else if (key->type == CAIRN_KEY_SECRET && str_starts(text, "file:")) {
        if (read_secret(key, text + 5, &result, err) < 0)
            return -1;
    } else {
        result = xstrdup(text);
    }
    if (ret_text != NULL)
        *ret_text = steal(&result);
    if (ret_int != NULL)
        *ret_int = number;
    return 0;
}
