/* cmd_mapping.c: mapping test: what an attribute mapping makes of an assertion, before anybody logs in by it. */
#include "config.h"
#include "cairn/tool.h"

#include <ctype.h>
#include <stdio.h>

#include "base/json.h"
#include "identity/mapping.h"

#define FILE_MAX (1024 * 1024)

static int
read_whole(const char *path, struct str *out, struct cairn_error *err)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char buf[4096];
    size_t got;

    if (f == NULL)
        return cairn_fail_errno(err, errno, "cannot open '%s'", path);
    while ((got = fread(buf, 1, sizeof buf, f)) > 0 && out->len <= FILE_MAX)
        str_add_n(out, buf, got);
    if (f != stdin)
        fclose(f);
    if (out->len > FILE_MAX)
        return cairn_fail(err, CAIRN_TOO_LARGE, "'%s' has more than %d bytes", path, FILE_MAX);
    str_add(out, "");
    return 0;
}

static int
read_json(const char *path, json_t **ret, struct cairn_error *err)
{
    CLEANUP_STR struct str text = STR_INIT;

    if (read_whole(path, &text, err) < 0)
        return -1;
    return json_parse(text.text, text.len, ret, err) < 0 ? cairn_error_context(err, "%s", path) : 0;
}

/* "Name: value" a line, as web servers hand them on; only those that begin with 'prefix' count. */
static int
read_assertion(const char *path, const char *prefix, json_t **ret, struct cairn_error *err)
{
    CLEANUP_STR struct str text = STR_INIT;
    CLEANUP_JSON json_t *assertion = json_object();
    char *save = NULL;
    int number = 0;

    if (read_whole(path, &text, err) < 0)
        return -1;
    for (char *line = strtok_r(text.text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(line, ':'), *end = line + strlen(line);

        number++;
        while (end > line && isspace((unsigned char)end[-1]))
            *--end = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        if (colon == NULL || colon == line)
            return cairn_fail(err, CAIRN_INVALID, "%s: entry %d is not \"Name: value\": %.60s", path, number, line);
        *colon++ = '\0';
        colon += strspn(colon, " \t");
        if (!str_is_utf8(colon, strlen(colon)))
            return cairn_fail(err, CAIRN_INVALID, "%s: the value of %.60s is no UTF-8", path, line);
        if (str_starts(line, prefix))
            json_object_set_new(assertion, line, json_string(colon));
    }
    *ret = steal(&assertion);
    return 0;
}

struct wish { const char *rules, *input, *version, *prefix, *idp, *protocol; };

/* Rules of a file: {"rules": [...], "schema_version": ...}, or just the list. */
static int
apply_file(const struct wish *w, const json_t *assertion, json_t **ret, struct cairn_error *err)
{
    CLEANUP_JSON json_t *file = NULL;
    const json_t *rules;
    const char *version;

    if (read_json(w->rules, &file, err) < 0)
        return -1;
    rules = json_is_array(file) ? file : json_object_get(file, "rules");
    version = w->version != NULL ? w->version : json_str(file, "schema_version");
    if (version == NULL)
        version = MAPPING_DEFAULT_VERSION;
    return mapping_check(rules, version, err) < 0 ? -1 : mapping_apply(rules, version, assertion, ret, err);
}

static int
apply_catalog(struct tool *t, const struct wish *w, const json_t *assertion, json_t **ret, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;

    if (tool_open(t, 0, err) < 0 || tx_begin(t->catalog, TX_READ, &tx, err) < 0)
        return -1;
    return mapping_login(tx, w->idp, w->protocol, assertion, ret, err);
}

COMMAND(cmd_mapping_test)
{
    static const struct option longs[] = {
        { "rules", required_argument, NULL, 'r' }, { "input", required_argument, NULL, 'i' }, { "schema-version", required_argument, NULL, 'v' },
        { "prefix", required_argument, NULL, 'p' }, { "identity-provider", required_argument, NULL, 'I' }, { "protocol", required_argument, NULL, 'P' },
        { NULL, 0, NULL, 0 }
    };
    struct wish w = { .input = "-", .prefix = "" };
    CLEANUP_JSON json_t *assertion = NULL;
    CLEANUP_JSON json_t *who = NULL;
    CLEANUP_FREE char *text = NULL;
    int opt;

    while ((opt = getopt_long(argc, argv, "r:i:v:p:I:P:", longs, NULL)) != -1) {
        switch (opt) {
        case 'r': w.rules = optarg; break;
        case 'i': w.input = optarg; break;
        case 'v': w.version = optarg; break;
        case 'p': w.prefix = optarg; break;
        case 'I': w.idp = optarg; break;
        case 'P': w.protocol = optarg; break;
        default: return tool_usage(err);
        }
    }
    if (tool_arguments(argc, 0, 0, err) < 0)
        return -1;
    if ((w.rules == NULL) == (w.idp == NULL) || (w.idp == NULL) != (w.protocol == NULL))
        return cairn_fail(err, CAIRN_INVALID, "either --rules FILE, or --identity-provider ID and --protocol ID");
    if (read_assertion(w.input, w.prefix, &assertion, err) < 0
        || (w.rules != NULL ? apply_file(&w, assertion, &who, err) : apply_catalog(t, &w, assertion, &who, err)) < 0)
        return -1;
    text = json_dumps(who, JSON_INDENT(2));
    printf("%s\n", text);
    return 0;
}
