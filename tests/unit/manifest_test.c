/* manifest_test.c: manifests of static large objects as clients write them: what is kept, what is refused and with which words; reports of many parts. */
#include <config.h>
#include <stdlib.h>
#include <string.h>

#include "object/private.h"
#include "unit.h"

static struct cairn_error err;
static struct str faults;

/* What is kept of the manifest; malloc'd.  NULL: refused, with faults or an error. */
static char *
parse(const char *body)
{
    CLEANUP_JSON json_t *kept = NULL;

    cairn_error_clear(&err);
    str_reset(&faults);
    if (manifest_parse(body, strlen(body), "c/own", &kept, &faults, &err) < 0 || faults.len > 0)
        return NULL;
    return json_text(kept);
}

static void
kept(const char *body, const char *what)
{
    CLEANUP_FREE char *text = parse(body);

    ck_assert_msg(text != NULL, "%s: %s%s", body, faults.text != NULL ? faults.text : "", err.message);
    ck_assert_str_eq(text, what);
}

/* With this line among the faults, or this error. */
static void
refused(const char *body, const char *why)
{
    CLEANUP_FREE char *text = parse(body);

    ck_assert_msg(text == NULL, "%s was taken", body);
    ck_assert_msg(strstr(faults.len > 0 ? faults.text : err.message, why) != NULL, "%s: %s%s", body, faults.len > 0 ? faults.text : "", err.message);
}

START_TEST(a_segment_says_what_it_says_and_no_more)
{
    kept("[]", "[]");
    kept("[{\"path\": \"/a/b\"}]", "[{\"path\":\"/a/b\"}]");
    kept("[{\"path\": \"a/b\", \"etag\": null, \"size_bytes\": null, \"range\": null}]", "[{\"path\":\"a/b\"}]");
    kept("[{\"path\": \"a/b\", \"size_bytes\": \"12\", \"range\": \"\"}]", "[{\"path\":\"a/b\",\"size_bytes\":12}]");
    kept("[{\"path\": \"a/b\", \"size_bytes\": 12.0, \"etag\": \"x\", \"range\": \"3-\"}]", "[{\"path\":\"a/b\",\"etag\":\"x\",\"size_bytes\":12,\"range\":\"3-\"}]");
    kept("[{\"path\": \"a/b\"}, {\"data\": \"YWJj\"}]", "[{\"path\":\"a/b\"},{\"data\":\"YWJj\"}]");
    kept("[{\"path\": \"a/b\"}, {\"path\": \"a/c\", \"size_bytes\": 0}]", "[{\"path\":\"a/b\"},{\"path\":\"a/c\",\"size_bytes\":0}]");
}
END_TEST

START_TEST(what_is_wrong_is_told_of_each)
{
    refused("{", "Manifest must be valid JSON");
    refused("{}", "Manifest must be a list");
    refused("[1]", "Index 0: not a JSON object");
    refused("[{}]", "Index 0: expected keys");
    refused("[{\"path\": \"a/b\", \"teag\": \"x\"}]", "Index 0: extraneous keys \"teag\"");
    refused("[{\"path\": \"a/b\", \"data\": \"YQ==\"}]", "extraneous keys \"path\"");
    refused("[{\"path\": 7}]", "\"path\" must be a string");
    refused("[{\"path\": \"a\"}]", "does not refer to an object");
    refused("[{\"path\": \"//a//\"}]", "does not refer to an object");
    refused("[{\"path\": \"/c/own\"}]", "must not include itself");
    refused("[{\"path\": \"a/b\", \"etag\": 7}]", "\"etag\" must be");
    refused("[{\"path\": \"a/b\", \"size_bytes\": \"many\"}]", "invalid size_bytes");
    refused("[{\"path\": \"a/b\", \"size_bytes\": []}]", "invalid size_bytes");
    refused("[{\"path\": \"a/b\", \"size_bytes\": 0}, {\"path\": \"a/b\"}]", "Index 0: too small");
    refused("[{\"path\": \"a/b\", \"range\": \"x\"}]", "invalid range");
    refused("[{\"path\": \"a/b\", \"range\": \"5-3\"}]", "invalid range");
    refused("[{\"path\": \"a/b\", \"range\": \"-\"}]", "invalid range");
    refused("[{\"path\": \"a/b\", \"range\": 5}]", "invalid range");
    refused("[{\"path\": \"a/b\", \"range\": \"1-2,4-5\"}]", "multiple ranges");
    refused("[{\"path\": \"a/b\", \"size_bytes\": 5, \"range\": \"5-6\"}]", "unsatisfiable range");
    refused("[{\"path\": \"a/b\"}, {\"data\": \"!\"}]", "Index 1: data must be valid base64");
    refused("[{\"path\": \"a/b\"}, {\"data\": \"\"}]", "Index 1: too small");
    refused("[{\"path\": \"a/b\"}, {\"data\": 7}]", "Index 1: data must be valid base64");
    refused("[{\"data\": \"YQ==\"}]", "require at least one object-backed");
    refused("[1, {\"path\": \"a/b\"}, 2]", "Index 0: not a JSON object\nIndex 2: not a JSON object\n");
}
END_TEST

