/* base64.c: base64, in the common alphabet with padding (line breaks allowed when reading) or the URL-safe one without. */
#include <config.h>
#include "base/str.h"

#include <string.h>

static const char alphabet[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

char *
str_base64(const void *bytes, size_t len, int url)
{
    const char *digits = alphabet[url != 0];
    const unsigned char *in = bytes;
    char *text = xmalloc((len + 2) / 3 * 4 + 1), *out = text;

    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)in[i] << 16 | (have > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (have > 2 ? in[i + 2] : 0);

        for (size_t k = 0; k < 4; k++) {
            if (k <= have)
                *out++ = digits[group >> (18 - 6 * k) & 63];
            else if (!url)
                *out++ = '=';
        }
    }
    *out = '\0';
    return text;
}

static int
digit_value(unsigned char c, int url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    if (c == (url ? '_' : '/'))
        return 63;
    return -1;
}

/* Each byte string has one text only: bits left over must be 0, padding complete. */
unsigned char *
str_unbase64(const char *text, size_t len, int url, size_t *ret_len)
{
    CLEANUP_FREE unsigned char *bytes = xmalloc(len / 4 * 3 + 4);
    size_t out = 0, digits = 0, padding = 0;
    uint32_t group = 0;

    for (size_t i = 0; i < len; i++) {
        int value;

        if (!url && (text[i] == '\n' || text[i] == '\r'))
            continue;
        if (!url && text[i] == '=') {
            padding++;
            continue;
        }
        value = digit_value((unsigned char)text[i], url);
        if (value < 0 || padding > 0)
            return NULL;
        group = group << 6 | (uint32_t)value;
        if (++digits % 4 == 0) {
            bytes[out++] = (unsigned char)(group >> 16);
            bytes[out++] = (unsigned char)(group >> 8);
            bytes[out++] = (unsigned char)group;
            group = 0;
        }
    }
    switch (digits % 4) {
    case 1:
        return NULL;
    case 2:
        if ((group & 15) != 0)
            return NULL;
        bytes[out++] = (unsigned char)(group >> 4);
        break;
    case 3:
        if ((group & 3) != 0)
            return NULL;
        bytes[out++] = (unsigned char)(group >> 10);
        bytes[out++] = (unsigned char)(group >> 2);
        break;
    }
    if (!url && padding != (4 - digits % 4) % 4)
        return NULL;
    bytes[out] = '\0';
    *ret_len = out;
    return steal(&bytes);
}
