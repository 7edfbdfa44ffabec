/* sessions.h: checking tokens, fast: what a token stood for is remembered until anything about identity changes.
 *
 * The table is fixed and only holds tokens that proved good, so nobody can make it grow.  Every identity transaction advances a
 * generation (in this process at commit; in the catalog's settings for others) and an answer of an older generation is never used.
 * Any thread. */
#ifndef IDENTITY_SESSIONS_H
#define IDENTITY_SESSIONS_H
#include "base/str.h"
#include "catalog/catalog.h"
#include "identity/keys.h"
#include "rest/auth.h"

#define SESSION_POLL_MS 1000            /* how late another process's change may be noticed */
#define EXPIRED_WINDOW_US (INT64_C(48) * 3600 * 1000000)       /* services may look at tokens that expired within it */

int sessions_open(struct catalog *catalog, struct key_ring *ring, int64_t lifetime_us, struct cairn_error *err);
void sessions_close(void);
/* As identity_authenticate().  'allow_expired': tokens that ran out within EXPIRED_WINDOW_US are told, too. */
int session_check(const char *token, int allow_expired, struct auth **ret, struct cairn_error *err);
/* The rendered description of a token; 'who' is what session_check() just gave.  If it is still there: appends it to 'out' and answers 1. */
int session_text(const struct auth *who, struct str *out);
/* Remembers it; 'who' is what session_check() gave, and the text was made after that. */
void session_keep_text(const struct auth *who, const char *text);
int sessions_changed(struct tx *tx, struct cairn_error *err);
void sessions_refresh(void);
void sessions_metrics(struct str *out);
#endif
