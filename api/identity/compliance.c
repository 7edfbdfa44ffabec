/* compliance.c: see compliance.h. */
#include "config.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "identity/compliance.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "identity/identity.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)
#define MATCH_STEPS 100000              /* of the regular expression: a second at the very most */

const struct cairn_key compliance_keys[] = {
    CAIRN_KEY_RANGE("lockout_failure_attempts", "0", 0, 1000000, "Failed logins in a row that lock a user out; 0: never."),
    CAIRN_KEY_RANGE("lockout_duration", "1800", 0, 315360000, "Seconds that a user stays locked out; 0: until an administrator enables the user again."),
    CAIRN_KEY_RANGE("password_expires_days", "0", 0, 36500, "Days after which a password must be changed; 0: never."),
    CAIRN_KEY_RANGE("unique_last_password_count", "0", 0, 100, "A new password must differ from that many last ones, the present one included."),
    CAIRN_KEY_RANGE("minimum_password_age", "0", 0, 36500, "Days that a user must keep a password of their own choice."),
    CAIRN_KEY("password_regex", CAIRN_KEY_STRING, NULL, "Regular expression (Perl's) that passwords must match; default: any will do."),
    CAIRN_KEY("password_regex_description", CAIRN_KEY_STRING, NULL, "The same in words, told to users whose new password does not match."),
    CAIRN_KEY("change_password_upon_first_use", CAIRN_KEY_BOOL, "no", "A password that an administrator set must be changed before it logs in."),
    CAIRN_KEY_RANGE("disable_user_account_days_inactive", "0", 0, 36500, "Days without a login after which a user counts as disabled; 0: never."),
    { .name = NULL }
};

/* Immutable while the identity is open. */
static struct {
    int64_t lockout_attempts, lockout_us, expires_us, history, age_us, inactive_days;
    int change_at_first_use;
    pcre2_code *regex;                  /* owned; NULL: any password */
    char *description;                  /* owned; may be NULL */
} c;

static int
compile(const char *pattern, struct cairn_error *err)
{
    PCRE2_UCHAR why[160];
    PCRE2_SIZE at;
    int code;

    c.regex = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
    if (c.regex != NULL)
        return 0;
    pcre2_get_error_message(code, why, sizeof why);
    return cairn_fail(err, CAIRN_INVALID, "[" COMPLIANCE_SECTION "] password_regex: %s, at character %zu of '%s'", (const char *)why, at + 1, pattern);
}

int
compliance_open(const struct config *config, struct cairn_error *err)
{
#define NUMBER(key) config_int(config, COMPLIANCE_SECTION, key)
    const char *pattern;

    compliance_close();
    if (config == NULL)
        return 0;
    c.lockout_attempts = NUMBER("lockout_failure_attempts");
    c.lockout_us = NUMBER("lockout_duration") * 1000000;
    c.expires_us = NUMBER("password_expires_days") * DAY_US;
    c.history = NUMBER("unique_last_password_count");
    c.age_us = NUMBER("minimum_password_age") * DAY_US;
    c.inactive_days = NUMBER("disable_user_account_days_inactive");
    c.change_at_first_use = NUMBER("change_password_upon_first_use") != 0;
#undef NUMBER
    if (c.age_us > 0 && c.expires_us > 0 && c.age_us >= c.expires_us)
        return cairn_fail(err, CAIRN_INVALID, "[" COMPLIANCE_SECTION "] minimum_password_age must be less than password_expires_days");
    pattern = config_string(config, COMPLIANCE_SECTION, "password_regex");
    c.description = xstrdup(config_string(config, COMPLIANCE_SECTION, "password_regex_description"));
    return pattern != NULL && pattern[0] != '\0' ? compile(pattern, err) : 0;
}

void
compliance_close(void)
{
    pcre2_code_free(c.regex);
    free(c.description);
    memset(&c, 0, sizeof c);
}

