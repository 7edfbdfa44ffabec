/* form.c: FormPOST: a browser's form puts its files under the path it is posted to, which the owner of a key has signed for.
 *
 * The fields come before the files, so each file knows what it may.  When something goes wrong the rest of the body is read and forgotten: a
 * browser that still sends does not read what it is told. */
#include "config.h"
#include "object/private.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "object/multipart.h"
#include "object/signed.h"

#define FIELD_MAX 4096                  /* bytes of a value; what follows is passed over */
#define DRAIN_MAX (INT64_C(64) << 20)   /* bytes that are read for politeness only */

enum field { REDIRECT, MAX_FILE_SIZE, MAX_FILE_COUNT, EXPIRES, SIGNATURE, DELETE_AT, DELETE_AFTER, TYPE, ENCODING, FIELDS };
static const char *const field_names[FIELDS] = { "redirect", "max_file_size", "max_file_count", "expires", "signature", "x_delete_at", "x_delete_after",
                                                 "content-type", "content-encoding" };

struct form {
    struct object_call *c;
    struct multipart *parts;
    struct str fields[FIELDS];
    int into;                           /* the field that is being read; -1: a file, or what nobody asked for */
    int checked, opened;                /* its signature holds; a file is being written */
    int64_t files, files_max, size_max, delete_at_us, drained;
    char *policy;                       /* of the container; known once 'checked' */
    struct upload upload;
    struct object object;
    int status;                         /* what is told at the end; 0: nothing happened */
    char message[300];
    int is_plain;                       /* told here, never by a redirect */
};

static void
file_drop(struct form *f)
{
    if (f->opened)
        upload_drop(&f->upload);
    f->opened = 0;
    object_clear(&f->object);
}

static void
form_free(struct form *f)
{
    file_drop(f);
    multipart_free(f->parts);
    for (int i = 0; i < FIELDS; i++)
        str_free(&f->fields[i]);
    free(f->policy);
    object_call_free(f->c);
    free(f);
}

static const char *
text_of(const struct form *f, enum field field)
{
    return f->fields[field].text != NULL ? f->fields[field].text : "";
}

/* What Swift says beside the status; the rest of the form does not count. */
CAIRN_PRINTF(4, 5) static int
give_up(struct form *f, int status, int is_plain, const char *fmt, ...)
{
    va_list ap;

    f->status = status;
    f->is_plain = is_plain;
    va_start(ap, fmt);
    vsnprintf(f->message, sizeof f->message, fmt, ap);
    va_end(ap);
    file_drop(f);
    return 0;
}

static int
failed(const struct form *f)
{
    return f->status / 100 > 2;
}

/* --- may it? */

static int
number_of(const struct form *f, enum field field, int64_t *ret)
{
    const char *text = text_of(f, field);

    *ret = 0;
    return *text == '\0' ? 0 : str_to_int(text, INT64_MIN, INT64_MAX, ret);
}

