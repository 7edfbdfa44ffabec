/* ip.c: arithmetic of addresses. */
#include <config.h>
#include "network/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "base/str.h"

int
ip_parse(const char *text, struct ip *ret)
{
    unsigned char bytes[16];
    int len = 4;

    if (inet_pton(AF_INET, text, bytes) == 1)
        ret->version = 4;
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        ret->version = 6;
    else
        return -1;
    if (ret->version == 6)
        len = 16;
    ret->n = 0;
    for (int i = 0; i < len; i++)
        ret->n = ret->n << 8 | bytes[i];
    return 0;
}

char *
ip_text(int version, ip_number n, char buf[ADDRESS_TEXT])
{
    unsigned char bytes[16];
    int len = version == 4 ? 4 : 16;

    for (int i = len - 1; i >= 0; i--, n >>= 8)
        bytes[i] = (unsigned char)(n & 0xff);
    inet_ntop(version == 4 ? AF_INET : AF_INET6, bytes, buf, ADDRESS_TEXT);
    return buf;
}

int
prefix_parse(const char *text, struct prefix *ret)
{
    char address[ADDRESS_TEXT];
    const char *slash = strchr(text, '/');
    ip_number mask;
    struct ip ip;
    int64_t len;
    int bits;

    snprintf(address, sizeof address, "%.*s", slash != NULL ? (int)(slash - text) : (int)sizeof address - 1, text);
    if (ip_parse(address, &ip) < 0)
        return -1;
    bits = ip.version == 4 ? 32 : 128;
    len = bits;
    if (slash != NULL && str_to_int(slash + 1, 0, bits, &len) < 0)
        return -1;
    mask = len == bits ? 0 : bits - len == 128 ? ~(ip_number)0 : ((ip_number)1 << (bits - len)) - 1;
    *ret = (struct prefix){ .version = ip.version, .len = (int)len, .first = ip.n & ~mask, .last = ip.n | mask };
    return 0;
}

int
prefix_has(const struct prefix *p, const struct ip *ip)
{
    return ip->version == p->version && ip->n >= p->first && ip->n <= p->last;
}

int
prefix_overlap(const struct prefix *a, const struct prefix *b)
{
    return a->version == b->version && a->first <= b->last && b->first <= a->last;
}

void
prefix_hosts(const struct prefix *p, ip_number *ret_first, ip_number *ret_last)
{
    int bits = p->version == 4 ? 32 : 128;

    *ret_first = p->len < bits - 1 ? p->first + 1 : p->first;
    *ret_last = p->version == 4 && p->len < bits - 1 ? p->last - 1 : p->last;
}

ip_number
prefix_eui64(const struct prefix *p, const char *mac)
{
    unsigned b[6] = { 0 };
    ip_number n;

    if (sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
        return p->first;
    n = (ip_number)(b[0] ^ 2u) << 56 | (ip_number)b[1] << 48 | (ip_number)b[2] << 40 | (ip_number)0xfffe << 24 | (ip_number)b[3] << 16
        | (ip_number)b[4] << 8 | b[5];
    return (p->first & ~(ip_number)UINT64_MAX) | n;
}
