/* directory.h: an LDAP server as the plugin "ldap" speaks to it: connections, searches in pages, values. */
#ifndef LDAP_DIRECTORY_H
#define LDAP_DIRECTORY_H
#include <ldap.h>
#include <cairn/auth.h>

/* How to get there; immutable after configure().  Strings are borrowed from the host. */
struct directory {
    const char *url, *user, *password;  /* user NULL: anonymous */
    const char *ca_file;                /* NULL: the system's */
    int require_cert;                   /* LDAP_OPT_X_TLS_... */
    int start_tls;
    int scope;                          /* LDAP_SCOPE_... */
    int page_size;
    int timeout_ms;
};

/* Connected, and bound as the plugin's own user; ldap_unbind_ext_s() it.  CAIRN_UNAVAILABLE, CAIRN_DENIED (its own password is wrong). */
int directory_open(const struct directory *dir, LDAP **ret, struct cairn_error *err);
/* Is 'secret' what this entry opens with?  CAIRN_DENIED: no. */
int directory_bind(const struct directory *dir, const char *dn, const char *secret, struct cairn_error *err);
/* Calls fn for every entry below 'base', page by page, until it answers nonzero (-1 with 'err' set: a failure).  'attrs' ends with NULL. */
int directory_search(const struct directory *dir, LDAP *ld, const char *base, const char *filter, const char *const *attrs,
                     int (*fn)(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err), void *arg, struct cairn_error *err);
/* "(ATTR=VALUE)" with whatever is special in the value escaped; malloc'd. */
char *directory_equals(const char *attr, const char *value);
/* "(&(objectClass=CLASS)FILTER MORE)"; 'filter' and 'more' may be NULL; malloc'd. */
char *directory_filter(const char *objectclass, const char *filter, const char *more);
/* The first value of an attribute into 'buf'; 0: it has none, or one that does not fit or holds a NUL. */
int directory_value(LDAP *ld, LDAPMessage *entry, const char *attr, char *buf, size_t size);
#endif
