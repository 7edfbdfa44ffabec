/* base_text_test.c: strings, identifiers, times, errors and JSON. */
#include "config.h"
#include "unit.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/str.h"

START_TEST(error_codes_have_names_and_texts)
{
    ck_assert_str_eq(error_code_name(CAIRN_NO_HOST), "CAIRN_NO_HOST");
    ck_assert_str_eq(error_code_text(CAIRN_TIMEOUT), "a deadline passed");
    ck_assert_str_eq(error_code_name(9999), "?");
}
END_TEST

START_TEST(context_stands_before_the_message_and_never_overflows)
{
    struct cairn_error err = CAIRN_ERROR_INIT;

    cairn_fail_errno(&err, ENOENT, "cannot open '%s'", "x");
    ck_assert_int_eq(cairn_error_context(&err, "volume %d", 7), -1);
    ck_assert_str_eq(err.message, "volume 7: cannot open 'x': No such file or directory");
    ck_assert_uint_eq(err.code, CAIRN_NOT_FOUND);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    for (int i = 0; i < 500; i++)
        cairn_error_context(&err, "%.*s", i % 37 + 1, "0123456789012345678901234567890123456789");
    ck_assert_uint_eq(strlen(err.message), sizeof err.message - 1);
    for (int i = 930; i < 960; i++) {
        char text[1000];

        memset(text, 'x', sizeof text);
        text[i] = '\0';
        cairn_error_context(&err, "%s", text);
        ck_assert_uint_eq(strlen(err.message), i < 942 ? 943 : i < 943 ? 942 : 943);
    }
}
END_TEST

START_TEST(a_str_grows_and_is_taken)
{
    CLEANUP_STR struct str s = STR_INIT;
    CLEANUP_FREE char *text = NULL;

    for (int i = 0; i < 1000; i++)
        str_addf(&s, "%d,", i);
    ck_assert_uint_eq(s.len, 3890);
    str_reset(&s);
    str_add(&s, "a");
    str_add_c(&s, 'b');
    str_add_n(&s, "cde", 1);
    ck_assert_str_eq(s.text, "abc");
    text = str_take(&s);
    ck_assert_str_eq(text, "abc");
    free(text);
    text = str_take(&s);
    ck_assert_str_eq(text, "");
}
END_TEST

