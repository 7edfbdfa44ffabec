/* sharing.c: members and tags of images. */
#include <config.h>
#include "image/private.h"

#include <string.h>
#include "base/clock.h"

#define MEMBER_MAX 255          /* characters of a project's id */
#define TAG_MAX    255

/* --- members */

static void
emit_member(struct json_out *out, const char *key, struct rows *row)
{
    char created[CLOCK_TEXT], updated[CLOCK_TEXT];

    jo_object(out, key);
    jo_str(out, "member_id", row_text(row, "member"));
    jo_str(out, "image_id", row_text(row, "image_id"));
    jo_str(out, "status", row_text(row, "status"));
    jo_str(out, "created_at", clock_format(row_int(row, "created_us"), CLOCK_Z, created));
    jo_str(out, "updated_at", clock_format(row_int(row, "updated_us"), CLOCK_Z, updated));
    jo_str(out, "schema", "/v2/schemas/member");
    jo_end_object(out);
}

/* The owner and administrators see all members, a member only itself. */
static int
sees_all(const struct rest_call *call)
{
    const char *owner = row_text(call->object, "owner");

    return call->auth->is_admin || (owner != NULL && strcmp(owner, call->auth->project_id) == 0);
}

static int
find_member(struct rest_call *call, struct rows **ret, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    const char *id = row_text(call->object, "id"), *member = rest_param(call, "member_id");
    int rc;

    if (tx_query(call->tx, &rows, err, "select member, image_id, status, created_us, updated_us from image_members where image_id = ? and member = ?", "ss", id,
                 member) < 0 || (rc = rows_next(rows, err)) < 0)
        return -1;
    if (rc == 0 || (!sees_all(call) && strcmp(member, call->auth->project_id) != 0))
        return cairn_fail(err, CAIRN_NOT_FOUND, "%.80s not found in the member list of the image %s.", member, id);
    *ret = steal(&rows);
    return 0;
}

static int
answer_member(struct rest_call *call, const char *image, const char *member, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (tx_query(call->tx, &rows, err, "select member, image_id, status, created_us, updated_us from image_members where image_id = ? and member = ?", "ss",
                 image, member) < 0 || rows_next(rows, err) < 0)
        return -1;
    emit_member(call->out, NULL, rows);
    return 0;
}

static int
members_list(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    int all = sees_all(call), rc;

    if (tx_query(call->tx, &rows, err, "select member, image_id, status, created_us, updated_us from image_members where image_id = ? and (? or member = ?)"
                 " order by created_us, member", "sis", row_text(call->object, "id"), (int64_t)all, call->auth->project_id) < 0)
        return -1;
    jo_object(call->out, NULL);
    jo_array(call->out, "members");
    while ((rc = rows_next(rows, err)) == 1)
        emit_member(call->out, NULL, rows);
    jo_end_array(call->out);
    jo_str(call->out, "schema", "/v2/schemas/members");
    jo_end_object(call->out);
    return rc;
}

static int
member_show(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (find_member(call, &rows, err) < 0)
        return -1;
    emit_member(call->out, NULL, rows);
    return 0;
}

static const struct rest_attr new_member[] = {
    { .name = "member", .type = REST_STRING, .flags = REST_CREATE | REST_REQUIRED, .min = 1, .max = MEMBER_MAX },
    { .name = "*", .type = REST_JSON, .flags = REST_CREATE },          /* what else clients say is ignored */
    { .name = NULL }
};

static int
member_add(struct rest_call *call, struct cairn_error *err)
{
    const char *id = row_text(call->object, "id"), *member = rest_str(call, "member");
    int64_t now = clock_us(), count;

    if (strcmp(row_text(call->object, "visibility"), "shared") != 0)
        return cairn_fail(err, CAIRN_DENIED, "Only shared images have members.");
    if (tx_exec(call->tx, err, "insert into image_members (image_id, member, status, created_us, updated_us) values (?, ?, 'pending', ?, ?)", "ssii", id, member,
                now, now) < 0)
        return err->code == CAIRN_EXISTS ? cairn_fail(err, CAIRN_EXISTS, "Member %s is duplicated for image %s", member, id) : -1;
    if (tx_int(call->tx, &count, 0, err, "select count(*) from image_members where image_id = ?", "s", id) < 0 ||
        image_check_limit(call->env, "members_max", count, err) < 0)
        return -1;
    return answer_member(call, id, member, err);
}

