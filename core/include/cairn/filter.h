/* cairn/filter.h: filters of the REST pipeline, composed in pipeline.ini.
 *
 * A filter sees each request before the application and each reply after it, through accessor calls on opaque objects.  Filters
 * run on the network threads: they may compute but never wait. */
#ifndef CAIRN_FILTER_H
#define CAIRN_FILTER_H

#include <cairn/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cairn_request;           /* opaque */

/* Accessors; strings are borrowed and live as long as the request. */
struct cairn_http {
    uint32_t size;
    uint32_t reserved;
    const char *(*method)(const struct cairn_request *req);
    const char *(*path)(const struct cairn_request *req);           /* decoded, below the pipeline's mount point */
    const char *(*full_path)(const struct cairn_request *req);      /* as it came */
    const char *(*query)(const struct cairn_request *req, const char *name);        /* NULL: absent */
    const char *(*header)(const struct cairn_request *req, const char *name);       /* case free; NULL: absent */
    const char *(*client_address)(const struct cairn_request *req);
    const char *(*request_id)(const struct cairn_request *req);
    int64_t (*content_length)(const struct cairn_request *req);     /* -1: unknown (chunked) */
    void (*set_request_header)(struct cairn_request *req, const char *name, const char *value);     /* NULL removes */
    void (*set_path)(struct cairn_request *req, const char *path);
    /* Small values that filters and the application share: freed with 'release' at the end.  Once authenticate() said yes,
     * note() also answers "identity.user_id", "identity.project_id" and "identity.domain_id" (const char *, "" where there is none). */
    void (*set_note)(struct cairn_request *req, const char *name, void *value, void (*release)(void *));
    void *(*note)(const struct cairn_request *req, const char *name);
    void (*set_body_limit)(struct cairn_request *req, uint64_t bytes);
    /* Replies at once; the application does not run.  'type' NULL: text/plain. */
    void (*reply)(struct cairn_request *req, uint32_t status, const char *type, const void *body, size_t len);
    /* Replies with the fault that the service's dialect has for 'err'. */
    void (*fault)(struct cairn_request *req, uint32_t status, const struct cairn_error *err);
    uint32_t (*status)(const struct cairn_request *req);            /* of the reply; in after() */
    const char *(*reply_header)(const struct cairn_request *req, const char *name);
    void (*set_reply_header)(struct cairn_request *req, const char *name, const char *value);       /* NULL removes */
    /* Checks a token with the identity service, in memory, and attaches who it is to the request.  -1: CAIRN_UNAUTHENTICATED. */
    int (*authenticate)(struct cairn_request *req, const char *token, struct cairn_error *err);
    /* 1: the route that will serve this request is marked as open to everybody (discovery, login). */
    uint32_t (*is_public)(const struct cairn_request *req);
    /* "http://host:port" the client came by, fit for links. */
    const char *(*base_url)(const struct cairn_request *req);
    /* Since 0.2: asks the application something that only it knows ("object.temp_url_keys"); the words are the application's.  The answer is
     * text for free() of the daemon's: pass it to set_note() with 'release', or copy it and call release.  -1: it does not know.  It may read
     * the catalog, but does not wait. */
    int (*ask)(struct cairn_request *req, const char *what, const char *argument, char **ret_text, void (**ret_release)(void *),
               struct cairn_error *err);
};

enum cairn_filter_verdict { CAIRN_FILTER_PASS = 0, CAIRN_FILTER_REPLIED = 1 };

struct cairn_filter_plugin {
    CAIRN_DRIVER_COMMON;        /* threads: CAIRN_THREADS_PARALLEL */
    /* Headers are there, the body is not.  Either may be NULL. */
    uint32_t (*before)(void *self, const struct cairn_http *http, struct cairn_request *req);
    void (*after)(void *self, const struct cairn_http *http, struct cairn_request *req);
    /* Since 0.2, may be NULL: what this filter adds to its service, as a JSON object in text that lives as long as 'self'.  The service shows
     * it to clients that ask for its features, and takes from it whether and with which limits a feature is on: leaving the filter out of the
     * pipeline turns the feature off. */
    const char *(*feature)(void *self);
};

#ifdef __cplusplus
}
#endif
#endif
