/* multipart_test.c: forms, read in pieces of every size, and the signatures on them.  The fuzz: damaged forms never do more than be refused, and
 * how a form was cut never changes what was read. */
#include <config.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "object/multipart.h"
#include "object/signed.h"
#include "unit.h"

#define ROUNDS 20000

static struct cairn_error err;
static struct str seen;

static int
begin(void *arg, const struct multipart_part *p, struct cairn_error *e)
{
    (void)arg, (void)e;
    str_addf(&seen, "<%s|%s|%s|%s|%s>", p->disposition != NULL ? p->disposition : "-", p->name != NULL ? p->name : "-", p->filename != NULL ? p->filename : "-",
             p->type != NULL ? p->type : "-", p->encoding != NULL ? p->encoding : "-");
    return 0;
}

static int
bytes(void *arg, const char *text, size_t len, struct cairn_error *e)
{
    (void)arg, (void)e;
    str_add_n(&seen, text, len);
    return 0;
}

static int
end(void *arg, struct cairn_error *e)
{
    (void)arg, (void)e;
    str_add(&seen, "</>");
    return 0;
}

static const struct multipart_events events = { begin, bytes, end };

/* What is seen of the form when it comes in pieces of 'piece' bytes; 0: of any size.  -1: refused. */
static int
read_form(const char *boundary, const char *form, size_t len, size_t piece)
{
    struct multipart *m = multipart_new(boundary, &events, NULL);
    int rc = 0;

    cairn_error_clear(&err);
    str_reset(&seen);
    str_add(&seen, "");
    ck_assert_ptr_nonnull(m);
    for (size_t at = 0, n; at < len && rc == 0; at += n) {
        n = piece > 0 ? piece : 1 + (size_t)rand() % 40;
        n = n < len - at ? n : len - at;
        rc = multipart_feed(m, form + at, n, &err);
    }
    if (rc == 0)
        rc = multipart_finish(m, &err);
    multipart_free(m);
    return rc;
}

static const char form[] =
    "\r\n--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
    "--X  \r\nContent-Disposition: form-data; name=\"f\"; filename=\"odd \"name\", x.txt\"\r\ncontent-type: text/plain;\r\n charset=utf-8\r\nContent-Encoding: gzip\r\n\r\n"
    "\r\n--\r\r\n-X\r\n--Y\r\n--\r\n--X\r\n\r\n\r\n--X--\r\nepilogue --X\r\n";
static const char told[] = "<form-data|a|-|-|->one</><form-data|f|odd \"name\", x.txt|text/plain;   charset=utf-8|gzip>\r\n--\r\r\n-X\r\n--Y\r\n--</><-|-|-|-|-></>";

START_TEST(a_form_is_read_alike_in_pieces_of_every_size)
{
    for (size_t piece = 1; piece <= sizeof form; piece++) {
        ck_assert_msg(read_form("X", form, sizeof form - 1, piece) == 0, "%s", err.message);
        ck_assert_str_eq(seen.text, told);
    }
}
END_TEST

START_TEST(what_is_no_form_is_refused)
{
    static const struct { const char *text, *why; } bad[] = {
        { "", "invalid starting boundary" }, { "--Y\r\n\r\n", "invalid starting boundary" }, { "x--X\r\n\r\n", "invalid starting boundary" },
        { "--X\r\n\r\nabc", "the form ends before its last boundary" }, { "--X\r\nA: b\r\n", "the form ends before its last boundary" },
        { "--X\r\n\r\nabc\r\n--X", "the form ends before its last boundary" }, { "--Xx\r\n\r\n", "what follows a boundary is not the end of its line" },
    };
    CLEANUP_STR struct str big = STR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ck_assert_int_eq(read_form("X", bad[i].text, strlen(bad[i].text), 3), -1);
        ck_assert_str_eq(err.message, bad[i].why);
    }
    str_add(&big, "--X\r\nA: ");
    while (big.len < MULTIPART_HEAD_MAX + 100)
        str_add(&big, "aaaaaaaaaa");
    ck_assert_int_eq(read_form("X", big.text, big.len, 1000), -1);
    ck_assert_str_eq(err.message, "the headers of a part are too long");
    str_reset(&big);
    for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
        str_addf(&big, "%s--X\r\n\r\n", i > 0 ? "\r\n" : "");
    ck_assert_int_eq(read_form("X", big.text, big.len, 1000), -1);
    ck_assert_str_eq(err.message, "the form has too many parts");
    str_reset(&big);
    while (big.len <= MULTIPART_BOUNDARY_MAX)
        str_add_c(&big, 'x');
    ck_assert_ptr_null(multipart_new(big.text, &events, NULL));
    ck_assert_ptr_null(multipart_new("", &events, NULL));
    ck_assert_ptr_null(multipart_new("a\r\nb", &events, NULL));
}
END_TEST

