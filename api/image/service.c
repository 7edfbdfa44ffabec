/* service.c: the image service: its dialect, its policies, its tables. */
#include <config.h>
#include "image/metadef.h"
#include "image/tasks.h"

#include <string.h>

#define OWN    "role:admin or (role:member and project_id:%(project_id)s)"
#define SHARED "project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s"
#define READER "role:admin or (role:reader and project_id:%(project_id)s)"
#define NAMESPACE "role:admin or (role:reader and (project_id:%(project_id)s or 'public':%(visibility)s))"

const struct policy_default image_policies[] = {
    { "add_image", "role:admin or (role:member and project_id:%(project_id)s and project_id:%(owner)s)", "Register an image" },
    { "get_image", "role:admin or (role:reader and (" SHARED "))", "Show an image" },
    { "get_images", "role:admin or (role:reader and project_id:%(project_id)s)", "List images" },
    { "modify_image", OWN, "Change an image's attributes, properties and tags" },
    { "delete_image", OWN, "Delete an image" },
    { "publicize_image", "role:admin", "Make an image visible to every project" },
    { "communitize_image", OWN, "Make an image usable by every project, out of their lists" },
    { "upload_image", OWN, "Upload an image's data" },
    { "download_image", "role:admin or (role:member and (" SHARED "))", "Download an image's data" },
    { "deactivate", OWN, "Deactivate an image" },
    { "reactivate", OWN, "Reactivate an image" },
    { "add_member", OWN, "Share an image with a project" },
    { "get_member", "role:admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))", "Show a member of an image" },
    { "get_members", "role:admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))", "List the members of an image" },
    { "modify_member", "role:admin or (role:member and project_id:%(member_id)s)", "Accept or reject a shared image" },
    { "delete_member", OWN, "Stop sharing an image with a project" },
    { "get_import_info", READER, "List the import methods" },
    { "get_stores_info", READER, "List the stores" },
    { "stores_info_detail", "role:admin", "List the stores with their drivers" },
    { "delete_image_location", "role:admin", "Delete an image's data from one store" },
    { "import_image", OWN, "Import staged data, or data from the web" },
    { "copy_image", "role:admin", "Copy an image to further stores" },
    { "tasks_api_access", "role:admin", "Use the tasks API" },
    { "get_image_usage", READER, "Show limits and use" },
    { "fetch_image_location", "role:admin", "Show where an image's data are" },
    { "add_image_location", OWN, "Take over the data that a URI names" },
    { "cache_image", "role:admin", "Queue an image for the cache" },
    { "cache_list", "role:admin", "List the cache" },
    { "cache_delete", "role:admin", "Delete from the cache" },
    { "cache_clean", "role:admin", "Remove what is broken from the cache" },
    { "cache_prune", "role:admin", "Bring the cache below its size" },
    { "get_image_tasks", OWN, "List the tasks of an image" },
    { "get_schema", "role:admin or role:reader", "Read the schemas" },
    { "get_metadef_namespace", NAMESPACE, "Show a metadata definition namespace" },
    { "get_metadef_namespaces", READER, "List metadata definition namespaces" },
    { "add_metadef_namespace", "role:admin", "Create a metadata definition namespace" },
    { "modify_metadef_namespace", "role:admin", "Change a metadata definition namespace" },
    { "delete_metadef_namespace", "role:admin", "Delete a metadata definition namespace" },
    { "get_metadef_object", NAMESPACE, "Show an object of a namespace" },
    { "get_metadef_objects", NAMESPACE, "List the objects of a namespace" },
    { "add_metadef_object", "role:admin", "Add an object to a namespace" },
    { "modify_metadef_object", "role:admin", "Change an object of a namespace" },
    { "delete_metadef_object", "role:admin", "Delete objects of a namespace" },
    { "list_metadef_resource_types", READER, "List resource types" },
    { "get_metadef_resource_type", NAMESPACE, "List the resource types of a namespace" },
    { "add_metadef_resource_type_association", "role:admin", "Associate a namespace with a resource type" },
    { "remove_metadef_resource_type_association", "role:admin", "End the association of a namespace with a resource type" },
    { "get_metadef_property", NAMESPACE, "Show a property of a namespace" },
    { "get_metadef_properties", NAMESPACE, "List the properties of a namespace" },
    { "add_metadef_property", "role:admin", "Add a property to a namespace" },
    { "modify_metadef_property", "role:admin", "Change a property of a namespace" },
    { "remove_metadef_property", "role:admin", "Delete properties of a namespace" },
    { "get_metadef_tag", NAMESPACE, "Show a tag of a namespace" },
    { "get_metadef_tags", NAMESPACE, "List the tags of a namespace" },
    { "add_metadef_tag", "role:admin", "Add a tag to a namespace" },
    { "add_metadef_tags", "role:admin", "Replace the tags of a namespace" },
    { "modify_metadef_tag", "role:admin", "Change a tag of a namespace" },
    { "delete_metadef_tag", "role:admin", "Delete a tag of a namespace" },
    { "delete_metadef_tags", "role:admin", "Delete the tags of a namespace" },
    { NULL, NULL, NULL }
};

