/* fetch.c: cairn-fetch: writes what a URI names to its standard output, for cairnd's import of images from the web; or puts there what stands on
 * its standard input (--method), for container sync.
 *
 * A program of its own, so that neither libcurl nor what a stranger's server says comes near the daemon.  Every address is judged at the moment of
 * the connection to it, so that a name that means something else the second time gains nothing; every redirect is judged like the first URI. */
#include <config.h>
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOBODY 65534
#define REDIRECTS_MAX 5

static struct {
    const char *schemes, *ports, *hosts, *hosts_refused, *networks;     /* comma separated; hosts and networks "": none */
    long timeout_s;
    uint64_t max, written;
    const char *method;                 /* NULL: GET, with redirects */
    curl_off_t size;                    /* of the body that is sent */
    char why[300];                      /* what we refused */
} o = { .schemes = "http,https", .ports = "80,443", .hosts = "", .hosts_refused = "", .networks = "", .timeout_s = 3600, .max = UINT64_MAX };

static int
in_list(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == len && strncasecmp(at, word, len) == 0)
            return 1;
    return 0;
}

/* --- addresses, all as IPv6 */

static int
prefix_is(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    return memcmp(a, b, bytes) == 0 && (rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0);
}

/* "10.0.0.0/8" or "fd00::/8" to a prefix of IPv6; -1: it is neither. */
static int
parse_network(const char *text, size_t len, unsigned char ret[16], unsigned *ret_bits)
{
    char buf[64], *slash;
    struct in_addr v4;
    int is4;

    if (len >= sizeof buf)
        return -1;
    memcpy(buf, text, len);
    buf[len] = '\0';
    slash = strchr(buf, '/');
    if (slash != NULL)
        *slash = '\0';
    is4 = inet_pton(AF_INET, buf, &v4) == 1;
    if (is4) {
        memcpy(ret, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
        memcpy(ret + 12, &v4, 4);
    } else if (inet_pton(AF_INET6, buf, ret) != 1) {
        return -1;
    }
    *ret_bits = slash != NULL ? (unsigned)strtoul(slash + 1, NULL, 10) + (is4 ? 96 : 0) : 128;
    return *ret_bits <= 128 ? 0 : -1;
}

static int
in_networks(const char *list, const unsigned char a[16])
{
    unsigned char net[16];
    unsigned bits;

    for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (parse_network(at, strcspn(at, ","), net, &bits) == 0 && prefix_is(a, net, bits))
            return 1;
    return 0;
}

/* Whatever is not an address of the public internet: this machine, its neighbours, metadata services, translations of those. */
static const char not_public[] =
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,"
    "198.51.100.0/24,203.0.113.0/24,224.0.0.0/3,::/96,64:ff9b::/32,100::/64,2001::/23,2001:db8::/32,2002::/16,3fff::/20,5f00::/16,fc00::/7,fe80::/9,ff00::/8";

static int
address_ok(const struct sockaddr *sa)
{
    unsigned char a[16];

    if (sa->sa_family == AF_INET) {
        memcpy(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
        memcpy(a + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        memcpy(a, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    } else {
        return 0;
    }
    return in_networks(o.networks, a) || !in_networks(not_public, a);
}

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
    char text[INET6_ADDRSTRLEN] = "?";

    (void)arg;
    (void)purpose;
    if (address_ok(&sa->addr))
        return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
    if (sa->family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)&sa->addr)->sin_addr, text, sizeof text);
    else if (sa->family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)&sa->addr)->sin6_addr, text, sizeof text);
    snprintf(o.why, sizeof o.why, "the host's address %s is not one that images may come from", text);
    return CURL_SOCKET_BAD;
}

/* --- URIs */

static int
uri_ok(const char *uri)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
    int ok = 0;

    if (curl_url_set(u, CURLUPART_URL, uri, 0) != CURLUE_OK || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        snprintf(o.why, sizeof o.why, "it is not a URI that can be fetched");
    else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
        snprintf(o.why, sizeof o.why, "a URI with a user's name is not fetched");
    else if (!in_list(o.schemes, scheme))
        snprintf(o.why, sizeof o.why, "scheme '%.20s' is not allowed", scheme);
    else if (!in_list(o.ports, port))
        snprintf(o.why, sizeof o.why, "port %.10s is not allowed", port);
    else if ((o.hosts[0] != '\0' && !in_list(o.hosts, host)) || in_list(o.hosts_refused, host))
        snprintf(o.why, sizeof o.why, "host '%.80s' is not allowed", host);
    else
        ok = 1;
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_url_cleanup(u);
    return ok;
}

/* --- the fetch */

static size_t
take(char *bytes, size_t size, size_t n, void *arg)
{
    CURL *curl = arg;
    size_t len = size * n, done = 0;
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300)
        return len;                     /* what a redirect says beside its Location */
    if (len > o.max - o.written) {
        snprintf(o.why, sizeof o.why, "it is larger than %" PRIu64 " bytes", o.max);
        return 0;
    }
    while (done < len) {
        ssize_t w = write(STDOUT_FILENO, bytes + done, len - done);

        if (w < 0 && errno != EINTR)
            return 0;
        done += w > 0 ? (size_t)w : 0;
    }
    o.written += len;
    return len;
}

