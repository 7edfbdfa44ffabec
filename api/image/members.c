/* members.c: the projects an image is shared with. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "image/private.h"

static void
write_member(struct json_out *o, const char *key, const char *image_id, struct rows *r)
{
    char created[CLOCK_TEXT], updated[CLOCK_TEXT];

    jo_object(o, key);
    jo_str(o, "member_id", row_text(r, "member"));
    jo_str(o, "image_id", image_id);
    jo_str(o, "status", row_text(r, "status"));
    jo_str(o, "created_at", clock_format(row_int(r, "created_us"), CLOCK_Z, created));
    jo_str(o, "updated_at", clock_format(row_int(r, "updated_us"), CLOCK_Z, updated));
    jo_str(o, "schema", "/v2/schemas/member");
    jo_end_object(o);
}

#define COLUMNS "select member, status, created_us, updated_us from image_members where image_id = ?"

static int
shared_only(struct rest_call *call, struct cairn_error *err)
{
    return strcmp(row_text(call->object, "visibility"), "shared") == 0 ? 0 : cairn_fail(err, CAIRN_DENIED, "Only shared images have members.");
}

static int
members_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *id = rest_param(call, "id");
    int all = image_mine(call, call->object), rc;

    if (strcmp(row_text(call->object, "visibility"), "shared") != 0 && !all)
        return cairn_fail(err, CAIRN_NOT_FOUND, "Only shared images have members.");
    /* A member sees itself alone. */
    if (tx_query(call->tx, &r, err, COLUMNS " and (? or member = ?) order by created_us, member", "sis", id, (int64_t)all, call->auth->project_id) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "members");
    while ((rc = rows_next(r, err)) == 1)
        write_member(call->out, NULL, id, r);
    jo_end_array(call->out);
    jo_str(call->out, "schema", "/v2/schemas/members");
    jo_end_object(call->out);
    return rc;
}

static int
member_reply(struct rest_call *call, const char *member, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *r = NULL;
    const char *id = rest_param(call, "id");
    int rc;

    if ((!image_mine(call, call->object) && strcmp(member, call->auth->project_id) != 0) ||
        tx_query(call->tx, &r, err, COLUMNS " and member = ?", "ss", id, member) < 0 || (rc = rows_next(r, err)) < 0)
        return err->code != CAIRN_OK ? -1 : cairn_fail(err, CAIRN_NOT_FOUND, "%.64s is not in the member list of the image %s.", member, id);
    if (rc == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "%.64s is not in the member list of the image %s.", member, id);
    write_member(call->out, NULL, id, r);
    return 0;
}

static int
member_show(struct rest_call *call, struct cairn_error *err)
{
    return member_reply(call, rest_param(call, "member"), err);
}

static const struct rest_attr member_body[] = {
    { .name = "member", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = 255 }, { .name = NULL },
};

static int
member_add(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id"), *member = rest_str(call, "member");
    int64_t now = clock_us(), n, max = config_int(call->env->config, "image", "members_max");

    if (!image_mine(call, call->object))
        return cairn_fail(err, CAIRN_DENIED, "Not permitted to add members to this image.");
    if (shared_only(call, err) < 0 || tx_int(call->tx, &n, 0, err, "select count(*) from image_members where image_id = ?", "s", id) < 0)
        return -1;
    if (max >= 0 && n >= max)
        return cairn_fail(err, CAIRN_TOO_LARGE, "The limit has been exceeded on the number of allowed image members for this image: %lld", (long long)max);
    if (tx_exec(call->tx, err, "insert into image_members (image_id, member, status, created_us, updated_us) values (?, ?, 'pending', ?, ?)", "ssii", id, member, now,
                now) < 0) {
        if (err->code == CAIRN_EXISTS)
            return cairn_fail(err, CAIRN_EXISTS, "Image member %.64s already exists for image %s", member, id);
        return -1;
    }
    return member_reply(call, member, err);
}

static const char *const member_states[] = { "pending", "accepted", "rejected", NULL };
static const struct rest_attr status_body[] = {
    { .name = "status", .type = REST_ENUM, .choices = member_states, .flags = REST_CREATE | REST_REQUIRED }, { .name = NULL },
};

/* Only the member says whether it takes the image. */
static int
member_update(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id"), *member = rest_param(call, "member");

    if (strcmp(member, call->auth->project_id) != 0 && !call->auth->is_admin)
        return cairn_fail(err, CAIRN_DENIED, "Not permitted to modify the membership of another project.");
    if (tx_exec(call->tx, err, "update image_members set status = ?, updated_us = ? where image_id = ? and member = ?", "siss", rest_str(call, "status"),
                clock_us(), id, member) < 0)
        return -1;
    return member_reply(call, member, err);
}

static int
member_delete(struct rest_call *call, struct cairn_error *err)
{
    const char *id = rest_param(call, "id"), *member = rest_param(call, "member");

    if (!image_mine(call, call->object))
        return cairn_fail(err, CAIRN_DENIED, "Not permitted to remove members of this image.");
    if (tx_exec(call->tx, err, "delete from image_members where image_id = ? and member = ?", "ss", id, member) < 0)
        return -1;
    return tx_changes(call->tx) == 0 ? cairn_fail(err, CAIRN_NOT_FOUND, "%.64s is not in the member list of the image %s.", member, id) : 0;
}

#define IMAGE .object = &images_resource
const struct rest_route image_member_routes[] = {
    { .method = "GET", .path = "/v2/images/{id}/members", .rule = "get_members", .status = 200, IMAGE, .handle = members_list },
    { .method = "POST", .path = "/v2/images/{id}/members", .rule = "add_member", .status = 200, .body = member_body, IMAGE, .handle = member_add },
    { .method = "GET", .path = "/v2/images/{id}/members/{member}", .rule = "get_member", .status = 200, IMAGE, .handle = member_show },
    { .method = "PUT", .path = "/v2/images/{id}/members/{member}", .rule = "modify_member", .status = 200, .body = status_body, IMAGE, .handle = member_update },
    { .method = "DELETE", .path = "/v2/images/{id}/members/{member}", .rule = "delete_member", .status = 204, IMAGE, .handle = member_delete },
    { .method = NULL },
};
