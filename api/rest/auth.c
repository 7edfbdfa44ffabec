/* auth.c: the reference count of who makes a request. */
#include <config.h>
#include "rest/auth.h"

#include <stdlib.h>
#include <strings.h>

struct auth *
auth_ref(struct auth *a)
{
    if (a != NULL)
        __atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
    return a;
}

void
auth_put(struct auth *a)
{
    if (a != NULL && __atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(a);
}

/* Role names are compared without case, as every service of this family does. */
int
auth_has_role(const struct auth *a, const char *name)
{
    for (unsigned i = 0; i < a->roles_count; i++)
        if (strcasecmp(a->roles[i], name) == 0)
            return 1;
    return 0;
}
