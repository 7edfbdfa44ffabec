/* nft.c: hands a script to nftables: in process by libnftables where the driver was built with it, else by a child.
 *
 * In process is not only cheaper than a child: the kernel makes whoever closes a socket that changed rules wait for an RCU grace period,
 * 10 ms and more for each child; ours stays open. */
#include "linuxbridge.h"

#ifdef HAVE_LIBNFTABLES
#include <nftables/libnftables.h>
#include <pthread.h>

/* libnftables does not promise that two contexts may work at once.  Held for one transaction; taken last. */
static pthread_mutex_t nft_lock = PTHREAD_MUTEX_INITIALIZER;

int
nft_start(struct lb *lb, struct cairn_error *err)
{
    struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

    if (ctx == NULL || nft_ctx_buffer_output(ctx) != 0 || nft_ctx_buffer_error(ctx) != 0) {
        if (ctx != NULL)
            nft_ctx_free(ctx);
        return cairn_fail(err, CAIRN_UNAVAILABLE, "cannot start libnftables");
    }
    lb->nft = ctx;
    return 0;
}

void
nft_stop(struct lb *lb)
{
    if (lb->nft != NULL)
        nft_ctx_free(lb->nft);
    lb->nft = NULL;
}

int
nft_run(const struct lb *lb, const struct lb_text *script, char **ret_output, struct cairn_error *err)
{
    char *output = NULL;
    int rc = -1;

    if (lb->nft == NULL)
        return cairn_fail(err, CAIRN_UNAVAILABLE, "the driver was not started");
    if (lb_text_done(script, err) < 0)
        return -1;
    pthread_mutex_lock(&nft_lock);
    if (nft_run_cmd_from_buffer(lb->nft, script->buf) == 0)
        rc = 0;
    else {
        const char *why = nft_ctx_get_error_buffer(lb->nft);
        const char *error = strstr(why, "Error: ");

        error = error != NULL ? error + 7 : why;
        cairn_fail(err, CAIRN_INTERNAL, "nftables: %.*s", (int)strcspn(error, "\n"), error);
    }
    if (rc == 0 && ret_output != NULL && (output = strdup(nft_ctx_get_output_buffer(lb->nft))) == NULL)
        rc = cairn_fail(err, CAIRN_UNAVAILABLE, "out of memory");
    pthread_mutex_unlock(&nft_lock);
    if (rc == 0 && ret_output != NULL)
        *ret_output = output;
    return rc;
}

#else

int
nft_start(struct lb *lb, struct cairn_error *err)
{
    static const char *const argv[] = { "nft", "--version", NULL };

    return lb_run(lb, NULL, argv, NULL, 0, NULL, err) < 0 ? cairn_error_context(err, "nftables is needed") : 0;
}

void
nft_stop(struct lb *lb)
{
    (void)lb;
}

int
nft_run(const struct lb *lb, const struct lb_text *script, char **ret_output, struct cairn_error *err)
{
    static const char *const argv[] = { "nft", "-f", "-", NULL };

    return lb_text_done(script, err) < 0 ? -1 : lb_run(lb, NULL, argv, script->buf, script->len, ret_output, err);
}
#endif
