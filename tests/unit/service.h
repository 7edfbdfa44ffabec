/* service.h: a service behind a wire without sockets, and four people who ask it: an administrator, a member and a reader of one project, and a
 * stranger of another. */
#ifndef TESTS_UNIT_SERVICE_H
#define TESTS_UNIT_SERVICE_H
#include "unit_cloud.h"
#include "rest_wire.h"

#define P0 "00000000000000000000000000000000"      /* the administrator's project */
#define P1 "11111111111111111111111111111111"      /* the member's and the reader's */
#define P2 "22222222222222222222222222222222"      /* the stranger's */

extern struct rest_env env;
extern struct auth *admin, *member, *reader, *stranger;

/* The environment and the people.  It has what unit_cloud.h opened before; without that, a catalog in memory. */
void service_begin(void);
/* An application of the service; it lives until service_end(). */
struct http_app *service_app(const struct rest_service *service);
/* unit_end() included, if unit_begin() was. */
void service_end(void);

#define ASSERT_STATUS(r, want) do { const struct wire_reply *s_ = (r); \
    ck_assert_msg(s_->status == (want), "status %d, want %d: %s", s_->status, (want), s_->text); } while (0)
#endif
