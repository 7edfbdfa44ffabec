/* error.c: names and texts of the error codes, from the one list in <cairn/error.h>. */
#include <config.h>
#include "base/error.h"

struct code {
    uint32_t number;
    const char *name, *text;
};

static const struct code codes[] = {
#define X(name, number, text) { number, #name, text },
    CAIRN_ERROR_CODES(X)
#undef X
};

static const struct code *
find(uint32_t number)
{
    static const struct code unknown = { 0, "?", "an unknown error" };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].number == number)
            return &codes[i];
    return &unknown;
}

const char *
error_code_name(uint32_t code)
{
    return find(code)->name;
}

const char *
error_code_text(uint32_t code)
{
    return find(code)->text;
}
