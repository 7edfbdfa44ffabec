/* identity_mapping_test.c: attribute mappings: which rules are well-formed, and what they make of assertions. */
#include "config.h"
#include <check.h>
#include <stdlib.h>

#include "base/json.h"
#include "identity/mapping.h"
#include "unit.h"

/* JSON with ' for ", so that the tables can be read. */
static json_t *
parse(const char *text)
{
    CLEANUP_FREE char *copy = xstrdup(text);
    CLEANUP_JSON json_t *wrapped = NULL;
    CLEANUP_FREE char *object = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;

    for (char *p = copy; *p != '\0'; p++) {
        if (*p == '\'')
            *p = '"';
        else if (*p == '`')
            *p = '\'';
    }
    object = xasprintf("{\"v\":%s}", copy);
    ck_assert_msg(json_parse(object, strlen(object), &wrapped, &err) == 0, "%s: %s", text, err.message);
    return json_incref(json_object_get(wrapped, "v"));
}

#define USER "{'user':{'name':'{0}'}}"
#define BOB "{'UserName':'bob'}"

/* --- what becomes of an assertion: 'expected' is a part of the answer; NULL: refused, with 'why' in the message */
static const struct { const char *name, *version, *rules, *assertion, *expected, *why; } cases[] = {
    { "a name is taken over", "1.0", "[{'local':[" USER "],'remote':[{'type':'UserName'}]}]", BOB,
      "{'user':{'name':'bob','type':'ephemeral'},'group_ids':[],'group_names':[],'projects':[]}", NULL },
    { "two values make one name", "1.0", "[{'local':[{'user':{'name':'{0} {1}','email':'{2}'}}],'remote':[{'type':'First'},{'type':'Last'},{'type':'Email'}]}]",
      "{'First':'Bob','Last':'Thompson','Email':'b@x.org'}", "{'user':{'name':'Bob Thompson','email':'b@x.org','type':'ephemeral'}}", NULL },
    { "places without numbers count up", "1.0", "[{'local':[{'user':{'name':'{}-{}'}}],'remote':[{'type':'A'},{'type':'B'}]}]", "{'A':'x','B':'y'}",
      "{'user':{'name':'x-y','type':'ephemeral'}}", NULL },
    { "doubled braces are braces", "1.0", "[{'local':[{'user':{'name':'{{{0}}}'}}],'remote':[{'type':'A'}]}]", "{'A':'x'}", "{'user':{'name':'{x}','type':'ephemeral'}}", NULL },
    { "a rule whose attribute is not said does not fit", "1.0", "[{'local':[" USER "],'remote':[{'type':'UserName'},{'type':'Email'}]}]", BOB, NULL, "no rule of the mapping fits" },
    { "an empty value is a value", "1.0", "[{'local':[" USER "],'remote':[{'type':'UserName'}]}]", "{'UserName':''}", "{'user':{'name':'','type':'ephemeral'}}", NULL },
    { "a place for which nothing was found is refused", "1.0", "[{'local':[{'user':{'name':'{1}'}}],'remote':[{'type':'UserName'}]}]", BOB, NULL, "no more than 1 values" },
    { "conditions fill no places", "1.0", "[{'local':[" USER "],'remote':[{'type':'Kind','any_one_of':['Staff']},{'type':'UserName'}]}]", "{'Kind':'Staff','UserName':'bob'}",
      "{'user':{'name':'bob','type':'ephemeral'}}", NULL },

    /* any_one_of, not_any_of */
    { "any one of several values is enough", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','any_one_of':['A','B']}]}]", "{'Kind':'X;B'}",
      "{'group_ids':['g']}", NULL },
    { "none of the values", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','any_one_of':['A','B']}]}]", "{'Kind':'X;Y'}", NULL, "no rule" },
    { "a part of a value is not it", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','any_one_of':['A']}]}]", "{'Kind':'AA'}", NULL, "no rule" },
    { "an expression is found anywhere", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Email','any_one_of':['@x\\\\.org$'],'regex':true}]}]", "{'Email':'b@x.org'}",
      "{'group_ids':['g']}", NULL },
    { "an expression that is not found", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Email','any_one_of':['@x\\\\.org$'],'regex':true}]}]", "{'Email':'b@x.org.evil'}",
      NULL, "no rule" },
    { "without regex, dots are dots", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Email','any_one_of':['b.c'],'regex':false}]}]", "{'Email':'bxc'}", NULL, "no rule" },
    { "not any of: none is there", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','not_any_of':['A','B']}]}]", "{'Kind':'X;Y'}", "{'group_ids':['g']}", NULL },
    { "not any of: one is there", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','not_any_of':['A','B']}]}]", "{'Kind':'X;B'}", NULL, "no rule" },
    { "not any of needs the attribute", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','not_any_of':['A']}]}]", BOB, NULL, "no rule" },
    { "not any of with expressions", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'Kind','not_any_of':['^ex-'],'regex':true}]}]", "{'Kind':'ex-staff'}", NULL, "no rule" },
    { "an expression that runs away is refused", "1.0", "[{'local':[{'group':{'id':'g'}}],'remote':[{'type':'K','any_one_of':['^(a+)+$'],'regex':true}]}]",
      "{'K':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'}", NULL, "takes too long" },

    /* whitelist, blacklist, lists */
    { "a whitelist keeps", "1.0", "[{'local':[{'groups':'{0}','domain':{'name':'d'}}],'remote':[{'type':'G','whitelist':['a','c']}]}]", "{'G':'a;b;c'}",
      "{'group_names':[{'name':'a','domain':{'name':'d'}},{'name':'c','domain':{'name':'d'}}]}", NULL },
    { "a blacklist drops", "1.0", "[{'local':[{'groups':'{0}','domain':{'name':'d'}}],'remote':[{'type':'G','blacklist':['a','c']}]}]", "{'G':'a;b;c'}",
      "{'group_names':[{'name':'b','domain':{'name':'d'}}]}", NULL },
    { "a whitelist by expression", "1.0", "[{'local':[{'groups':'{0}','domain':{'id':'d'}}],'remote':[{'type':'G','whitelist':['^dev-'],'regex':true}]}]", "{'G':'dev-a;ops-b;dev-c'}",
      "{'group_names':[{'name':'dev-a','domain':{'id':'d'}},{'name':'dev-c','domain':{'id':'d'}}]}", NULL },
    { "a blacklist by expression", "1.0", "[{'local':[{'groups':'{0}','domain':{'id':'d'}}],'remote':[{'type':'G','blacklist':['^dev-'],'regex':true}]}]", "{'G':'dev-a;ops-b;dev-c'}",
      "{'group_names':[{'name':'ops-b','domain':{'id':'d'}}]}", NULL },
    { "a whitelist that keeps nothing gives no groups", "1.0", "[{'local':[{'groups':'{0}','domain':{'id':'d'}}],'remote':[{'type':'G','whitelist':['x']}]}]", "{'G':'a'}",
      "{'group_names':[]}", NULL },
    { "an empty whitelist lets nothing through", "1.0", "[{'local':[{'groups':'{0}','domain':{'id':'d'}}],'remote':[{'type':'G','whitelist':[]}]}]", "{'G':'a;b'}",
      "{'group_names':[]}", NULL },
    { "an empty blacklist lets all through", "1.0", "[{'local':[{'group_ids':'{0}'}],'remote':[{'type':'G','blacklist':[]}]}]", "{'G':'a;b'}", "{'group_ids':['a','b']}", NULL },
    { "quotes in a group's name survive", "1.0", "[{'local':[{'groups':'{0}','domain':{'id':'d'}}],'remote':[{'type':'G'}]}]", "{'G':'it`s;x'}",
      "{'group_names':[{'name':'it`s','domain':{'id':'d'}},{'name':'x','domain':{'id':'d'}}]}", NULL },
    { "a single group is no list", "1.0", "[{'local':[{'groups':'{0}','domain':{'id':'d'}}],'remote':[{'type':'G'}]}]", "{'G':'[a'}",
      "{'group_names':[{'name':'[a','domain':{'id':'d'}}]}", NULL },
    { "ids of groups from the assertion", "1.0", "[{'local':[{'group_ids':'{0}'}],'remote':[{'type':'G'}]}]", "{'G':'a;b;a'}", "{'group_ids':['a','b']}", NULL },
    { "groups by name need a domain", "1.0", "[{'local':[{'groups':'{0}'}],'remote':[{'type':'G'}]}]", "{'G':'a'}", NULL, "'domain' must be specified" },
    { "a group with its own domain comes as JSON", "1.0", "[{'local':[{'groups':'{0}'}],'remote':[{'type':'G'}]}]", "{'G':'JSON:{\\\"name\\\":\\\"g\\\",\\\"domain\\\":{\\\"id\\\":\\\"x\\\"}}'}",
      "{'group_names':[{'name':'g','domain':{'id':'x'}}]}", NULL },
    { "several values in a name are shown as a list", "1.0", "[{'local':[" USER "],'remote':[{'type':'UserName'}]}]", "{'UserName':'a;b'}",
      "{'user':{'name':'[`a`, `b`]','type':'ephemeral'}}", NULL },

    /* groups of the rules; several rules */
    { "groups by name and domain", "1.0", "[{'local':[{'group':{'name':'g','domain':{'name':'d'}}}],'remote':[{'type':'UserName'}]}]", BOB,
      "{'group_names':[{'name':'g','domain':{'name':'d'}}]}", NULL },
    { "a group's name may be filled in", "1.0", "[{'local':[{'group':{'name':'of-{0}','domain':{'name':'d'}}}],'remote':[{'type':'UserName'}]}]", BOB,
      "{'group_names':[{'name':'of-bob','domain':{'name':'d'}}]}", NULL },
    { "rules that fit add up", "1.0", "[{'local':[" USER "],'remote':[{'type':'UserName'}]},{'local':[{'group':{'id':'a'}}],'remote':[{'type':'K','any_one_of':['x']}]},"
      "{'local':[{'group':{'id':'b'}}],'remote':[{'type':'K','any_one_of':['y']}]},{'local':[{'group':{'id':'a'}}],'remote':[{'type':'UserName'}]}]", "{'UserName':'bob','K':'x'}",
      "{'user':{'name':'bob','type':'ephemeral'},'group_ids':['a']}", NULL },
    { "the first user counts", "1.0", "[{'local':[{'user':{'name':'one'}}],'remote':[{'type':'UserName'}]},{'local':[{'user':{'name':'two'}}],'remote':[{'type':'UserName'}]}]", BOB,
      "{'user':{'name':'one','type':'ephemeral'}}", NULL },
    { "a local user", "1.0", "[{'local':[{'user':{'name':'{0}','type':'local','domain':{'id':'d'}}}],'remote':[{'type':'UserName'}]}]", BOB,
      "{'user':{'name':'bob','type':'local','domain':{'id':'d'}}}", NULL },

    /* projects; schema versions */
    { "projects with roles", "1.0", "[{'local':[{'projects':[{'name':'of {0}','roles':[{'name':'member'},{'name':'reader'}]}]}],'remote':[{'type':'UserName'}]}]", BOB,
      "{'projects':[{'name':'of bob','roles':[{'name':'member'},{'name':'reader'}]}]}", NULL },
    { "the last rule with projects counts", "1.0", "[{'local':[{'projects':[{'name':'a','roles':[]}]}],'remote':[{'type':'UserName'}]},"
      "{'local':[{'projects':[{'name':'b','roles':[]}]}],'remote':[{'type':'UserName'}]}]", BOB, "{'projects':[{'name':'b','roles':[]}]}", NULL },
    { "1.0: the mapping's domain is the groups' alone", "1.0", "[{'local':[{'user':{'name':'{0}'},'domain':{'id':'d'},'projects':[{'name':'p','roles':[]}]}],'remote':[{'type':'UserName'}]}]",
      BOB, "{'user':{'name':'bob','type':'ephemeral'},'projects':[{'name':'p','roles':[]}]}", NULL },
    { "2.0: it is the user's and the projects' too", "2.0", "[{'local':[{'user':{'name':'{0}'},'domain':{'id':'d'},'projects':[{'name':'p','roles':[]}]}],'remote':[{'type':'UserName'}]}]",
      BOB, "{'user':{'name':'bob','type':'ephemeral','domain':{'id':'d'}},'projects':[{'name':'p','roles':[],'domain':{'id':'d'}}]}", NULL },
    { "2.0: unless they say their own", "2.0",
      "[{'local':[{'user':{'name':'{0}','domain':{'id':'u'}},'domain':{'id':'d'},'projects':[{'name':'p','domain':{'name':'n'},'roles':[]}]}],'remote':[{'type':'UserName'}]}]",
      BOB, "{'user':{'name':'bob','type':'ephemeral','domain':{'id':'u'}},'projects':[{'name':'p','roles':[],'domain':{'name':'n'}}]}", NULL },
    { "3.0: projects of the assertion", "3.0", "[{'local':[{'projects_json':'{0}','domain':{'id':'d'}}],'remote':[{'type':'P'}]}]",
      "{'P':'[{\\\"name\\\":\\\"p\\\",\\\"roles\\\":[{\\\"name\\\":\\\"member\\\"}]}]'}", "{'projects':[{'name':'p','roles':[{'name':'member'}],'domain':{'id':'d'}}]}", NULL },
    { "3.0: which must be projects", "3.0", "[{'local':[{'projects_json':'{0}'}],'remote':[{'type':'P'}]}]", "{'P':'[{\\\"roles\\\":[]}]'}", NULL, "projects_json" },
    { "3.0: and JSON", "3.0", "[{'local':[{'projects_json':'{0}'}],'remote':[{'type':'P'}]}]", "{'P':'p'}", NULL, "projects_json" },
};

START_TEST(assertions_become_what_the_rules_say)
{
    CLEANUP_JSON json_t *rules = parse(cases[_i].rules);
    CLEANUP_JSON json_t *assertion = parse(cases[_i].assertion);
    CLEANUP_JSON json_t *expected = cases[_i].expected != NULL ? parse(cases[_i].expected) : NULL;
    CLEANUP_JSON json_t *who = NULL;
    struct cairn_error err = CAIRN_ERROR_INIT;
    const char *key;
    json_t *value;
    int ok;

    ck_assert_msg(mapping_check(rules, cases[_i].version, &err) == 0, "%s: %s", cases[_i].name, err.message);
    ok = mapping_apply(rules, cases[_i].version, assertion, &who, &err);
    if (expected == NULL) {
        ck_assert_msg(ok < 0 && err.code == CAIRN_INVALID, "%s: was not refused", cases[_i].name);
        ck_assert_msg(strstr(err.message, cases[_i].why) != NULL, "%s: %s", cases[_i].name, err.message);
        return;
    }
    ck_assert_msg(ok == 0, "%s: %s", cases[_i].name, err.message);
    json_object_foreach(expected, key, value) {
        CLEANUP_FREE char *got = json_text(json_object_get(who, key));

        ck_assert_msg(json_equal(json_object_get(who, key), value), "%s: %s is %s", cases[_i].name, key, got);
    }
}
END_TEST

/* --- rules that are none */
static const struct { const char *version, *rules, *why; } bad[] = {
    { "1.0", "{}", "a list of 1 to" },
    { "1.0", "[]", "a list of 1 to" },
    { "4.0", "[{'local':[],'remote':[{'type':'x'}]}]", "no schema version '4.0'" },
    { "1.0", "['x']", "rules[0]: it must be an object" },
    { "1.0", "[{'local':[]}]", "'remote' is needed" },
    { "1.0", "[{'remote':[{'type':'x'}]}]", "'local' is needed" },
    { "1.0", "[{'local':[],'remote':[]}]", "'remote' must not be empty" },
    { "1.0", "[{'local':[],'remote':[{'type':'x'}],'also':1}]", "'also' is not known" },
    { "1.0", "[{'local':[],'remote':[{}]}]", "'type' is needed" },
    { "1.0", "[{'local':[],'remote':[{'type':1}]}]", "'type' is needed" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','any_one_of':'y'}]}]", "must be a list" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','any_one_of':[1]}]}]", "a list of texts" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','any_one_of':[],'not_any_of':[]}]}]", "there may be one of" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','whitelist':[],'blacklist':[]}]}]", "there may be one of" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','regex':true}]}]", "beside one only" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','whitelist':['a'],'regex':'yes'}]}]", "true or false" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','whitelist':['('],'regex':true}]}]", "no regular expression" },
    { "1.0", "[{'local':[],'remote':[{'type':'x','bad_requirement':[]}]}]", "'bad_requirement' is not known" },
    { "1.0", "[{'local':[{'person':{}}],'remote':[{'type':'x'}]}]", "rules[0].local[0]: 'person' is not known" },
    { "1.0", "[{'local':[{'user':{'name':1}}],'remote':[{'type':'x'}]}]", "'name' must be a text" },
    { "1.0", "[{'local':[{'user':{'type':'robot'}}],'remote':[{'type':'x'}]}]", "'ephemeral' or 'local'" },
    { "1.0", "[{'local':[{'group':{'name':'g'}}],'remote':[{'type':'x'}]}]", "a 'name' and a 'domain'" },
    { "1.0", "[{'local':[{'group':{'id':'g','name':'g'}}],'remote':[{'type':'x'}]}]", "'name' is not known" },
    { "1.0", "[{'local':[{'groups':['a']}],'remote':[{'type':'x'}]}]", "'groups' must be a text" },
    { "1.0", "[{'local':[{'domain':'d'}],'remote':[{'type':'x'}]}]", "must be an object" },
    { "1.0", "[{'local':[{'projects':[{'name':'p'}]}],'remote':[{'type':'x'}]}]", "a list of 'roles'" },
    { "1.0", "[{'local':[{'projects':[{'name':'p','roles':[{}]}]}],'remote':[{'type':'x'}]}]", "a role has a 'name'" },
    { "1.0", "[{'local':[{'projects':[{'name':'p','roles':[],'domain':{'id':'d'}}]}],'remote':[{'type':'x'}]}]", "'domain' is not known" },
    { "2.0", "[{'local':[{'projects_json':'{0}'}],'remote':[{'type':'x'}]}]", "'projects_json' is not known" },
};

