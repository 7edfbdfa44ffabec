/* fault.c: from an error value to the reply that the service's clients know. */
#include <config.h>
#define LOG_MODULE "rest"
#include "rest/engine.h"

#include <string.h>
#include "base/log.h"

static const struct { uint32_t code; int status; const char *title; } faults[] = {
    { CAIRN_INVALID,         400, "Bad Request" },
    { CAIRN_NOT_FOUND,       404, "Not Found" },
    { CAIRN_EXISTS,          409, "Conflict" },
    { CAIRN_CONFLICT,        409, "Conflict" },
    { CAIRN_DENIED,          403, "Forbidden" },
    { CAIRN_UNAUTHENTICATED, 401, "Unauthorized" },
    { CAIRN_OVER_QUOTA,      413, "Request Entity Too Large" },
    { CAIRN_NO_SPACE,        409, "Conflict" },
    { CAIRN_UNSUPPORTED,     501, "Not Implemented" },
    { CAIRN_UNAVAILABLE,     503, "Service Unavailable" },
    { CAIRN_TIMEOUT,         503, "Service Unavailable" },
    { CAIRN_CANCELLED,       409, "Conflict" },
    { CAIRN_TOO_LARGE,       413, "Request Entity Too Large" },
    { CAIRN_RATE_LIMITED,    429, "Too Many Requests" },
    { CAIRN_NO_HOST,         409, "Conflict" },
    { CAIRN_NOT_ACCEPTABLE,  406, "Not Acceptable" },
    { CAIRN_GONE,            410, "Gone" },
};

int
fault_status(const struct rest_service *service, const struct cairn_error *err)
{
    int status = service->status_of != NULL ? service->status_of(err) : 0;

    for (size_t i = 0; i < ARRAY_LEN(faults) && status == 0; i++)
        if (faults[i].code == err->code)
            status = faults[i].status;
    return status != 0 ? status : 500;
}

static const char *
title_of(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        if (faults[i].status == status)
            return faults[i].title;
    return status >= 500 ? "Internal Server Error" : status == 405 ? "Method Not Allowed" : "Bad Request";
}

static void
plain_fault(int status, const struct cairn_error *err, struct json_out *out)
{
    jo_object(out, NULL);
    jo_object(out, "error");
    jo_int(out, "code", status);
    jo_str(out, "title", title_of(status));
    jo_str(out, "message", err->message);
    jo_end_object(out);
    jo_end_object(out);
}

/* What went wrong inside is for the log, not for the client. */
static void
hide_inside(struct rest_call *call, int status, const struct cairn_error *err, struct cairn_error *ret)
{
    *ret = *err;
    if (status < 500 || err->code == CAIRN_UNSUPPORTED || (err->code == CAIRN_UNAVAILABLE && err->tag[0] != '\0'))
        return;             /* what names the API's own fault was written for the client */
    log_error("%s %s answers %d: %s", http_method(call->req), http_path(call->req), status, err->message);
    ret->tag[0] = '\0';
    snprintf(ret->message, sizeof ret->message, "%s",
             status == 503 ? "The service cannot answer this now. Please try again later."
                           : "An unexpected error prevented the server from fulfilling your request. The log has it under the request id of this answer.");
}

static void
headers(struct rest_call *call, int status)
{
    for (size_t i = 0; i < ARRAY_LEN(call->service->request_id_headers); i++)
        if (call->service->request_id_headers[i] != NULL)
            rest_header(call, call->service->request_id_headers[i], http_request_id(call->req));
    if (status == 401) {
        CLEANUP_FREE char *value = xasprintf("Keystone uri=\"%s/identity\"", http_base_url(call->req));

        rest_header(call, "WWW-Authenticate", value);
    }
}

void
fault_reply(struct rest_call *call, uint32_t status, const struct cairn_error *err)
{
    struct cairn_error told;
    struct str text = STR_INIT;
    struct json_out out;

    if (http_replied(call->req))
        return;
    if (status == 0)
        status = (uint32_t)fault_status(call->service, err);
    hide_inside(call, (int)status, err, &told);
    headers(call, (int)status);
    jo_init(&out, &text);
    if (call->service->fault != NULL)
        call->service->fault(call, (int)status, &told, &out);
    else
        plain_fault((int)status, &told, &out);
    http_reply(call->req, (int)status, "application/json", &text);
    str_free(&text);
}
