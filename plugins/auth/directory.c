/* directory.c: see directory.h. */
#define _GNU_SOURCE
#include "directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int
failed(struct cairn_error *err, const struct directory *dir, int rc, const char *what)
{
    switch (rc) {
    case LDAP_INVALID_CREDENTIALS: case LDAP_INAPPROPRIATE_AUTH: case LDAP_INSUFFICIENT_ACCESS: case LDAP_UNWILLING_TO_PERFORM: case LDAP_NO_SUCH_OBJECT:
    case LDAP_INVALID_DN_SYNTAX: case LDAP_CONSTRAINT_VIOLATION:
        return cairn_fail(err, CAIRN_DENIED, "%s at '%s': %s", what, dir->url, ldap_err2string(rc));
    case LDAP_FILTER_ERROR: case LDAP_PARAM_ERROR: case LDAP_PROTOCOL_ERROR:
        return cairn_fail(err, CAIRN_INTERNAL, "%s at '%s': %s", what, dir->url, ldap_err2string(rc));
    default:
        return cairn_fail(err, CAIRN_UNAVAILABLE, "%s at '%s': %s", what, dir->url, ldap_err2string(rc));
    }
}

static int
connect_to(const struct directory *dir, LDAP **ret, struct cairn_error *err)
{
    struct timeval patience = { .tv_sec = dir->timeout_ms / 1000, .tv_usec = dir->timeout_ms % 1000 * 1000 };
    int version = LDAP_VERSION3, no = 0, rc = ldap_initialize(ret, dir->url);

    if (rc != LDAP_SUCCESS)
        return cairn_fail(err, CAIRN_INVALID, "url '%s': %s", dir->url, ldap_err2string(rc));
    ldap_set_option(*ret, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(*ret, LDAP_OPT_NETWORK_TIMEOUT, &patience);
    ldap_set_option(*ret, LDAP_OPT_TIMEOUT, &patience);
    ldap_set_option(*ret, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);    /* nobody sends our password elsewhere */
    ldap_set_option(*ret, LDAP_OPT_RESTART, LDAP_OPT_ON);
    ldap_set_option(*ret, LDAP_OPT_X_TLS_REQUIRE_CERT, &dir->require_cert);
    if (dir->ca_file != NULL)
        ldap_set_option(*ret, LDAP_OPT_X_TLS_CACERTFILE, dir->ca_file);
    ldap_set_option(*ret, LDAP_OPT_X_TLS_NEWCTX, &no);          /* the options above count from here on */
    if (dir->start_tls && (rc = ldap_start_tls_s(*ret, NULL, NULL)) != LDAP_SUCCESS) {
        ldap_unbind_ext_s(*ret, NULL, NULL);
        return failed(err, dir, rc == LDAP_PROTOCOL_ERROR ? LDAP_CONNECT_ERROR : rc, "StartTLS");
    }
    return 0;
}

static int
bind_as(LDAP *ld, const char *dn, const char *secret)
{
    struct berval cred = { .bv_len = secret != NULL ? strlen(secret) : 0, .bv_val = (char *)(uintptr_t)(secret != NULL ? secret : "") };

    return ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &cred, NULL, NULL, NULL);
}

int
directory_open(const struct directory *dir, LDAP **ret, struct cairn_error *err)
{
    LDAP *ld = NULL;
    int rc;

    if (connect_to(dir, &ld, err) < 0)
        return -1;
    rc = bind_as(ld, dir->user, dir->user != NULL ? dir->password : NULL);
    if (rc != LDAP_SUCCESS) {
        ldap_unbind_ext_s(ld, NULL, NULL);
        /* Our own account is refused: the operator's matter, and no user's password is wrong for it. */
        return cairn_fail(err, CAIRN_UNAVAILABLE, "cannot log in at '%s' as '%s': %s", dir->url, dir->user != NULL ? dir->user : "anybody", ldap_err2string(rc));
    }
    *ret = ld;
    return 0;
}

int
directory_bind(const struct directory *dir, const char *dn, const char *secret, struct cairn_error *err)
{
    LDAP *ld = NULL;
    int rc;

    if (secret[0] == '\0')              /* servers call that an anonymous success */
        return cairn_fail(err, CAIRN_DENIED, "an empty password opens nothing");
    if (connect_to(dir, &ld, err) < 0)
        return -1;
    rc = bind_as(ld, dn, secret);
    ldap_unbind_ext_s(ld, NULL, NULL);
    return rc == LDAP_SUCCESS ? 0 : failed(err, dir, rc, "login");
}