START_TEST(a_manifest_of_very_many_values_is_not_even_parsed)
{
    CLEANUP_STR struct str body = STR_INIT;
    CLEANUP_JSON json_t *list = NULL;

    str_add_c(&body, '[');
    for (int i = 0; i < MANIFEST_VALUES_MAX; i++)
        str_add(&body, "[],");
    str_add(&body, "[]]");
    cairn_error_clear(&err);
    ck_assert_int_eq(manifest_parse(body.text, body.len, "c/own", &list, &faults, &err), -1);
    ck_assert_str_eq(err.tag, "413");
}
END_TEST

START_TEST(faults_are_bounded)
{
    CLEANUP_STR struct str body = STR_INIT;
    CLEANUP_FREE char *none = NULL;
    int lines = 0;

    str_add_c(&body, '[');
    for (int i = 0; i < 5 * MANIFEST_FAULTS_MAX; i++)
        str_add(&body, "1,");
    str_add(&body, "1]");
    none = parse(body.text);
    ck_assert_ptr_null(none);
    for (const char *p = faults.text; *p != '\0'; p++)
        lines += *p == '\n';
    ck_assert_int_eq(lines, MANIFEST_FAULTS_MAX);
}
END_TEST

START_TEST(ranges_are_cut_to_what_is_there)
{
    static const struct { const char *range; int64_t size, from, len; } good[] = {
        { "0-4", 10, 0, 5 }, { "3-", 10, 3, 7 }, { "-3", 10, 7, 3 }, { "-30", 10, 0, 10 }, { "9-99", 10, 9, 1 }, { "0-9223372036854775807", 10, 0, 10 } };
    static const struct { const char *range; int64_t size; } bad[] = { { "10-", 10 }, { "-0", 10 }, { "0-", 0 }, { "-5", 0 }, { "", 10 }, { "1", 10 }, { "a-b", 10 }, { "-", 10 },
                                                                      { "99999999999999999999-", 10 }, { "1-99999999999999999999", 10 } };
    int64_t from, len;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        ck_assert_msg(manifest_range(good[i].range, good[i].size, &from, &len) == 0, "%s", good[i].range);
        ck_assert_int_eq(from, good[i].from);
        ck_assert_int_eq(len, good[i].len);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(manifest_range(bad[i].range, bad[i].size, &from, &len) < 0, "%s", bad[i].range);
}
END_TEST

START_TEST(a_report_is_text_json_or_xml)
{
    static const struct report_line lines[] = { { "Number Deleted", "3", 1 }, { "Response Status", "400 <Bad>", 0 } };
    CLEANUP_JSON json_t *failed = json_pack("[[s, s]]", "a/%3Cb", "404 Not Found");
    CLEANUP_STR struct str out = STR_INIT;

    report_write(&out, LIST_TEXT, "delete", lines, 2, failed);
    ck_assert_str_eq(out.text, "Number Deleted: 3\nResponse Status: 400 <Bad>\nErrors:\na/%3Cb, 404 Not Found\n");
    str_reset(&out);
    report_write(&out, LIST_JSON, "delete", lines, 2, failed);
    ck_assert_str_eq(out.text, "{\"Number Deleted\":3,\"Response Status\":\"400 <Bad>\",\"Errors\":[[\"a/%3Cb\",\"404 Not Found\"]]}");
    str_reset(&out);
    report_write(&out, LIST_XML, "delete", lines, 2, NULL);
    ck_assert_ptr_nonnull(strstr(out.text, "<delete>\n<number_deleted>3</number_deleted>\n<response_status>400 &lt;Bad&gt;</response_status>\n<errors>\n</errors>\n</delete>"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("manifest");
    TCase *all = tcase_create("all");

    tcase_add_test(all, a_segment_says_what_it_says_and_no_more);
    tcase_add_test(all, what_is_wrong_is_told_of_each);
    tcase_add_test(all, a_manifest_of_very_many_values_is_not_even_parsed);
    tcase_add_test(all, faults_are_bounded);
    tcase_add_test(all, ranges_are_cut_to_what_is_there);
    tcase_add_test(all, a_report_is_text_json_or_xml);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