START_TEST(a_parameter_is_found_with_and_without_quotes)
{
    static const struct { const char *header, *name, *value; } rows[] = {
        { "multipart/form-data; boundary=abc", "boundary", "abc" }, { "multipart/form-data; charset=x; Boundary=\"a;b\" ", "boundary", "a;b" },
        { "multipart/form-data;boundary=abc ; x=1", "boundary", "abc" }, { "form-data; name=\"\"", "name", "" }, { "form-data; name", "name", NULL },
        { "form-data; filename=\"C:\\dir\\a\"b.txt\"", "filename", "C:\\dir\\a\"b.txt" }, { "form-data; filename=\"open", "filename", "open" }, { "form-data", "name", NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP_FREE char *value = multipart_param(rows[i].header, rows[i].name);

        ck_assert_msg(str_eq(value, rows[i].value), "%s: '%s'", rows[i].header, value != NULL ? value : "none");
    }
}
END_TEST

START_TEST(fuzz_a_damaged_form_is_read_alike_however_it_is_cut)
{
    static const char alphabet[] = "\r\n-X:;\" =aA\t";

    srand(20240);
    for (int round = 0; round < ROUNDS; round++) {
        char damaged[sizeof form];
        CLEANUP_FREE char *first = NULL;
        size_t len = (size_t)rand() % sizeof form;
        int whole;

        memcpy(damaged, form, sizeof form);
        for (int n = rand() % 6; n > 0; n--)
            damaged[(size_t)rand() % sizeof form] = rand() % 8 > 0 ? alphabet[(size_t)rand() % (sizeof alphabet - 1)] : (char)rand();
        whole = read_form("X", damaged, len, sizeof form);
        first = xstrndup(seen.text, seen.len);
        for (int again = 0; again < 3; again++) {
            ck_assert_int_eq(read_form("X", damaged, len, 0), whole);
            ck_assert_str_eq(seen.text, first);
        }
    }
}
END_TEST

START_TEST(a_signature_fits_in_hex_and_base64)
{
    static const char key[] = "key", text[] = "The quick brown fox jumps over the lazy dog";

    ck_assert_int_eq(signed_fits("de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9", key, text), 1);
    ck_assert_int_eq(signed_fits("de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d8", key, text), 0);
    ck_assert_int_eq(signed_fits("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8", key, text), 1);
    ck_assert_int_eq(signed_fits("sha256:97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=", key, text), 1);
    ck_assert_int_eq(signed_fits("sha256:97yD9DBThCSxMpjmqm-xQ-9NWaFJRhdZl0edvC0aPNg", key, text), 1);
    ck_assert_int_eq(signed_fits("sha1:3nybhbi3iqa8ino29wqQcBydtNk=", key, text), 1);
    ck_assert_int_eq(signed_fits("sha512:97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=", key, text), 0);
    ck_assert_int_eq(signed_fits("", key, text), 0);
    ck_assert_int_eq(signed_fits("sha256:", key, text), 0);
    ck_assert_ptr_null(signed_digest("md5:abc"));
    ck_assert_str_eq(signed_digest("sha512:x"), "sha512");
}
END_TEST

START_TEST(digests_stand_in_lists)
{
    char json[64];

    ck_assert_int_eq(signed_in_list("sha1, sha512", "sha512"), 1);
    ck_assert_int_eq(signed_in_list("sha1,sha5", "sha512"), 0);
    ck_assert_int_eq(signed_list_json("sha1,sha256", json, sizeof json), 0);
    ck_assert_str_eq(json, "\"sha1\",\"sha256\"");
    ck_assert_int_eq(signed_list_json("sha1,md5", json, sizeof json), -1);
    ck_assert_int_eq(signed_list_json("", json, sizeof json), -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("multipart");
    TCase *tc = tcase_create("multipart");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_form_is_read_alike_in_pieces_of_every_size);
    tcase_add_test(tc, what_is_no_form_is_refused);
    tcase_add_test(tc, a_parameter_is_found_with_and_without_quotes);
    tcase_add_test(tc, fuzz_a_damaged_form_is_read_alike_however_it_is_cut);
    tcase_add_test(tc, a_signature_fits_in_hex_and_base64);
    tcase_add_test(tc, digests_stand_in_lists);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