static int
walk(LDAP *ld, LDAPMessage *result, int (*fn)(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err), void *arg, struct cairn_error *err)
{
    int rc = 0;

    for (LDAPMessage *e = ldap_first_entry(ld, result); e != NULL && rc == 0; e = ldap_next_entry(ld, e))
        rc = fn(arg, ld, e, err);
    return rc;
}

/* The server's cookie for the next page into 'cookie'; empty: this was the last. */
static void
next_page(LDAP *ld, LDAPMessage *result, struct berval *cookie)
{
    LDAPControl **controls = NULL, *page;
    ber_int_t estimate;
    int code;

    ber_memfree(cookie->bv_val);
    *cookie = (struct berval){ 0 };
    if (ldap_parse_result(ld, result, &code, NULL, NULL, NULL, &controls, 0) != LDAP_SUCCESS || controls == NULL)
        return;
    page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
    if (page != NULL && ldap_parse_pageresponse_control(ld, page, &estimate, cookie) != LDAP_SUCCESS)
        *cookie = (struct berval){ 0 };
    ldap_controls_free(controls);
}

int
directory_search(const struct directory *dir, LDAP *ld, const char *base, const char *filter, const char *const *attrs,
                 int (*fn)(void *arg, LDAP *ld, LDAPMessage *entry, struct cairn_error *err), void *arg, struct cairn_error *err)
{
    struct timeval patience = { .tv_sec = dir->timeout_ms / 1000, .tv_usec = dir->timeout_ms % 1000 * 1000 };
    struct berval cookie = { 0 };
    int rc = 0;

    do {
        LDAPControl *page = NULL, *controls[2] = { NULL, NULL };
        LDAPMessage *result = NULL;

        if (dir->page_size > 0 && ldap_create_page_control(ld, dir->page_size, &cookie, 0, &page) == LDAP_SUCCESS)
            controls[0] = page;
        rc = ldap_search_ext_s(ld, base, dir->scope, filter, (char **)(uintptr_t)attrs, 0, controls, NULL, &patience, LDAP_NO_LIMIT, &result);
        if (page != NULL)
            ldap_control_free(page);
        if (rc == LDAP_SUCCESS) {
            next_page(ld, result, &cookie);
            rc = walk(ld, result, fn, arg, err);
        } else if (rc == LDAP_NO_SUCH_OBJECT) {
            rc = cairn_fail(err, CAIRN_NOT_FOUND, "'%s' has no '%s'", dir->url, base);
        } else {
            rc = failed(err, dir, rc, "search");
            if (err != NULL && err->code == CAIRN_DENIED)
                err->code = CAIRN_UNAVAILABLE;      /* what is denied is ours, not a user's */
        }
        ldap_msgfree(result);
    } while (rc == 0 && cookie.bv_len > 0);
    ber_memfree(cookie.bv_val);
    return rc < 0 ? -1 : 0;
}

char *
directory_equals(const char *attr, const char *value)
{
    struct berval in = { .bv_len = strlen(value), .bv_val = (char *)(uintptr_t)value }, out = { 0 };
    char *text = NULL;

    if (ldap_bv2escaped_filter_value(&in, &out) != 0 || asprintf(&text, "(%s=%s)", attr, out.bv_val != NULL ? out.bv_val : "") < 0)
        abort();
    ber_memfree(out.bv_val);
    return text;
}

char *
directory_filter(const char *objectclass, const char *filter, const char *more)
{
    char *text;

    if (asprintf(&text, "(&(objectClass=%s)%s%s)", objectclass, filter != NULL ? filter : "", more != NULL ? more : "") < 0)
        abort();
    return text;
}

int
directory_value(LDAP *ld, LDAPMessage *entry, const char *attr, char *buf, size_t size)
{
    struct berval **values = ldap_get_values_len(ld, entry, attr);
    int ok = values != NULL && values[0] != NULL && values[0]->bv_len < size && memchr(values[0]->bv_val, '\0', values[0]->bv_len) == NULL;

    buf[0] = '\0';
    if (ok) {
        memcpy(buf, values[0]->bv_val, values[0]->bv_len);
        buf[values[0]->bv_len] = '\0';
    }
    ldap_value_free_len(values);
    return ok;
}