/* Clients sign the path from /v1 on, or with what the service is mounted under. */
static int
is_signed(const struct form *f, char *keys)
{
    static const enum field numbers[] = { MAX_FILE_SIZE, MAX_FILE_COUNT, EXPIRES };
    const char *mount = http_mount(f->c->req);
    char *save = NULL;
    int fits = 0;

    for (char *line = strtok_r(keys, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        const char *key = strchr(line, ' ');

        for (int mounted = 0; key != NULL && mounted < 2; mounted++) {
            CLEANUP_STR struct str text = STR_INIT;

            str_addf(&text, "%s%s\n%s", mounted && strcmp(mount, "/") != 0 ? mount : "", http_path(f->c->req), text_of(f, REDIRECT));
            for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
                str_addf(&text, "\n%s", f->fields[numbers[i]].len > 0 ? text_of(f, numbers[i]) : "0");
            fits |= signed_fits(text_of(f, SIGNATURE), key + 1, text.text);
        }
    }
    return fits;
}

static int
is_allowed_digest(const struct form *f)
{
    CLEANUP_JSON json_t *feature = json_of_column(http_feature(f->c->req, "formpost"));
    const json_t *list = json_object_get(feature, "allowed_digests");
    const char *digest = signed_digest(text_of(f, SIGNATURE));

    for (size_t i = 0; digest != NULL && i < json_array_size(list); i++)
        if (str_eq(digest, json_string_value(json_array_get(list, i))))
            return 1;
    return 0;
}

/* The fields as they stand; once they are good they are so for all files. */
static int
check(struct form *f, struct cairn_error *err)
{
    static const struct { enum field field; const char *why; } integers[] = {
        { MAX_FILE_COUNT, "max_file_count not an integer" }, { MAX_FILE_SIZE, "max_file_size not an integer" },
        { DELETE_AT, "x_delete_at not an integer: Unix timestamp required." }, { DELETE_AFTER, "x_delete_after not an integer: Number of seconds required." },
        { EXPIRES, "expired not an integer" },
    };
    struct object_call *c = f->c;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    CLEANUP_FREE char *keys = NULL;
    struct cairn_error none = CAIRN_ERROR_INIT;
    int64_t expires;

    for (size_t i = 0; i < ARRAY_LEN(integers); i++)
        if (number_of(f, integers[i].field, &expires) < 0)
            return give_up(f, 400, 1, "%s", integers[i].why);
    if (expires < clock_us() / 1000000)
        return give_up(f, 401, 1, "Form Expired");
    if (!is_allowed_digest(f) || object_temp_url_keys(c->service, c->account, c->container, &keys, &none) < 0 || !is_signed(f, keys))
        return give_up(f, 401, 1, "Invalid Signature");
    number_of(f, MAX_FILE_COUNT, &f->files_max);
    number_of(f, MAX_FILE_SIZE, &f->size_max);
    if (meta_delete_at(text_of(f, DELETE_AT), text_of(f, DELETE_AFTER), &f->delete_at_us, err) < 0 ||
        tx_begin(c->service->env.catalog, TX_READ, &tx, err) < 0)
        return -1;
    f->checked = 1;
    switch (container_find(tx, c->account, c->container, &k, err)) {
    case 0: return give_up(f, 404, 0, "%s", "");
    case 1: f->policy = xstrdup(k.policy); return 0;
    default: return -1;
    }
}

/* --- files */

static void
set_header(json_t *meta, const char *name, const char *value)
{
    if (value != NULL && *value != '\0')
        json_object_set_new(meta, name, json_string(value));
}

static int
file_open(struct form *f, const struct multipart_part *part, struct cairn_error *err)
{
    const char *slash = f->c->object == NULL ? "" : f->c->object;
    const char *type = f->fields[TYPE].text != NULL ? text_of(f, TYPE) : part->type;

    f->object.name = xasprintf("%s%s", slash, part->filename);
    if (!str_is_utf8(f->object.name, strlen(f->object.name)))
        return object_fail(err, 412, "Invalid UTF8 or contains NULL");
    if (object_check_name(f->object.name, err) < 0)
        return -1;
    f->object.type = xstrdup(type == NULL ? meta_guess_type(f->object.name) : *type != '\0' ? type : "application/octet-stream");
    f->object.meta = json_object();
    f->object.sys = json_object();
    f->object.delete_at_us = f->delete_at_us;
    set_header(f->object.meta, "content-encoding", f->fields[ENCODING].text != NULL ? text_of(f, ENCODING) : part->encoding);
    if (object_check_type(f->object.type, err) < 0 || upload_open(&f->upload, f->c->service, f->policy, 0, OBJECT_FILE_MAX, err) < 0)
        return -1;
    f->opened = 1;
    return 0;
}

static int
file_commit(struct form *f, struct cairn_error *err)
{
    struct object *o = &f->object;
    CLEANUP_TX struct tx *tx = NULL;
    CLEANUP_CONTAINER struct container k = { 0 };
    int found;

    if (upload_seal(&f->upload, err) < 0)
        return -1;
    o->etag = xstrdup(f->upload.etag);
    o->size = f->upload.size;
    o->store = xstrdup(driver_instance(f->upload.store));
    o->blob = o->size > 0 ? xstrdup(f->upload.key) : NULL;
    if (tx_begin(f->c->service->env.catalog, TX_WRITE, &tx, err) < 0 || (found = container_find(tx, f->c->account, f->c->container, &k, err)) < 0)
        return -1;
    if (!found)
        return object_fail(err, 404, "%s", "");
    if (object_store_row(f->c, tx, &k, o, err) < 0 || tx_commit(steal(&tx), err) < 0)
        return -1;
    if (o->size > 0) {
        upload_done(&f->upload);
        f->opened = 0;
    }
    f->status = 201;
    return 0;
}

/* --- parts */

static int
part_begin(void *arg, const struct multipart_part *part, struct cairn_error *err)
{
    struct form *f = arg;

    f->into = -1;
    if (failed(f))
        return 0;
    if (part->filename == NULL || *part->filename == '\0' || !str_eq(part->disposition, "form-data")) {
        for (int i = 0; i < FIELDS; i++)
            if (part->name != NULL && strcasecmp(part->name, field_names[i]) == 0) {
                f->into = i;
                str_reset(&f->fields[i]);
                str_add(&f->fields[i], "");
                f->checked = 0;         /* signed for is what was signed */
            }
        return 0;
    }
    if (!f->checked && check(f, err) < 0)
        return -1;
    if (failed(f))
        return 0;
    if (++f->files > f->files_max)
        return give_up(f, 400, 0, "max file count exceeded");
    return file_open(f, part, err);
}

static int
part_bytes(void *arg, const char *bytes, size_t len, struct cairn_error *err)
{
    struct form *f = arg;

    if (f->into >= 0) {
        struct str *field = &f->fields[f->into];
        size_t left = FIELD_MAX - field->len;

        if (memchr(bytes, '\0', len) != NULL)
            return give_up(f, 400, 1, "a field holds a zero byte");
        str_add_n(field, bytes, len < left ? len : left);
        return 0;
    }
    if (!f->opened)
        return 0;
    if ((int64_t)len > f->size_max - f->upload.size)
        return give_up(f, 400, 1, "max_file_size exceeded");
    return upload_write(&f->upload, bytes, len, err);
}

static int
part_end(void *arg, struct cairn_error *err)
{
    struct form *f = arg;

    if (f->into >= 0) {
        struct str *field = &f->fields[f->into];

        while (field->len > 0 && strchr("\r\n-", field->text[field->len - 1]) != NULL)
            field->text[--field->len] = '\0';
    }
    if (f->opened) {
        if (file_commit(f, err) < 0)
            return -1;
        file_drop(f);
    }
    return 0;
}

/* --- the end */

static void
reply_plain(struct form *f, const char *said)
{
    struct str body = STR_INIT;

    if (f->status == 401)
        object_header(f->c, "WWW-Authenticate", "Swift realm=\"formpost\"");
    str_add(&body, said);
    http_reply(f->c->req, f->status, "text/plain", &body);
}

/* Only where the key's owner has signed for it: else anybody could send anybody anywhere through us. */
static int
reply_redirect(struct form *f)
{
    const char *to = text_of(f, REDIRECT);
    CLEANUP_STR struct str location = STR_INIT;
    struct str body = STR_INIT;

    for (const char *p = to; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p == 0x7f)
            return 0;
    if (*to == '\0' || !f->checked)
        return 0;
    str_addf(&location, "%s%cstatus=%d&message=", to, strchr(to, '?') != NULL ? '&' : '?', f->status);
    object_quote(f->message, &location);
    str_add(&body, "<html><body><p><a href=\"");
    listing_xml(&body, location.text);
    str_add(&body, "\">Click to continue...</a></p></body></html>");
    http_reply_header(f->c->req, "Location", location.text);
    http_reply(f->c->req, 303, "text/html; charset=UTF-8", &body);
    return 1;
}

/* As Swift says it in a page, and not in a redirect: Max File Count Exceeded. */
static void
capitalise(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if (isalpha((unsigned char)*p))
            *p = (char)(p == text || !isalpha((unsigned char)p[-1]) ? toupper((unsigned char)*p) : tolower((unsigned char)*p));
}

static void
reply(struct form *f)
{
    CLEANUP_STR struct str text = STR_INIT;

    if (f->is_plain) {
        str_addf(&text, "FormPost: %s", f->message);
        reply_plain(f, text.text);
        return;
    }
    if (reply_redirect(f))
        return;
    str_addf(&text, "%d %s", f->status, object_title(f->status));
    if (f->message[0] != '\0') {
        str_addf(&text, "\r\nFormPost: %s", f->message);
        capitalise(text.text + strlen(text.text) - strlen(f->message));
    }
    reply_plain(f, text.text);
}

/* What a part's file met is told as its PUT would have been. */
static void
note_error(struct form *f, const struct cairn_error *err)
{
    int status = object_status_of(err);

    give_up(f, status, 0, "%s", status >= 500 ? "" : err->message);
}

static int
form_write(void *arg, const void *bytes, size_t len, struct cairn_error *err)
{
    struct form *f = arg;
    struct cairn_error own = CAIRN_ERROR_INIT;

    if (failed(f)) {
        f->drained += (int64_t)len;
        return f->drained > DRAIN_MAX ? object_fail(err, f->status, "FormPost: %s", f->message) : 0;
    }
    if (multipart_feed(f->parts, bytes, len, &own) < 0) {
        if (own.tag[0] == '\0' && own.code == CAIRN_INVALID)
            give_up(f, 400, 1, "%s", own.message);      /* the form itself */
        else
            note_error(f, &own);
    }
    return 0;
}

static void
form_done(void *arg, struct cairn_request *req)
{
    struct form *f = arg;
    struct cairn_error err = CAIRN_ERROR_INIT;

    (void)req;
    if (!failed(f) && multipart_finish(f->parts, &err) < 0)
        give_up(f, 400, 1, "%s", err.message);
    if (f->status == 0) {               /* whether its redirect counts is known by its signature */
        if (!f->checked)
            check(f, &err);
        give_up(f, 400, 0, "no files to process");
    }
    reply(f);
    form_free(f);
}

static void
form_aborted(void *arg, struct cairn_request *req, const struct cairn_error *err)
{
    struct form *f = arg;

    (void)req;
    if (err != NULL)
        object_reply_fault(f->c, err);
    form_free(f);
}

int
form_post(struct object_call *c, struct cairn_error *err)
{
    static const struct multipart_events events = { part_begin, part_bytes, part_end };
    static const struct http_sink sink = { form_write, form_done, form_aborted };
    CLEANUP_FREE char *boundary = multipart_param(http_header(c->req, "Content-Type"), "boundary");
    struct form *f = xcalloc(1, sizeof *f);

    f->c = c;
    f->into = -1;
    f->parts = boundary != NULL ? multipart_new(boundary, &events, f) : NULL;
    if (f->parts == NULL) {
        f->c = NULL;
        form_free(f);
        return object_fail(err, 400, "FormPost: invalid starting boundary");
    }
    c->kept = 1;
    http_receive(c->req, &sink, f);
    return 0;
}