static const struct rest_attr member_status[] = {
    { .name = "status", .type = REST_ENUM, .flags = REST_CREATE | REST_REQUIRED, .choices = image_member_statuses },
    { .name = "*", .type = REST_JSON, .flags = REST_CREATE },
    { .name = NULL }
};

/* The member itself accepts or rejects: the policy rule says so; the owner cannot. */
static int
member_update(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    const char *member = rest_param(call, "member_id");

    if (find_member(call, &rows, err) < 0)
        return -1;
    rows_close(steal(&rows));
    if (tx_exec(call->tx, err, "update image_members set status = ?, updated_us = ? where image_id = ? and member = ?", "siss", rest_str(call, "status"),
                clock_us(), id, member) < 0)
        return -1;
    return answer_member(call, id, member, err);
}

static int
member_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_ROWS struct rows *rows = NULL;

    if (find_member(call, &rows, err) < 0)
        return -1;
    rows_close(steal(&rows));
    return tx_exec(call->tx, err, "delete from image_members where image_id = ? and member = ?", "ss", row_text(call->object, "id"), rest_param(call, "member_id"));
}

/* --- tags */

static int
tag_add(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));
    const char *tag = rest_param(call, "tag");
    int64_t count;

    if (str_utf8_len(tag) > TAG_MAX)
        return cairn_fail(err, CAIRN_INVALID, "A tag has at most %d characters.", TAG_MAX);
    if (tx_exec(call->tx, err, "insert into image_tags (image_id, tag) values (?, ?) on conflict do nothing", "ss", id, tag) < 0 ||
        tx_int(call->tx, &count, 0, err, "select count(*) from image_tags where image_id = ?", "s", id) < 0 ||
        image_check_limit(call->env, "tags_max", count, err) < 0)
        return -1;
    return image_touch(call->tx, id, err);
}

static int
tag_delete(struct rest_call *call, struct cairn_error *err)
{
    CLEANUP_FREE char *id = xstrdup(row_text(call->object, "id"));

    if (tx_exec(call->tx, err, "delete from image_tags where image_id = ? and tag = ?", "ss", id, rest_param(call, "tag")) < 0)
        return -1;
    if (tx_changes(call->tx) == 0)
        return cairn_fail(err, CAIRN_NOT_FOUND, "The image %s has no tag '%.80s'.", id, rest_param(call, "tag"));
    return image_touch(call->tx, id, err);
}

#define MEMBERS "/v2/images/{image_id}/members"
#define TAG     "/v2/images/{image_id}/tags/{tag}"
const struct rest_route image_sharing_routes[] = {
    { .method = "GET", .path = MEMBERS, .rule = "get_members", .status = 200, .object = &images_resource, .handle = members_list },
    { .method = "POST", .path = MEMBERS, .rule = "add_member", .status = 200, .object = &images_resource, .body = new_member, .handle = member_add },
    { .method = "GET", .path = MEMBERS "/{member_id}", .rule = "get_member", .status = 200, .object = &images_resource, .handle = member_show },
    { .method = "PUT", .path = MEMBERS "/{member_id}", .rule = "modify_member", .status = 200, .object = &images_resource, .body = member_status,
      .handle = member_update },
    { .method = "DELETE", .path = MEMBERS "/{member_id}", .rule = "delete_member", .status = 204, .object = &images_resource, .handle = member_delete },
    { .method = "PUT", .path = TAG, .rule = "modify_image", .status = 204, .object = &images_resource, .handle = tag_add },
    { .method = "DELETE", .path = TAG, .rule = "modify_image", .status = 204, .object = &images_resource, .handle = tag_delete },
    { .method = NULL }
};