START_TEST(rules_that_are_none_are_refused_with_the_place)
{
    CLEANUP_JSON json_t *rules = parse(bad[_i].rules);
    struct cairn_error err = CAIRN_ERROR_INIT;

    ck_assert_msg(mapping_check(rules, bad[_i].version, &err) < 0, "%s passed", bad[_i].rules);
    ck_assert_int_eq(err.code, CAIRN_INVALID);
    ck_assert_msg(strstr(err.message, bad[_i].why) != NULL, "%s: %s", bad[_i].rules, err.message);
}
END_TEST

START_TEST(lists_in_a_text_survive_the_way_there_and_back)
{
    CLEANUP_JSON json_t *list = json_pack("[s,s,s,s]", "plain", "it's \"quoted\"", "back\\slash, comma]", "");
    CLEANUP_FREE char *text = mapping_list_text(list);
    CLEANUP_JSON json_t *again = mapping_list_parse(text);
    static const char *const none[] = { "", "a", "[", "['a'", "['a' 'b']", "['a',", "[a]", "['a'] x", "['a\\" };

    ck_assert_msg(json_equal(list, again), "%s", text);
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        ck_assert_msg(mapping_list_parse(none[i]) == NULL, "%s", none[i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("mapping");
    TCase *t = tcase_create("mapping");

    tcase_add_loop_test(t, assertions_become_what_the_rules_say, 0, (int)ARRAY_LEN(cases));
    tcase_add_loop_test(t, rules_that_are_none_are_refused_with_the_place, 0, (int)ARRAY_LEN(bad));
    tcase_add_test(t, lists_in_a_text_survive_the_way_there_and_back);
    suite_add_tcase(s, t);
    return run_suite(s);
}
