/* greeter.c: a vendor's filter, as one would write it outside of Cairn: installed headers and libc, nothing else.
 *
 * It puts a greeting into the head of each reply, and turns away clients that say in "X-Closed" that they come after hours. */
#include <cairn/filter.h>

#include <stdlib.h>

/* Immutable after configure(): any number of network threads may read it. */
struct greeter {
    const char *greeting;               /* borrowed from the daemon; lives as long as the instance */
};

static const struct cairn_key key_greeting = CAIRN_KEY("greeting", CAIRN_KEY_STRING, "hello", "What each reply says in X-Greeting.");
static const struct cairn_key *const greeter_keys[] = { &key_greeting, NULL };

static int
greeter_configure(const struct cairn_host *host, void **ret_self, struct cairn_error *err)
{
    struct greeter *greeter = calloc(1, sizeof *greeter);

    if (greeter == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "no memory");
    greeter->greeting = host->get_string(host->instance, "greeting");
    *ret_self = greeter;
    return 0;
}

static uint32_t
greeter_before(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    (void)self;
    if (http->header(req, "X-Closed") == NULL)
        return CAIRN_FILTER_PASS;
    cairn_fail(&err, CAIRN_DENIED, "Come again in the morning.");
    http->fault(req, 403, &err);
    return CAIRN_FILTER_REPLIED;
}

static void
greeter_after(void *self, const struct cairn_http *http, struct cairn_request *req)
{
    const struct greeter *greeter = self;

    http->set_reply_header(req, "X-Greeting", greeter->greeting);
}

static const struct cairn_filter_plugin greeter_filter = {
    CAIRN_DRIVER_HEAD(CAIRN_FILTER, "greeter", struct cairn_filter_plugin),
    .version = "1.0",
    .description = "greets",
    .threads = CAIRN_THREADS_PARALLEL,
    .keys = greeter_keys,
    .configure = greeter_configure,
    .destroy = free,
    .before = greeter_before,
    .after = greeter_after,
};
CAIRN_DRIVER_EXPORT(greeter_filter)
