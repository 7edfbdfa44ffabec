/* address.c: canonical text of addresses. */
#include <config.h>
#include "rest/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/str.h"

static int
parse(const char *text, unsigned char bytes[16], int *ret_family)
{
    if (inet_pton(AF_INET, text, bytes) == 1)
        *ret_family = 4;
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *ret_family = 6;
    else
        return -1;
    return 0;
}

static void
print(const unsigned char bytes[16], int family, char ret[ADDRESS_TEXT])
{
    inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, ret, ADDRESS_TEXT);
}

int
address_ip(const char *text, char ret[ADDRESS_TEXT], int *ret_family)
{
    unsigned char bytes[16];

    if (parse(text, bytes, ret_family) < 0)
        return -1;
    print(bytes, *ret_family, ret);
    return 0;
}

int
address_cidr(const char *text, int lax, char ret[ADDRESS_TEXT], char hint[ADDRESS_TEXT])
{
    const char *slash = strchr(text, '/');
    unsigned char bytes[16], network[16];
    char address[ADDRESS_TEXT];
    int64_t prefix;
    int family, bits;

    hint[0] = '\0';
    if (slash != NULL && (size_t)(slash - text) >= sizeof address)
        return -1;
    snprintf(address, sizeof address, "%.*s", slash != NULL ? (int)(slash - text) : (int)sizeof address - 1, text);
    if (parse(address, bytes, &family) < 0)
        return -1;
    bits = family == 4 ? 32 : 128;
    prefix = bits;
    if (slash != NULL && (!isdigit((unsigned char)slash[1]) || str_to_int(slash + 1, 0, bits, &prefix) < 0))
        return -1;
    memcpy(network, bytes, sizeof network);
    for (int i = (int)prefix; i < bits; i++)
        network[i / 8] &= (unsigned char)~(0x80u >> (i % 8));
    print(network, family, address);
    snprintf(ret, ADDRESS_TEXT, "%.45s/%u", address, (unsigned)(prefix & 0xff));
    if (!lax && (slash == NULL || memcmp(network, bytes, (size_t)bits / 8) != 0)) {
        memcpy(hint, ret, ADDRESS_TEXT);
        return -1;
    }
    return 0;
}

int
address_mac(const char *text, char ret[ADDRESS_TEXT])
{
    size_t digits = 0, out = 0, since = 0;
    int separators = strchr(text, ':') != NULL || strchr(text, '-') != NULL;

    for (; *text != '\0'; text++) {
        if (*text == ':' || *text == '-') {
            if (since != 2)
                return -1;
            since = 0;
            continue;
        }
        if (!isxdigit((unsigned char)*text) || digits == 12 || (separators && since == 2))
            return -1;
        if (digits > 0 && digits % 2 == 0)
            ret[out++] = ':';
        ret[out++] = (char)tolower((unsigned char)*text);
        digits++;
        since++;
    }
    ret[out] = '\0';
    return digits == 12 && (!separators || since == 2) ? 0 : -1;
}