static const struct { const char *text; int64_t min, max; int rc; int64_t value; } ints[] = {
    { "0", 0, 10, 0, 0 }, { "10", 0, 10, 0, 10 }, { "11", 0, 10, -1, 0 }, { "-1", 0, 10, -1, 0 }, { "-5", -5, 5, 0, -5 },
    { "9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX }, { "9223372036854775808", INT64_MIN, INT64_MAX, -1, 0 },
    { "-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN }, { "-9223372036854775809", INT64_MIN, INT64_MAX, -1, 0 },
    { "99999999999999999999999", INT64_MIN, INT64_MAX, -1, 0 }, { "", 0, 10, -1, 0 }, { "-", -9, 9, -1, 0 }, { " 1", 0, 10, -1, 0 },
    { "1 ", 0, 10, -1, 0 }, { "+1", 0, 10, -1, 0 }, { "0x1", 0, 10, -1, 0 }, { "1e1", 0, 10, -1, 0 },
};

START_TEST(integers_are_whole_and_in_range)
{
    int64_t value = 0;

    ck_assert_int_eq(str_to_int(ints[_i].text, ints[_i].min, ints[_i].max, &value), ints[_i].rc);
    ck_assert(value == ints[_i].value);
}
END_TEST

static const struct { const char *text; int64_t bytes; } sizes[] = {
    { "4096", 4096 }, { "10G", INT64_C(10) << 30 }, { "512M", 512 << 20 }, { "512MiB", 512 << 20 }, { "1k", 1024 }, { "2T", INT64_C(2) << 40 },
    { "8P", INT64_C(8) << 50 }, { "0", 0 }, { "8191P", INT64_C(8191) << 50 }, { "8192P", -1 }, { "-1", -1 }, { "1.5G", -1 }, { "G", -1 }, { "", -1 },
    { "1X", -1 }, { "1 G", -1 }, { "10GG", -1 },
};

START_TEST(sizes_are_powers_of_1024)
{
    int64_t bytes = -1;

    ck_assert_int_eq(str_to_size(sizes[_i].text, &bytes), sizes[_i].bytes < 0 ? -1 : 0);
    ck_assert(bytes == sizes[_i].bytes);
}
END_TEST

static const struct { const char *text; int64_t ms; } durations[] = {
    { "10s", 10000 }, { "500ms", 500 }, { "2m", 120000 }, { "1h", 3600000 }, { "1d", 86400000 }, { "7", 7000 }, { "0", 0 },
    { "9223372036854775807", -1 }, { "s", -1 }, { "1w", -1 }, { "", -1 },
};

START_TEST(durations_are_milliseconds)
{
    int64_t ms = -1;

    ck_assert_int_eq(str_to_duration(durations[_i].text, &ms), durations[_i].ms < 0 ? -1 : 0);
    ck_assert(ms == durations[_i].ms);
}
END_TEST

START_TEST(booleans_are_eight_words)
{
    int value = -1;

    ck_assert_int_eq(str_to_bool("Yes", &value), 0);
    ck_assert_int_eq(value, 1);
    ck_assert_int_eq(str_to_bool("off", &value), 0);
    ck_assert_int_eq(value, 0);
    ck_assert_int_eq(str_to_bool("maybe", &value), -1);
    ck_assert_int_eq(str_to_bool("", &value), -1);
}
END_TEST

static const struct { const char *text; int valid; } utf8[] = {
    { "", 1 }, { "plain", 1 }, { "n\xc3\xa4h", 1 }, { "\xe2\x82\xac", 1 }, { "\xf0\x9f\x98\x80", 1 }, { "\xc0\xaf", 0 }, { "\xe0\x80\xaf", 0 },
    { "\xed\xa0\x80", 0 }, { "\xf4\x90\x80\x80", 0 }, { "\xff", 0 }, { "\xc3", 0 }, { "\x80", 0 }, { "\xe2\x82", 0 }, { "a\xf0\x9f\x98", 0 },
};

START_TEST(utf8_is_checked_strictly)
{
    ck_assert_int_eq(str_is_utf8(utf8[_i].text, strlen(utf8[_i].text)), utf8[_i].valid);
}
END_TEST

START_TEST(characters_are_counted_not_bytes)
{
    ck_assert_uint_eq(str_utf8_len("n\xc3\xa4h\xe2\x82\xac"), 4);
}
END_TEST

START_TEST(the_nearest_name_is_found_if_it_is_near)
{
    static const char *const names[] = { "state_dir", "port", "log_level" };

    ck_assert_str_eq(str_nearest("prot", names, 3), "port");
    ck_assert_str_eq(str_nearest("loglevel", names, 3), "log_level");
    ck_assert_ptr_null(str_nearest("colour", names, 3));
    ck_assert_ptr_null(str_nearest("x", names, 0));
}
END_TEST

START_TEST(secrets_compare)
{
    ck_assert_int_eq(str_secret_eq("abc", "abc", 3), 1);
    ck_assert_int_eq(str_secret_eq("abc", "abd", 3), 0);
}
END_TEST

START_TEST(base64_goes_round)
{
    unsigned char bytes[100];

    for (size_t len = 0; len <= sizeof bytes; len++)
        for (int url = 0; url < 2; url++) {
            CLEANUP_FREE char *text = NULL;
            CLEANUP_FREE unsigned char *back = NULL;
            size_t back_len = 0;

            id_random(bytes, len);
            text = str_base64(bytes, len, url);
            back = str_unbase64(text, strlen(text), url, &back_len);
            ck_assert_ptr_nonnull(back);
            ck_assert_uint_eq(back_len, len);
            ck_assert(len == 0 || memcmp(back, bytes, len) == 0);
        }
}
END_TEST

static const struct { const char *text; int url; const char *bytes; } base64[] = {
    { "Zm9vYg==", 0, "foob" }, { "Zm9v\nYg==\n", 0, "foob" }, { "Zm9vYg", 1, "foob" }, { "Pz8_", 1, "???" }, { "Pz8/", 0, "???" },
    { "Zm9vYg", 0, NULL }, { "Zm9vYg=", 0, NULL }, { "Zm9vYg===", 0, NULL }, { "Zm9vYg==", 1, NULL }, { "Pz8_", 0, NULL }, { "Pz8/", 1, NULL },
    { "Zm9vYh==", 0, NULL }, { "Z", 0, NULL }, { "Zg==Zg==", 0, NULL }, { "Zm 9", 0, NULL }, { "Zm9v\nYg", 1, NULL },
};

START_TEST(base64_has_one_text_for_each_value)
{
    size_t len = 0;
    CLEANUP_FREE unsigned char *bytes = str_unbase64(base64[_i].text, strlen(base64[_i].text), base64[_i].url, &len);

    if (base64[_i].bytes == NULL) {
        ck_assert_ptr_null(bytes);
    } else {
        ck_assert_ptr_nonnull(bytes);
        ck_assert_uint_eq(len, strlen(base64[_i].bytes));
        ck_assert_mem_eq(bytes, base64[_i].bytes, len);
    }
}
END_TEST

START_TEST(ids_have_their_forms)
{
    char uuid[ID_UUID], other[ID_UUID], hex[ID_HEX], req[ID_REQUEST], mac[ID_MAC];
    unsigned a, b, c;

    id_uuid(uuid);
    id_uuid(other);
    ck_assert_int_eq(id_is_uuid(uuid), 1);
    ck_assert_int_eq(uuid[14], '4');
    ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
    ck_assert_str_ne(uuid, other);
    id_hex(hex);
    ck_assert_int_eq(id_is_hex32(hex), 1);
    id_request(req);
    ck_assert(str_starts(req, "req-") && id_is_uuid(req + 4));
    id_mac("fa:16:3e", mac);
    ck_assert_int_eq(sscanf(mac, "fa:16:3e:%2x:%2x:%2x", &a, &b, &c), 3);
    ck_assert_uint_eq(strlen(mac), 17);
    ck_assert_int_eq(id_is_uuid("0b1e93f4-7a66-4c51-8d5e-2f1c0ffee00"), 0);
    ck_assert_int_eq(id_is_uuid("0B1E93F4-7A66-4C51-8D5E-2F1C0FFEE00A"), 1);
    ck_assert_int_eq(id_is_uuid("0b1e93f4-7a66-4c51-8d5e-2f1c0ffee00aa"), 0);
    ck_assert_int_eq(id_is_uuid("0b1e93f4x7a66-4c51-8d5e-2f1c0ffee00a"), 0);
    ck_assert_int_eq(id_is_uuid(NULL), 0);
    ck_assert_int_eq(id_is_hex32("0b1e93f47a664c518d5e2f1c0ffee00g"), 0);
}
END_TEST

static const struct { const char *text; int rc; int64_t us; } times[] = {
    { "1970-01-01T00:00:00Z", 0, 0 },
    { "2020-01-01T00:00:00Z", 0, INT64_C(1577836800000000) },
    { "2020-01-01T00:00:00", 0, INT64_C(1577836800000000) },
    { "2020-01-01 00:00:00.5", 0, INT64_C(1577836800500000) },
    { "2020-01-01T00:00:00.123456789Z", 0, INT64_C(1577836800123456) },
    { "2020-01-01T02:00:00+02:00", 0, INT64_C(1577836800000000) },
    { "2019-12-31T22:30:00-0130", 0, INT64_C(1577836800000000) },
    { "2020-01-01T01:00+01", 0, INT64_C(1577836800000000) },
    { "2020-01-01", 0, INT64_C(1577836800000000) },
    { "2020-02-29T00:00:00Z", 0, INT64_C(1582934400000000) },
    { "1969-12-31T23:59:59.5Z", 0, -500000 },
    { "2021-02-29T00:00:00Z", -1, 0 }, { "2020-13-01T00:00:00Z", -1, 0 }, { "2020-00-01T00:00:00Z", -1, 0 }, { "2020-01-01T24:00:00Z", -1, 0 },
    { "2020-01-01T00:60:00Z", -1, 0 }, { "2020-01-01T00:00:00.Z", -1, 0 }, { "2020-01-01T00:00:00Zx", -1, 0 }, { "2020-01-01T", -1, 0 },
    { "2020-1-1", -1, 0 }, { "", -1, 0 }, { "now", -1, 0 }, { "20200101T000000Z", -1, 0 }, { "2020-01-01T00:00:00+1", -1, 0 },
    { "2020-01-01T00:00:00.1234567890123Z", -1, 0 }, { "0000-01-01", -1, 0 },
};

START_TEST(times_are_read)
{
    int64_t us = 0;

    ck_assert_int_eq(clock_parse(times[_i].text, &us), times[_i].rc);
    ck_assert_msg(us == times[_i].us, "%s is %" PRId64, times[_i].text, us);
}
END_TEST

START_TEST(times_are_written_in_each_style)
{
    const int64_t us = INT64_C(1577836800000042);
    char buf[CLOCK_TEXT];

    ck_assert_str_eq(clock_format(us, CLOCK_Z, buf), "2020-01-01T00:00:00Z");
    ck_assert_str_eq(clock_format(us, CLOCK_MICRO, buf), "2020-01-01T00:00:00.000042");
    ck_assert_str_eq(clock_format(us, CLOCK_MICRO_Z, buf), "2020-01-01T00:00:00.000042Z");
    ck_assert_str_eq(clock_format(us, CLOCK_HTTP, buf), "Wed, 01 Jan 2020 00:00:00 GMT");
    ck_assert_str_eq(clock_format(-1, CLOCK_MICRO_Z, buf), "1969-12-31T23:59:59.999999Z");
    ck_assert_str_eq(clock_format(INT64_MAX, CLOCK_Z, buf), "9999-12-31T23:59:59Z");
}
END_TEST

START_TEST(a_moved_clock_moves_both_clocks)
{
    int64_t us = clock_us(), ms = clock_mono_ms();

    clock_move(INT64_C(3600) * 1000000);
    ck_assert_int_ge(clock_us() - us, INT64_C(3600) * 1000000);
    ck_assert_int_ge(clock_mono_ms() - ms, 3600 * 1000);
    ck_assert_int_lt(clock_mono_ms() - ms, 3660 * 1000);
}
END_TEST

static const struct { const char *text; size_t len; const char *error; } documents[] = {
    { "{\"a\":[1,2.5,null,true,\"x\"]}", 0, NULL },
    { "\"a string alone\"", 0, NULL },
    { "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"}", 0, NULL },
    { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 0, NULL },
    { "[\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 0, "nested deeper than 32 levels at line 2, column 32" },
    { "{\"a\":1,\"a\":2}", 0, "duplicate" },
    { "{\"a\":\"x\\u0000y\"}", 0, "\\u0000" },
    { "{\"a\0\":1}", 8, "not valid JSON" },
    { "{\"a\":1}\0", 8, "not valid JSON" },
    { "{\"a\":1} x", 0, "end of file expected" },
    { "{\"a\":\"\xff\"}", 0, "unable to decode" },
    { "{\"a\":99999999999999999999}", 0, "integer" },
    { "", 0, "not valid JSON" },
    { "{", 0, "line 1" },
};

START_TEST(json_is_read_within_bounds)
{
    const char *text = documents[_i].text;
    size_t len = documents[_i].len > 0 ? documents[_i].len : strlen(text);
    CLEANUP_JSON json_t *value = NULL;

    if (documents[_i].error == NULL)
        expect_ok(json_parse(text, len, &value, err));
    else
        expect_error(json_parse(text, len, &value, err), CAIRN_INVALID, documents[_i].error);
}
END_TEST

START_TEST(columns_of_json_are_never_null)
{
    static const char *const nothing[] = { NULL, "", "{broken" };
    CLEANUP_JSON json_t *value = json_of_column("{\"b\":2,\"a\":[true]}");
    CLEANUP_FREE char *text = json_text(value);

    ck_assert_str_eq(text, "{\"b\":2,\"a\":[true]}");
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
        CLEANUP_JSON json_t *empty = json_of_column(nothing[i]);

        ck_assert(json_is_object(empty) && json_object_size(empty) == 0);
    }
}
END_TEST

START_TEST(lookups_answer_the_default)
{
    CLEANUP_JSON json_t *value = json_of_column("{\"s\":\"x\",\"i\":5,\"b\":true}");

    ck_assert_str_eq(json_str(value, "s"), "x");
    ck_assert_ptr_null(json_str(value, "i"));
    ck_assert_int_eq(json_int(value, "i", 1), 5);
    ck_assert_int_eq(json_int(value, "s", 1), 1);
    ck_assert_int_eq(json_int(value, "none", 1), 1);
    ck_assert_int_eq(json_bool(value, "b", 0), 1);
    ck_assert_int_eq(json_bool(value, "i", 0), 0);
    ck_assert_ptr_null(json_str(NULL, "s"));
}
END_TEST

START_TEST(the_writer_sets_commas_and_escapes)
{
    CLEANUP_STR struct str s = STR_INIT;
    CLEANUP_JSON json_t *value = json_of_column("[1,{\"k\":\"v\"}]");
    struct json_out o;

    jo_init(&o, &s);
    jo_object(&o, NULL);
    jo_str(&o, "s\"", "a\"b\\c\n\t\x01/\x7f\xc3\xa4\xff.");
    jo_str(&o, "null", NULL);
    jo_array(&o, "list");
    jo_int(&o, NULL, INT64_MIN);
    jo_int(&o, NULL, 0);
    jo_real(&o, NULL, 0.1);
    jo_real(&o, NULL, 3);
    jo_real(&o, NULL, 1e300);
    jo_real(&o, NULL, (double)NAN);
    jo_bool(&o, NULL, 1);
    jo_object(&o, NULL);
    jo_end_object(&o);
    jo_end_array(&o);
    jo_raw(&o, "raw", "[2]");
    jo_raw(&o, "none", NULL);
    jo_json(&o, "json", value);
    jo_strf(&o, "f", "%s/%d", "a", 1);
    jo_null(&o, "n");
    jo_end_object(&o);
    ck_assert_str_eq(s.text,
                     "{\"s\\\"\":\"a\\\"b\\\\c\\n\\t\\u0001/\x7f\xc3\xa4\xef\xbf\xbd.\",\"null\":null,\"list\":[-9223372036854775808,0,0.1,3.0,"
                     "1e+300,null,true,{}],\"raw\":[2],\"none\":null,\"json\":[1,{\"k\":\"v\"}],\"f\":\"a/1\",\"n\":null}");
}
END_TEST

/* Whatever bytes are written as a string, a parser reads JSON back. */
START_TEST(what_the_writer_writes_is_always_json)
{
    unsigned seed = 1;

    for (int round = 0; round < 3000; round++) {
        CLEANUP_STR struct str s = STR_INIT;
        CLEANUP_JSON json_t *value = NULL;
        struct json_out o;
        char text[24];

        for (size_t i = 0; i < sizeof text - 1; i++)
            text[i] = (char)(rand_r(&seed) % 255 + 1);
        text[rand_r(&seed) % (int)sizeof text] = '\0';
        text[sizeof text - 1] = '\0';
        jo_init(&o, &s);
        jo_object(&o, NULL);
        jo_str(&o, text, text);
        jo_end_object(&o);
        expect_ok(json_parse(s.text, s.len, &value, err));
        if (str_is_utf8(text, strlen(text)))
            ck_assert_str_eq(json_str(value, text), text);
    }
}
END_TEST

/* Broken documents are refused, never crashed on: the sanitizers watch. */
START_TEST(json_that_was_damaged_is_read_or_refused)
{
    static const char good[] = "{\"server\":{\"name\":\"a\\u00e4\",\"list\":[1,-2.5e3,true,null,{\"x\":[]}]}}";
    unsigned seed = 7;

    for (int round = 0; round < 20000; round++) {
        char text[sizeof good];
        struct cairn_error err = CAIRN_ERROR_INIT;
        CLEANUP_JSON json_t *value = NULL;

        memcpy(text, good, sizeof good);
        for (int i = rand_r(&seed) % 4; i >= 0; i--)
            text[rand_r(&seed) % (int)sizeof text] = (char)rand_r(&seed);
        if (json_parse(text, sizeof good - 1, &value, &err) < 0)
            ck_assert_uint_eq(err.code, CAIRN_INVALID);
        else
            ck_assert_ptr_nonnull(value);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("base: text");
    TCase *t = tcase_create("text");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, error_codes_have_names_and_texts);
    tcase_add_test(t, context_stands_before_the_message_and_never_overflows);
    tcase_add_test(t, a_str_grows_and_is_taken);
    tcase_add_loop_test(t, integers_are_whole_and_in_range, 0, (int)ARRAY_LEN(ints));
    tcase_add_loop_test(t, sizes_are_powers_of_1024, 0, (int)ARRAY_LEN(sizes));
    tcase_add_loop_test(t, durations_are_milliseconds, 0, (int)ARRAY_LEN(durations));
    tcase_add_test(t, booleans_are_eight_words);
    tcase_add_loop_test(t, utf8_is_checked_strictly, 0, (int)ARRAY_LEN(utf8));
    tcase_add_test(t, characters_are_counted_not_bytes);
    tcase_add_test(t, the_nearest_name_is_found_if_it_is_near);
    tcase_add_test(t, secrets_compare);
    tcase_add_test(t, base64_goes_round);
    tcase_add_loop_test(t, base64_has_one_text_for_each_value, 0, (int)ARRAY_LEN(base64));
    tcase_add_test(t, ids_have_their_forms);
    tcase_add_loop_test(t, times_are_read, 0, (int)ARRAY_LEN(times));
    tcase_add_test(t, times_are_written_in_each_style);
    tcase_add_test(t, a_moved_clock_moves_both_clocks);
    tcase_add_loop_test(t, json_is_read_within_bounds, 0, (int)ARRAY_LEN(documents));
    tcase_add_test(t, columns_of_json_are_never_null);
    tcase_add_test(t, lookups_answer_the_default);
    tcase_add_test(t, the_writer_sets_commas_and_escapes);
    tcase_add_test(t, what_the_writer_writes_is_always_json);
    tcase_add_test(t, json_that_was_damaged_is_read_or_refused);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