/* --- passwords */
int
compliance_fits(const char *secret, struct cairn_error *err)
{
    pcre2_match_data *data;
    pcre2_match_context *limits;
    int got;

    if (c.regex == NULL)
        return 0;
    data = pcre2_match_data_create(1, NULL);
    limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, MATCH_STEPS);
    got = pcre2_match(c.regex, (PCRE2_SPTR)secret, PCRE2_ZERO_TERMINATED, 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    if (got >= 0)
        return 0;
    return cairn_fail(err, CAIRN_INVALID, "The password does not match the requirements: %.400s", c.description != NULL ? c.description : "it is too easy to guess.");
}

unsigned
compliance_history(void)
{
    return c.history > 1 ? (unsigned)c.history : 1;
}

int64_t
compliance_expiry(const json_t *options, int by_user)
{
    if (!by_user && c.change_at_first_use && !json_bool(options, OPTION_IGNORE_FIRST_USE, 0))
        return clock_us();
    return c.expires_us > 0 && !json_bool(options, OPTION_IGNORE_EXPIRY, 0) ? (clock_us() + c.expires_us) / 1000000 * 1000000 : 0;
}

int
compliance_old_enough(int64_t since_us, struct cairn_error *err)
{
    int64_t left = since_us + c.age_us - clock_us();

    if (left <= 0)
        return 0;
    return cairn_fail(err, CAIRN_INVALID,
                      "You cannot change your password at this time due to the minimum password age: one of your own choice must be used for %lld day(s)."
                      " Please try again in %lld day(s) or contact your administrator to reset your password.",
                      (long long)(c.age_us / DAY_US), (long long)((left + DAY_US - 1) / DAY_US));
}

/* --- lockout */
int
compliance_counts(const json_t *options)
{
    return c.lockout_attempts > 0 && !json_bool(options, OPTION_IGNORE_LOCKOUT, 0);
}

int
compliance_locked(const json_t *options, int64_t failed_count, int64_t failed_us)
{
    return compliance_counts(options) && failed_count >= c.lockout_attempts && (c.lockout_us == 0 || failed_us + c.lockout_us > clock_us());
}

int
compliance_failed(struct catalog *catalog, const char *user_id, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t now = clock_us();

    /* When a lock has run out, counting begins anew. */
    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0
        || tx_exec(tx, err, "update users set failed_count = case when failed_count >= ? then 1 else failed_count + 1 end, failed_us = ?"
                            " where id = ? and (failed_count < ? or (? > 0 and failed_us + ? <= ?))",
                   "iisiiii", c.lockout_attempts, now, user_id, c.lockout_attempts, c.lockout_us, c.lockout_us, now) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

int
compliance_passed(struct catalog *catalog, const char *user_id, int64_t failed_count, int64_t active_day, struct cairn_error *err)
{
    CLEANUP_TX struct tx *tx = NULL;
    int64_t today = clock_us() / DAY_US;

    if ((c.lockout_attempts == 0 || failed_count == 0) && (c.inactive_days == 0 || active_day == today))
        return 0;
    if (tx_begin(catalog, TX_WRITE, &tx, err) < 0
        || tx_exec(tx, err, "update users set failed_count = 0, failed_us = null, active_day = ? where id = ?", "is", today, user_id) < 0)
        return -1;
    return tx_commit(steal(&tx), err);
}

int
compliance_pardon(struct tx *tx, const char *user_id, struct cairn_error *err)
{
    return tx_exec(tx, err, "update users set failed_count = 0, failed_us = null, active_day = ? where id = ?", "is", clock_us() / DAY_US, user_id);
}

/* --- inactivity */
int64_t
compliance_active_since(void)
{
    return c.inactive_days > 0 ? clock_us() / DAY_US - c.inactive_days + 1 : 0;
}

int
compliance_inactive(const json_t *options, int64_t active_day, int64_t created_us)
{
    int64_t seen = active_day > 0 ? active_day : created_us / DAY_US;

    return c.inactive_days > 0 && seen < compliance_active_since() && !json_bool(options, OPTION_IGNORE_INACTIVE, 0);
}
