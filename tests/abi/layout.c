/* layout.c: nothing of driver ABI 1 has moved: a driver that was built for it finds every field, operation and number where it was. */
#include <cairn/auth.h>
#include <cairn/compute.h>
#include <cairn/connection.h>
#include <cairn/filter.h>
#include <cairn/network.h>
#include <cairn/scheduler.h>
#include <cairn/storage.h>

#include "layout_v1.h"

static const struct {
    const char *what, *field;
    uint64_t was, is;
    int may_grow;
} facts[] = {
#define S(type, bytes) { "struct " #type, "", bytes, sizeof(struct type), 1 },
#define F(type, field, offset) { "struct " #type, "." #field, offset, offsetof(struct type, field), 0 },
#define N(constant, value) { #constant, "", value, (uint64_t)(constant), 0 },
    ABI_V1_LAYOUT
    ABI_V1_NUMBERS
};

int
main(void)
{
    size_t count = sizeof facts / sizeof facts[0];
    int moved = 0;

    if (sizeof(void *) != 8 || sizeof(long) != 8) {
        printf("the table is for machines with pointers and longs of 64 bits\n");
        return 77;
    }
    for (size_t i = 0; i < count; i++) {
        if (facts[i].is == facts[i].was || (facts[i].may_grow && facts[i].is > facts[i].was))
            continue;
        printf("%s%s was %llu and is %llu\n", facts[i].what, facts[i].field, (unsigned long long)facts[i].was, (unsigned long long)facts[i].is);
        moved++;
    }
    printf("%zu facts, %d moved\n", count, moved);
    return moved > 0;
}
