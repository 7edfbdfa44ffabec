/* personality.c: files that a new server is given (up to 2.56); its guest finds them in its metadata and on its config drive. */
#include "config.h"
#include "compute/server_wish.h"

#include <string.h>

#include "base/str.h"

const struct rest_attr server_file_item[] = {
    { .name = "path", .type = REST_TEXT, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 4096 },
    { .name = "contents", .type = REST_TEXT, .flags = REST_CREATE | REST_REQUIRED | REST_SECRET, .max = INT32_MAX },
    { .name = NULL },
};

static int
within(struct rest_call *call, const char *resource, size_t n, const char *what, struct cairn_error *err)
{
    int64_t limit = rest_quota_limit(call->tx, call->env, "compute", call->auth->project_id, resource);

    return limit < 0 || (int64_t)n <= limit ? 0 : cairn_fail(err, CAIRN_OVER_QUOTA, "Personality %s limit exceeded: at most %lld.", what, (long long)limit);
}

int
server_files_check(struct rest_call *call, struct cairn_error *err)
{
    const json_t *files = rest_value(call, "personality"), *file;
    size_t i;

    if (within(call, "injected_files", json_array_size(files), "file", err) < 0)
        return -1;
    json_array_foreach((json_t *)files, i, file) {
        const char *path = json_str(file, "path"), *text = json_str(file, "contents");
        size_t len = 0;
        CLEANUP_FREE unsigned char *bytes = str_unbase64(text, strlen(text), 0, &len);

        if (bytes == NULL && *text != '\0')
            return cairn_fail(err, CAIRN_INVALID, "Invalid input for field/attribute contents. The file '%.255s' is not base64.", path);
        if (within(call, "injected_file_path_bytes", strlen(path), "path bytes", err) < 0 ||
            within(call, "injected_file_content_bytes", len, "content bytes", err) < 0)
            return -1;
    }
    return 0;
}

int
server_files_insert(struct rest_call *call, const char *server_id, struct cairn_error *err)
{
    const json_t *files = rest_value(call, "personality"), *file;
    size_t i;

    json_array_foreach((json_t *)files, i, file)
        if (tx_exec(call->tx, err, "insert into server_files (server_id, position, path, contents) values (?, ?, ?, ?)", "siss", server_id, (int64_t)i,
                    json_str(file, "path"), json_str(file, "contents")) < 0)
            return -1;
    return 0;
}
