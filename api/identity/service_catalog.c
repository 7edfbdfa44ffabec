/* service_catalog.c: see service_catalog.h. */
#include "config.h"
#include "identity/service_catalog.h"

#include "base/str.h"

/* 1: '*ret' is the value of the word, NULL when the scope has none; 0: no such word. */
static int
word_value(const char *word, size_t len, const char *project_id, const char *user_id, const char **ret)
{
    static const struct { const char *word; int is_user; } words[] = { { "project_id", 0 }, { "tenant_id", 0 }, { "user_id", 1 } };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *value = words[i].is_user ? user_id : project_id;

        if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0) {
            *ret = value != NULL && value[0] != '\0' ? value : NULL;
            return 1;
        }
    }
    return 0;
}

int
service_url(const char *url, const char *project_id, const char *user_id, struct str *out)
{
    const char *end, *value;

    for (const char *p = url; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] == '%') {
            str_add_c(out, '%');
            p++;
        } else if ((p[0] == '%' || p[0] == '$') && p[1] == '(') {
            end = strchr(p, ')');
            if (end == NULL || end[1] != 's' || !word_value(p + 2, (size_t)(end - p - 2), project_id, user_id, &value) || value == NULL)
                return -1;
            str_add(out, value);
            p = end + 1;
        } else if (p[0] == '%') {
            return -1;
        } else {
            str_add_c(out, *p);
        }
    }
    return 0;
}

int
service_url_check(const char *url, struct cairn_error *err)
{
    CLEANUP_STR struct str filled = STR_INIT;

    if (service_url(url, "x", "x", &filled) < 0)
        return cairn_fail(err, CAIRN_INVALID,
                          "the URL '%.200s' may hold %%(project_id)s, %%(tenant_id)s and %%(user_id)s (also with $), and a percent sign as %%%%", url);
    return 0;
}

struct service_row { char id[65]; int open; };

static void
write_endpoint(struct json_out *out, struct rows *rows, const char *url)
{
    const char *region = row_text(rows, "region_id");

    jo_object(out, NULL);
    jo_str(out, "id", row_text(rows, "endpoint_id"));
    jo_str(out, "interface", row_text(rows, "interface"));
    jo_str(out, "region", region);
    jo_str(out, "region_id", region);
    jo_str(out, "url", url);
    jo_end_object(out);
}

int
service_catalog(struct tx *tx, const char *project_id, const char *user_id, struct json_out *out, const char *key, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_STR struct str url = STR_INIT;
    struct service_row now = { "", 0 };
    const char *project = project_id != NULL ? project_id : "";
    int got;

    if (tx_query(tx, &rows, err,
                 "select s.id as service_id, s.type as type, s.name as name, e.id as endpoint_id, e.interface as interface,"
                 " e.region_id as region_id, e.url as url from services s left join endpoints e on e.service_id = s.id and e.enabled = 1"
                 " and ((select count(*) from endpoint_projects where project_id = ?) + (select count(*) from endpoint_group_projects where project_id = ?) = 0"
                 " or exists (select 1 from endpoint_projects x where x.project_id = ? and x.endpoint_id = e.id)"
                 " or exists (select 1 from endpoint_group_projects x join endpoint_groups g on g.id = x.group_id where x.project_id = ?"
                 " and (g.service_id is null or g.service_id = e.service_id) and (g.region_id is null or g.region_id = e.region_id)"
                 " and (g.interface is null or g.interface = e.interface)))"
                 " where s.enabled = 1 order by s.type, s.id, e.interface, e.id", "ssss", project, project, project, project) < 0)
        return -1;
    jo_array(out, key);
    while ((got = rows_next(rows, err)) > 0) {
        if (!now.open || strcmp(now.id, row_text(rows, "service_id")) != 0) {
            if (now.open) {
                jo_end_array(out);
                jo_end_object(out);
            }
            snprintf(now.id, sizeof now.id, "%s", row_text(rows, "service_id"));
            now.open = 1;
            jo_object(out, NULL);
            jo_str(out, "id", now.id);
            jo_str(out, "type", row_text(rows, "type"));
            jo_str(out, "name", row_null(rows, "name") ? "" : row_text(rows, "name"));
            jo_array(out, "endpoints");
        }
        str_reset(&url);
        if (!row_null(rows, "endpoint_id") && service_url(row_text(rows, "url"), project_id, user_id, &url) == 0)
            write_endpoint(out, rows, url.text != NULL ? url.text : "");
    }
    if (now.open) {
        jo_end_array(out);
        jo_end_object(out);
    }
    jo_end_array(out);
    return got;
}

int
service_providers(struct tx *tx, struct json_out *out, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int got, any = 0;

    if (tx_query(tx, &rows, err, "select id, auth_url, sp_url from service_providers where enabled = 1 order by id", "") < 0)
        return -1;
    while ((got = rows_next(rows, err)) > 0) {
        if (!any)
            jo_array(out, "service_providers");
        any = 1;
        jo_object(out, NULL);
        jo_str(out, "id", row_text(rows, "id"));
        jo_str(out, "auth_url", row_text(rows, "auth_url"));
        jo_str(out, "sp_url", row_text(rows, "sp_url"));
        jo_end_object(out);
    }
    if (any)
        jo_end_array(out);
    return got;
}
