/* rest_wire.h: a wire without sockets: requests are structs, replies are kept.  Stands in for api/http in tests of services. */
#ifndef UNIT_REST_WIRE_H
#define UNIT_REST_WIRE_H
#include "http/http.h"
#include "rest/rest.h"

struct wire_reply {
    int status;
    char *type;             /* NULL: none */
    char *text;             /* "" if there was no body */
    json_t *json;           /* NULL: not JSON */
    char *headers;          /* "Name: value\n..." */
    unsigned pulls;         /* how often a stream was asked */
};

/* Who asks: roles are comma separated; is_admin follows from "admin". */
struct auth *wire_auth(const char *user, const char *project, const char *roles);
/* One request through the application.  'query' "a=1&b=2" or NULL; 'headers' "Name: value\n..." or NULL; 'body' or NULL; 'who' borrowed, NULL:
 * nobody.  The reply is valid until the next call. */
const struct wire_reply *wire_ask(struct http_app *app, struct auth *who, const char *method, const char *path, const char *query, const char *headers,
                                  const char *body);
const char *wire_header(const char *name);          /* of the last reply; NULL absent */
void wire_end(void);                                /* frees the last reply */
#endif
