/* factors.c: multi-factor rules of users, and receipts for those who have proved some of what is asked. */
#include "config.h"
#include "identity/proof.h"

#include "base/clock.h"
#include "identity/resources.h"

#define RECEIPT "Openstack-Auth-Receipt"
#define RULES_MAX 16
#define METHODS_MAX 8

int
factors_rules_ok(const json_t *rules)
{
    size_t i, j;
    json_t *rule, *name;

    if (!json_is_array(rules) || json_array_size(rules) > RULES_MAX)
        return 0;
    json_array_foreach(rules, i, rule) {
        if (!json_is_array(rule) || json_array_size(rule) == 0 || json_array_size(rule) > METHODS_MAX)
            return 0;
        json_array_foreach(rule, j, name) {
            if (!json_is_string(name) || strlen(json_string_value(name)) > 64)
                return 0;
        }
    }
    return 1;
}

static json_t *
load_rules(struct tx *tx, const char *user_id, struct cairn_error *err)
{
    CLEANUP_FREE char *text = NULL;
    CLEANUP_JSON json_t *options = NULL;

    if (tx_text(tx, &text, err, "select options from users where id = ?", "s", user_id) < 0)
        return NULL;
    options = json_of_column(text);
    if (!json_bool(options, OPTION_MFA_ENABLED, 1) || !json_is_array(json_object_get(options, OPTION_MFA_RULES)))
        return json_array();
    return json_incref(json_object_get(options, OPTION_MFA_RULES));
}

/* Names that are no method of ours do not count: a rule of nothing else is none. */
static unsigned
bits_of(const json_t *rule)
{
    unsigned bits = 0;
    size_t i;
    json_t *name;

    json_array_foreach(rule, i, name) {
        for (unsigned bit = 0; bit < TOKEN_METHOD_COUNT; bit++) {
            if (str_eq(token_method_names[bit], json_string_value(name)))
                bits |= 1u << bit;
        }
    }
    return bits;
}

int
factors_suffice(struct tx *tx, const char *user_id, unsigned methods, struct cairn_error *err)
{
    CLEANUP_JSON json_t *rules = load_rules(tx, user_id, err);
    int any = 0;
    size_t i;
    json_t *rule;

    if (rules == NULL)
        return -1;
    json_array_foreach(rules, i, rule) {
        unsigned bits = bits_of(rule);

        if (bits != 0 && (methods & bits) == bits)
            return 1;
        any |= bits != 0;
    }
    return !any;
}

int
factors_take_receipt(struct rest_call *call, struct proof *proof, struct cairn_error *err)
{
    const char *text = http_header(call->req, RECEIPT);
    struct token receipt;

    if (text == NULL)
        return 0;
    if (receipt_unseal(identity_state.keys, text, &receipt, err) < 0 || receipt.expires_us <= clock_us() || proof->user_id == NULL
        || strcmp(receipt.user_id, proof->user_id) != 0)
        return cairn_fail(err, CAIRN_UNAUTHENTICATED, "Could not find auth receipt.");
    proof->methods |= receipt.methods;
    return 0;
}

static void
write_time(struct json_out *out, const char *key, int64_t us)
{
    char text[CLOCK_TEXT];

    jo_str(out, key, clock_format(us, CLOCK_MICRO_Z, text));
}

static void
write_body(struct json_out *out, const struct token *receipt, const struct who_user *user, const json_t *rules)
{
    size_t i;
    json_t *rule;

    jo_object(out, NULL);
    jo_object(out, "receipt");
    jo_array(out, "methods");
    for (unsigned bit = 0; bit < TOKEN_METHOD_COUNT; bit++) {
        if (receipt->methods & 1u << bit)
            jo_str(out, NULL, token_method_names[bit]);
    }
    jo_end_array(out);
    jo_object(out, "user");
    jo_object(out, "domain");
    jo_str(out, "id", user->domain_id);
    jo_str(out, "name", user->domain_name);
    jo_end_object(out);
    jo_str(out, "id", user->id);
    jo_str(out, "name", user->name);
    jo_end_object(out);
    write_time(out, "expires_at", receipt->expires_us);
    write_time(out, "issued_at", receipt->issued_us);
    jo_end_object(out);
    jo_array(out, "required_auth_methods");
    json_array_foreach(rules, i, rule) {
        unsigned bits = bits_of(rule);

        if ((bits & receipt->methods) == 0)     /* told to those alone who are on that way */
            continue;
        jo_array(out, NULL);
        for (unsigned bit = 0; bit < TOKEN_METHOD_COUNT; bit++) {
            if (bits & 1u << bit)
                jo_str(out, NULL, token_method_names[bit]);
        }
        jo_end_array(out);
    }
    jo_end_array(out);
    jo_end_object(out);
}

int
factors_answer(struct rest_call *call, const struct proof *proof, struct cairn_error *err)
{
    CLEANUP_WHO_USER struct who_user user = { 0 };
    CLEANUP_JSON json_t *rules = NULL;
    CLEANUP_TX struct tx *tx = NULL;
    struct token receipt = { .methods = proof->methods, .issued_us = clock_us() };
    char text[TOKEN_TEXT_MAX];

    if (tx_begin(call->env->catalog, TX_READ, &tx, err) < 0 || who_user_load(tx, proof->user_id, NULL, NULL, NULL, &user, err) < 0
        || (rules = load_rules(tx, proof->user_id, err)) == NULL)
        return -1;
    receipt.expires_us = receipt.issued_us + identity_state.receipt_us;
    snprintf(receipt.user_id, sizeof receipt.user_id, "%s", proof->user_id);
    token_audit_id(receipt.audit_id);
    memcpy(receipt.chain_id, receipt.audit_id, sizeof receipt.chain_id);
    if (receipt_seal(identity_state.keys, &receipt, text, err) < 0)
        return -1;
    rest_header(call, RECEIPT, text);
    write_body(call->out, &receipt, &user, rules);
    call->status = 401;
    return 0;
}
