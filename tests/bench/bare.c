/* bare.c: the peer of the token benchmark: a libmicrohttpd handler that sends a fixed file's bytes, nothing else.
 *
 *     bare THREADS FILE HEADER=VALUE...      prints its port, and runs until its standard input ends */
#include <config.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *response;

static enum MHD_Result
answer(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *upload, size_t *upload_size,
       void **state)
{
    (void)arg, (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    if (*state == NULL) {       /* the head only: a reply now would end the connection */
        *state = &response;
        return MHD_YES;
    }
    return MHD_queue_response(c, MHD_HTTP_OK, response);
}

int
main(int argc, char **argv)
{
    static char bytes[1 << 20];
    struct MHD_Daemon *d;
    char rest[64];
    FILE *f;
    size_t len;

    if (argc < 3 || (f = fopen(argv[2], "rb")) == NULL) {
        fprintf(stderr, "usage: bare THREADS FILE [HEADER=VALUE]...\n");
        return 2;
    }
    len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    response = MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_PERSISTENT);
    for (int i = 3; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (value == NULL)
            return 2;
        *value++ = '\0';
        MHD_add_response_header(response, argv[i], value);
    }
    d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)atoi(argv[1]),
                         MHD_OPTION_END);
    if (d == NULL) {
        perror("bare");
        return 1;
    }
    printf("%u\n", (unsigned)MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (read(STDIN_FILENO, rest, sizeof rest) > 0)
        ;
    MHD_stop_daemon(d);
    MHD_destroy_response(response);
    return 0;
}