/* --- faults */

static const struct { int status; const char *title; } titles[] = {
    { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" },
    { 410, "Gone" }, { 413, "Request Entity Too Large" }, { 415, "Unsupported Media Type" }, { 416, "Requested Range Not Satisfiable" },
    { 429, "Too Many Requests" }, { 501, "Not Implemented" }, { 503, "Service Unavailable" },
};

static void
fault(struct rest_call *call, int status, const struct cairn_error *err, struct json_out *out)
{
    const char *title = "Internal Server Error";

    (void)call;
    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        if (titles[i].status == status)
            title = titles[i].title;
    jo_object(out, NULL);
    jo_str(out, "message", err->message);
    jo_strf(out, "code", "%d %s", status, title);
    jo_str(out, "title", title);
    jo_end_object(out);
}

/* Handlers tag what no code tells: 415, 416. */
static int
status_of(const struct cairn_error *err)
{
    int64_t status;

    return err->code == CAIRN_INVALID && str_to_int(err->tag, 400, 499, &status) == 0 ? (int)status : 0;
}

/* "member_id": a change of a member is about the one in the path.  Reading asks whether the caller is a member at all, and whoever can load
 * a shared image that is not its own is one; which members it sees is the handlers' business.  "owner" of an image that is about to be made
 * is the caller; another owner is refused when it is set. */
static const char *
target(struct rest_call *call, const char *attr)
{
    if (strcmp(attr, "member_id") == 0) {
        if (strcmp(http_method(call->req), "PUT") == 0)
            return rest_param(call, "member_id");
        return call->object != NULL && strcmp(row_text(call->object, "visibility"), "shared") == 0 ? call->auth->project_id : NULL;
    }
    if (strcmp(attr, "owner") == 0 && call->object == NULL)
        return call->auth->project_id;
    return NULL;
}

static const struct rest_resource *const resources[] = { &images_resource, &metadef_namespaces_resource, &image_tasks_resource, NULL };
static const struct rest_route *const routes[] = {
    image_routes, image_file_routes, image_sharing_routes, image_discovery_routes, image_schema_routes, metadef_namespace_routes, metadef_item_routes,
    metadef_type_routes, image_store_routes, image_import_routes, image_task_routes, image_quota_routes,
    image_cache_routes, image_location_routes, NULL
};

const struct rest_service image_service = {
    .name = "image",
    .releases = image_releases,
    .resources = resources,
    .routes = routes,
    .policies = image_policies,
    .time_style = REST_TIME_Z,
    .paging = REST_PAGE_GLANCE,
    .page_max = 1000, .page_default = 25, .strict_slash = 1, .unknown_is_error = 1,
    .fault = fault, .status_of = status_of, .target = target,
    .not_found = "No %s found with ID %s",
};
