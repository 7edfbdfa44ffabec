/* check.h: the conformance kit for drivers, cairn-driver-check: what its parts share.
 *
 * The driver comes in by the daemon's own loader and is called through the daemon's own wrappers, so what passes here is what the daemon
 * will see.  A case is a function that calls and expects; the first expectation that does not hold ends it. */
#ifndef TESTS_DRIVERS_CHECK_H
#define TESTS_DRIVERS_CHECK_H
#include <cairn/connection.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/ids.h"
#include "base/str.h"
#include "plugin/plugin.h"

struct check {
    struct driver *d;
    uint32_t kind;
    uint64_t capabilities;
    const char *dir;            /* a scratch folder that is the kit's own */
    const char *image;          /* --image: a disk that boots, raw or qcow2; NULL: none */
    uint32_t image_format;
    const char *physical;       /* --physical: a physical network of this machine, or NULL */
    struct cairn_error err;     /* of the last call */
    jmp_buf out;                /* where a case ends early */
    char why[1400];             /* why it failed or is skipped */
};

struct check_case {
    const char *promise;        /* what the driver promises, as a sentence */
    void (*run)(struct check *c);
    size_t op;                  /* offset of an operation in the kind's table without which the case is skipped; 0: none */
};
struct check_kind {
    uint32_t kind;
    uint64_t simulated;         /* the kind's capability bit */
    const struct check_case *cases;     /* ends with promise == NULL */
};
extern const struct check_kind check_storage, check_compute, check_network;

_Noreturn void check_fail(struct check *c, const char *fmt, ...) CAIRN_PRINTF(2, 3);
_Noreturn void check_skip(struct check *c, const char *fmt, ...) CAIRN_PRINTF(2, 3);
void check_code(struct check *c, const char *call, int rc, uint32_t code);
int check_simulated(const struct check *c);
/* Is operation at this offset of the table there? */
int check_has(const struct check *c, size_t op);

/* EXPECT(OK, storage_volume_delete(c->d, ...)): the call must succeed, or fail with just that code and a message. */
#define EXPECT(code, ...) do { cairn_error_clear(&c->err); check_code(c, #__VA_ARGS__, (__VA_ARGS__), CAIRN_##code); } while (0)
#define REQUIRE(condition, ...) do { if (!(condition)) check_fail(c, __VA_ARGS__); } while (0)

/* Collects a list: how many elements, and how many have this text at the offset of a member. */
struct check_list {
    size_t offset;
    const char *text;
    unsigned total, matching;
    struct cairn_sink sink;
};
void check_list_init(struct check_list *list, size_t offset, const char *text);
#endif
