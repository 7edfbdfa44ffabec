/* debug.h: makes a debug driver of a fake one: what the core must survive.
 *
 * Each operation runs as the fake's does (which may fail, take its time or hang: sim.h); then its answer comes late, or is rubbish: structs
 * full of 0xee with strings that do not end, handles of bytes that no handle has, NULL pointers, errors without a code that exists. */
#ifndef DRIVERS_FAKE_DEBUG_H
#define DRIVERS_FAKE_DEBUG_H
#include "fake/sim.h"

/* X(operation, parameters, arguments, how to spoil an answer): one line makes one wrapper. */
#define DEBUG_WRAPPER(op, params, args, spoil)                                                         \
    static int debug_##op params                                                                       \
    {                                                                                                  \
        int rc = DEBUG_FAKE.op args;                                                                   \
                                                                                                       \
        if (sim_after(((struct sim_instance *)self)->sim, #op)) {                                      \
            spoil;                                                                                     \
        }                                                                                              \
        return rc;                                                                                     \
    }
#define DEBUG_FILL(op, params, args, spoil) DEBUG_TABLE.op = debug_##op;

/* -- ways to spoil -- */
static inline int
debug_odd_error(struct cairn_error *err)
{
    if (err != NULL) {
        memset(err, 0xee, sizeof *err);
        err->code = 4711;
    }
    return -1;
}
#define SPOIL_ERROR rc = debug_odd_error(err)
#define SPOIL_STRUCT(p) memset(p, 0xee, sizeof *(p)), rc = 0
#define SPOIL_TEXT(buf, size) memset(buf, '/', size), rc = 0
/* The list goes on with an element that nobody made. */
#define SPOIL_LIST(type)                                                                               \
    type item_;                                                                                        \
    memset(&item_, 0xee, sizeof item_);                                                                \
    ((struct sim_instance *)self)->host->emit(sink, &item_)
#endif
