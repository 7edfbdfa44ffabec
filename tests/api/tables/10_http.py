"""HTTP itself: what stands before any service, and what only odd clients send."""
S = "/compute/v2.1/servers"
N = "/network/v2.0/networks"
rows = [
    # nobody gets to know what there is behind the token check; identity, which gives tokens, is open about its paths
    ("nobody", "GET /compute/v2.1/no-such", 401, {"head": {"WWW-Authenticate": "Keystone uri=\"{base}/identity\""}, "has": {"unauthorized.code": 401}}),
    ("nobody", "PATCH /compute/v2.1/servers", 401),
    ("nobody", "GET /network/v2.0/no-such", 401, {"has": {"NeutronError.type": "HTTPUnauthorized"}}),
    ("nobody", "GET /image/v2/no-such", 401),
    ("nobody", "GET /identity/v3/no-such", 404),
    ("nobody", "GET /no-such", 404),
    ("member", "GET /compute/v2.1/no-such", 404, {"has": {"itemNotFound.message": ...}}),
    ("member", "GET /compute/no-such", 404),
    ("member", "GET /network/v2.0/no-such", 404, {"has": {"NeutronError.type": "HTTPNotFound"}}),
    ("member", "PATCH /compute/v2.1/servers", 405, {"head": {"Allow": re.compile("GET.*POST|POST.*GET")}}),
    ("member", "DELETE " + S, 405),
    ("member", "POST /network/v2.0/networks/{net}", 405),
    ("member", "GET " + S, 401, {"h": {"X-Auth-Token": "nonsense"}}),
    ("member", "GET " + S, 401, {"h": {"X-Auth-Token": "y" * 3000}}),
    # paths
    ("member", "GET " + S + "/", 200), ("member", "GET /compute/v2.1//servers", 200), ("member", "GET /compute/v2.1/servers?", 200),
    ("member", "GET /network/v2.0/networks/", 200), ("member", "GET " + N + "/{net}/", 200),
    ("member", "GET /network/v2.0/networks.json", 200, {"has": {"networks": ...}}),
    ("member", "GET " + N + "/{net}.json", 200, {"has": {"network.id": "{net}"}}),
    ("member", "GET /compute/v2.1/servers/%7Bnone%7D", 404),
    ("member", "GET /compute/v2.1/servers/%00", 400), ("member", "GET /compute/v2.1/servers/%zz", 400), ("member", "GET /compute/v2.1/servers/%ff%fe", 400),
    ("member", "GET /compute/v2.1/servers/../flavors", (404, 400)),
    ("member", "GET /compute/v2.1/servers/..%2Fflavors", 404),
    # HEAD is GET without a body; OPTIONS says what there is
    ("member", "HEAD " + S, 200), ("member", "HEAD " + S + "/{server}", 200), ("member", "HEAD " + N + "/{net}", 200), ("member", "HEAD " + S + "/{none}", 404),
    # negotiation
    ("member", "GET " + S, 200, {"h": {"Accept": "application/json"}}), ("member", "GET " + S, 200, {"h": {"Accept": "*/*"}}),
    ("member", "GET " + S, 200, {"h": {"Accept": "application/json;q=0.9, text/plain"}}),
    ("member", "GET " + S, 200, {"h": {"Accept-Encoding": "gzip, deflate"}, "head": {"Content-Encoding": None}}),
    # content types: JSON in any guise, also without saying so
    Row("member", "POST " + N, 201, h={"Content-Type": "application/json; charset=utf-8"}, body={"network": {"name": "charset"}}, save={"n": "network.id"}),
    ("member", "DELETE " + N + "/{n}", 204),
    Row("member", "POST " + N, 201, h={"Content-Type": None}, body={"network": {"name": "no-type"}}, save={"n": "network.id"}),
    ("member", "DELETE " + N + "/{n}", 204),
    Row("member", "POST " + S + "/{server}/metadata", 200, h={"Content-Type": "application/json;charset=UTF-8"}, body={"metadata": {"a": "ü"}}, has={"metadata.a": "ü"}),
    Row("member", "POST " + S + "/{server}/metadata", 200, h={"Content-Type": None}, body={"metadata": {"b": "2"}}),
    Row("member", "POST " + S + "/{server}/metadata", (400, 415), h={"Content-Type": "application/xml"}, body="<metadata/>"),
    Row("member", "POST " + S + "/{server}/metadata", 400, h={"Content-Type": "text/plain"}, body="hello"),
    # bodies that are none
    ("member", "POST " + S, 400), ("member", "POST " + S, 400, {"body": ""}), ("member", "POST " + S, 400, {"body": "{"}), ("member", "POST " + S, 400, {"body": "[]"}),
    ("member", "POST " + S, 400, {"body": "null"}), ("member", "POST " + S, 400, {"body": "\"server\""}), ("member", "POST " + S, 400, {"body": "{}"}),
    ("member", "POST " + S, 400, {"body": {"server": None}}), ("member", "POST " + S, 400, {"body": {"server": []}}),
    ("member", "POST " + S, 400, {"body": b'{"server": {"name": "\xff\xfe"}}'}), ("member", "POST " + S, 400, {"body": b'{"server": {"name": "a\\u0000b"}}'}),
    ("member", "POST " + S, 400, {"body": '{"server": {"name": "\ud800"}}'}), ("member", "POST " + S, 400, {"body": '{"server": {"name": NaN}}'}),
    ("member", "POST " + S, 400, {"body": "[" * 50000}), ("member", "POST " + S, 400, {"body": '{"a":' * 5000 + "1" + "}" * 5000}),
    ("member", "POST " + S, 400, {"body": '{"server": {"name": 1e999}}'}), ("member", "POST " + S, 400, {"body": '{"server": {"min_count": 123456789012345678901234567890}}'}),
    ("member", "POST " + N, 400, {"body": "{"}), ("member", "POST " + N, 400, {"body": "[" * 50000}), ("member", "POST " + N, 400), ("member", "POST " + N, 400, {"body": "{}"}),
    ("member", "POST " + N, 400, {"body": {"network": []}}), ("member", "POST " + N, 400, {"body": {"network": None}}), ("member", "POST " + N, 400, {"body": {"networks": {}}}),
    ("member", "POST " + N, 400, {"body": {"networks": []}}),
    ("member", "POST " + S, 413, {"body": "{\"server\": \"" + "x" * 1200000 + "\"}", "h": {}}),
    # query strings
    ("member", "GET " + S + "?" + "&".join("a%d=1" % i for i in range(300)), 400),
    ("member", "GET " + S + "?name=%zz", 400), ("member", "GET " + S + "?name=" + "x" * 9000, (400, 414)),
    ("member", "GET " + S + "?limit=abc", 400), ("member", "GET " + S + "?limit=-1", 400), ("member", "GET " + S + "?limit=0", 200), ("member", "GET " + S + "?limit=", 400),
    ("member", "GET " + S + "?limit=99999999999999999999", 400), ("member", "GET " + S + "?marker={none}", 400), ("member", "GET " + S + "?marker=x'y", 400),
    ("member", "GET " + S + "?limit=1&limit=2", 200),

    # Where a new thing is, in a header: encoded.
    ("admin", "PUT /identity/v3/projects/{member_project}/tags/a%0D%0AX-Evil%3A%20b", 201,
        {"head": {"Location": "{base}/identity/v3/projects/{member_project}/tags/a%0D%0AX-Evil%3A%20b", "X-Evil": None}}),
    ("member", "PUT /compute/v2.1/servers/{server}/tags/a%20b", 201, {"v": "2.26", "head": {"Location": "{base}/compute/v2.1/servers/{server}/tags/a%20b"}}),
    ("member", "DELETE /compute/v2.1/servers/{server}/tags/a%20b", 204, {"v": "2.26"}),
    ("admin", "POST /image/v2/metadefs/namespaces", 201, {"body": {"namespace": "a b::c"}, "head": {"Location": "{base}/image/v2/metadefs/namespaces/a%20b%3A%3Ac"}}),
    ("admin", "DELETE /image/v2/metadefs/namespaces/a%20b%3A%3Ac", 204),
]