static size_t
forget(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes, (void)arg;
    return size * n;
}

static int
fetch(const char *first)
{
    CURL *curl = curl_easy_init();
    char text[CURL_ERROR_SIZE] = "", *uri = strdup(first), *next = NULL;
    CURLcode rc = CURLE_FAILED_INIT;

    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, curl);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, o.timeout_s);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 100L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 262144L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "cairn");
    for (int i = 0; i <= REDIRECTS_MAX && uri != NULL; i++) {
        rc = CURLE_ABORTED_BY_CALLBACK;
        if (!uri_ok(uri))
            break;
        curl_easy_setopt(curl, CURLOPT_URL, uri);
        rc = curl_easy_perform(curl);
        if (rc != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &next) != CURLE_OK || next == NULL) {
            free(uri);
            uri = NULL;
            break;
        }
        free(uri);
        uri = strdup(next);
        rc = CURLE_TOO_MANY_REDIRECTS;
    }
    free(uri);
    curl_easy_cleanup(curl);
    if (rc == CURLE_OK)
        return 0;
    fprintf(stderr, "%s\n", o.why[0] != '\0' ? o.why : text[0] != '\0' ? text : curl_easy_strerror(rc));
    return 1;
}

/* Standard input is lines of headers, an empty line, then the body.  The status goes to standard output. */
static int
push(const char *uri)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    char text[CURL_ERROR_SIZE] = "", line[16384];
    CURLcode rc = CURLE_ABORTED_BY_CALLBACK;
    long status = 0;
    int ok = uri_ok(uri);

    while (fgets(line, sizeof line, stdin) != NULL && line[0] != '\n') {
        size_t len = strcspn(line, "\n");
        size_t name = strcspn(line, ":");

        line[len] = '\0';
        if (name + 1 < len && line[name + 1 + strspn(line + name + 1, " ")] == '\0') {  /* an empty value, as curl writes it */
            line[name] = ';';
            line[name + 1] = '\0';
        }
        headers = curl_slist_append(headers, line);
    }
    curl_easy_setopt(curl, CURLOPT_URL, uri);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, o.method);
    if (strcmp(o.method, "PUT") == 0) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, o.size);
        curl_easy_setopt(curl, CURLOPT_READDATA, stdin);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, forget);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, o.timeout_s);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "cairn");
    if (ok)
        rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (rc == CURLE_OK)
        return printf("%ld\n", status) > 0 ? 0 : 1;
    fprintf(stderr, "%s\n", o.why[0] != '\0' ? o.why : text[0] != '\0' ? text : curl_easy_strerror(rc));
    return 1;
}

/* No privileges, no files, little memory. */
static void
confine(void)
{
    const struct rlimit none = { 0, 0 }, files = { 64, 64 };

    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NOFILE, &files);
#ifndef __SANITIZE_ADDRESS__            /* which maps terabytes */
    setrlimit(RLIMIT_AS, &(const struct rlimit){ 512u << 20, 512u << 20 });
#endif
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)) {
        fprintf(stderr, "cannot give up privileges: %s\n", strerror(errno));
        exit(1);
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static const char usage[] =
    "Usage: cairn-fetch [OPTION]... URI\n"
    "Writes what URI names to standard output; run by cairnd.\n"
    "\n"
    "      --schemes LIST        schemes that are allowed (http,https)\n"
    "      --ports LIST          ports that are allowed (80,443)\n"
    "      --hosts LIST          the only hosts that are allowed\n"
    "      --hosts-refused LIST  hosts that are not allowed\n"
    "      --networks LIST       networks that are allowed though they are not public: 10.1.0.0/16\n"
    "      --max BYTES           most bytes\n"
    "      --timeout SECONDS     most time\n"
    "      --method METHOD       PUT or DELETE, with the headers and the body of standard input\n"
    "      --size BYTES          of that body\n"
    "  -h, --help                this text\n";

int
main(int argc, char **argv)
{
    static const struct option longs[] = {
        { "schemes", required_argument, NULL, 's' }, { "ports", required_argument, NULL, 'p' }, { "hosts", required_argument, NULL, 'o' },
        { "hosts-refused", required_argument, NULL, 'r' }, { "networks", required_argument, NULL, 'n' }, { "max", required_argument, NULL, 'm' },
        { "timeout", required_argument, NULL, 't' }, { "method", required_argument, NULL, 'M' }, { "size", required_argument, NULL, 'S' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        switch (c) {
        case 's': o.schemes = optarg; break;
        case 'p': o.ports = optarg; break;
        case 'o': o.hosts = optarg; break;
        case 'r': o.hosts_refused = optarg; break;
        case 'n': o.networks = optarg; break;
        case 'm': o.max = strtoull(optarg, NULL, 10); break;
        case 'M': o.method = optarg; break;
        case 'S': o.size = (curl_off_t)strtoll(optarg, NULL, 10); break;
        case 't': o.timeout_s = strtol(optarg, NULL, 10); break;
        case 'h': fputs(usage, stdout); return 0;
        default: return 2;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return 2;
    }
    confine();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return o.method != NULL ? push(argv[optind]) : fetch(argv[optind]);
}
