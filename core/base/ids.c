/* ids.c: identifiers from the kernel's random numbers. */
#include <config.h>
#include "base/ids.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"

static const char hex[] = "0123456789abcdef";

void
id_random(void *buf, size_t len)
{
    unsigned char *p = buf;

    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort();        /* a kernel without random numbers: nothing here would be safe */
        p += n;
        len -= (size_t)n;
    }
}

static void
write_uuid(unsigned char b[16], char *p)
{
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[b[i] >> 4];
        *p++ = hex[b[i] & 15];
    }
    *p = '\0';
}

void
id_uuid(char buf[ID_UUID])
{
    unsigned char b[16];

    id_random(b, sizeof b);
    write_uuid(b, buf);
}

void
id_hex(char buf[ID_HEX])
{
    unsigned char b[16];

    id_random(b, sizeof b);
    for (int i = 0; i < 16; i++) {
        buf[2 * i] = hex[b[i] >> 4];
        buf[2 * i + 1] = hex[b[i] & 15];
    }
    buf[32] = '\0';
}

/* Every request takes one, so each thread has random numbers in store for some. */
void
id_request(char buf[ID_REQUEST])
{
    static _Thread_local unsigned char store[32][16];
    static _Thread_local unsigned left;

    if (left == 0) {
        id_random(store, sizeof store);
        left = ARRAY_LEN(store);
    }
    memcpy(buf, "req-", 4);
    write_uuid(store[--left], buf + 4);
}

void
id_mac(const char *prefix, char buf[ID_MAC])
{
    unsigned char b[6];

    id_random(b, sizeof b);
    snprintf(buf, ID_MAC, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    for (size_t i = 0; i < ID_MAC - 1 && prefix[i] != '\0'; i++)
        buf[i] = prefix[i];
}

int
id_is_uuid(const char *text)
{
    if (text == NULL)
        return 0;
    for (int i = 0; i < 36; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return 0;
    }
    return text[36] == '\0';
}

int
id_is_hex32(const char *text)
{
    if (text == NULL)
        return 0;
    for (int i = 0; i < 32; i++)
        if (!isxdigit((unsigned char)text[i]))
            return 0;
    return text[32] == '\0';
}
