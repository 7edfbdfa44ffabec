/* cairn/error.h: the one error value of Cairn; part of the driver ABI, usable without linking to anything.
 *
 * The caller owns a struct cairn_error (usually on its stack) and passes it as the last parameter.  The function that
 * fails sets it where it knows most and returns -1; layers above may add context; nobody below the outermost logs it. */
#ifndef CAIRN_ERROR_H
#define CAIRN_ERROR_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CAIRN_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define CAIRN_PRINTF(fmt, first)
#endif

/* X(name, number, text): a code tells a program what to do.  Numbers are ABI: append only. */
#define CAIRN_ERROR_CODES(X)                                                                          \
    X(CAIRN_OK,              0, "no error")                                                           \
    X(CAIRN_INVALID,         1, "the request or a value in it is wrong")                              \
    X(CAIRN_NOT_FOUND,       2, "no such object (or not visible to the caller)")                      \
    X(CAIRN_EXISTS,          3, "there already, but different from what is asked")                    \
    X(CAIRN_CONFLICT,        4, "the object's present state forbids it")                              \
    X(CAIRN_DENIED,          5, "policy or permission forbids it")                                    \
    X(CAIRN_UNAUTHENTICATED, 6, "no valid credentials")                                               \
    X(CAIRN_OVER_QUOTA,      7, "the project's quota is used up")                                     \
    X(CAIRN_NO_SPACE,        8, "the pool, host or address range is full")                            \
    X(CAIRN_UNSUPPORTED,     9, "this driver or version cannot do it")                                \
    X(CAIRN_UNAVAILABLE,    10, "not now; worth a retry")                                             \
    X(CAIRN_TIMEOUT,        11, "a deadline passed")                                                  \
    X(CAIRN_CANCELLED,      12, "the user or the daemon called it off")                               \
    X(CAIRN_CORRUPT,        13, "stored data is damaged")                                             \
    X(CAIRN_INTERNAL,       14, "a fault of Cairn or of a driver")                                    \
    X(CAIRN_TOO_LARGE,      15, "the body or object exceeds a limit")                                 \
    X(CAIRN_RATE_LIMITED,   16, "too many requests; try later")                                       \
    X(CAIRN_NO_HOST,        17, "the scheduler found no host")                                        \
    X(CAIRN_NOT_ACCEPTABLE, 18, "the microversion or media type cannot be served")                    \
    X(CAIRN_GONE,           19, "this object or API existed once and is no more")

enum cairn_error_code {
#define X(name, number, text) name = number,
    CAIRN_ERROR_CODES(X)
#undef X
};

/* 'code' is an enum cairn_error_code, 'sys_errno' an errno or 0.  'tag' names the API's own fault when the code is not
 * precise enough ("IpAddressInUse"); often empty.  'message' is one sentence for a person, without a final newline. */
struct cairn_error {
    uint32_t code;
    int32_t sys_errno;
    char tag[64];
    char message[944];
};

#define CAIRN_ERROR_INIT { CAIRN_OK, 0, "", "" }

static inline void
cairn_error_clear(struct cairn_error *err)
{
    if (err != NULL) {
        err->code = CAIRN_OK;
        err->sys_errno = 0;
        err->tag[0] = '\0';
        err->message[0] = '\0';
    }
}

/* Sets the error; always returns -1, so that `return cairn_fail(...)` reads well.  'err' may be NULL. */
static inline int
cairn_vfail(struct cairn_error *err, uint32_t code, int sys_errno, const char *tag, const char *fmt, va_list ap)
{
    if (err != NULL) {
        err->code = code;
        err->sys_errno = sys_errno;
        snprintf(err->tag, sizeof err->tag, "%s", tag != NULL ? tag : "");
        if (vsnprintf(err->message, sizeof err->message, fmt, ap) < 0)
            err->message[0] = '\0';
    }
    return -1;
}

CAIRN_PRINTF(3, 4) static inline int
cairn_fail(struct cairn_error *err, uint32_t code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    cairn_vfail(err, code, 0, NULL, fmt, ap);
    va_end(ap);
    return -1;
}

/* As cairn_fail(), naming the API's fault too. */
CAIRN_PRINTF(4, 5) static inline int
cairn_fail_tag(struct cairn_error *err, uint32_t code, const char *tag, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    cairn_vfail(err, code, 0, tag, fmt, ap);
    va_end(ap);
    return -1;
}

static inline uint32_t
cairn_code_of_errno(int sys_errno)
{
    switch (sys_errno) {
    case ENOENT: case ENODEV: case ENXIO: return CAIRN_NOT_FOUND;
    case EEXIST:                          return CAIRN_EXISTS;
    case ENOSPC: case EDQUOT:             return CAIRN_NO_SPACE;
    case EACCES: case EPERM: case EROFS:  return CAIRN_DENIED;
    case EINVAL: case ENAMETOOLONG:       return CAIRN_INVALID;
    case EBUSY: case ENOTEMPTY:           return CAIRN_CONFLICT;
    case EAGAIN: case ECONNREFUSED: case ENOMEM: case EMFILE: case ENFILE: return CAIRN_UNAVAILABLE;
    case ETIMEDOUT:                       return CAIRN_TIMEOUT;
    case ENOSYS: case EOPNOTSUPP:         return CAIRN_UNSUPPORTED;
    case ECANCELED:                       return CAIRN_CANCELLED;
    default:                              return CAIRN_INTERNAL;
    }
}

/* Sets the code that fits 'sys_errno' and appends its text: "cannot open '/x': No such file or directory". */
CAIRN_PRINTF(3, 4) static inline int
cairn_fail_errno(struct cairn_error *err, int sys_errno, const char *fmt, ...)
{
    va_list ap;
    size_t len;

    va_start(ap, fmt);
    cairn_vfail(err, cairn_code_of_errno(sys_errno), sys_errno, NULL, fmt, ap);
    va_end(ap);
    if (err != NULL) {
        len = strlen(err->message);
        snprintf(err->message + len, sizeof err->message - len, ": %s", strerror(sys_errno));
    }
    return -1;
}

/* Puts "context: " before the message that is there; keeps code and tag; returns -1. */
CAIRN_PRINTF(2, 3) static inline int
cairn_error_context(struct cairn_error *err, const char *fmt, ...)
{
    char inner[sizeof err->message];
    va_list ap;
    int len;

    if (err == NULL)
        return -1;
    memcpy(inner, err->message, sizeof inner);
    va_start(ap, fmt);
    len = vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    if (len >= 0 && (size_t)len + 2 < sizeof err->message) {     /* by hand: what does not fit is cut, and no compiler need warn of it */
        size_t room = sizeof err->message - (size_t)len - 3, inner_len = strlen(inner);

        memcpy(err->message + len, ": ", 2);
        if (inner_len > room)
            inner_len = room;
        memcpy(err->message + len + 2, inner, inner_len);
        err->message[(size_t)len + 2 + inner_len] = '\0';
    }
    return -1;
}

#ifdef __cplusplus
}
#endif
#endif
