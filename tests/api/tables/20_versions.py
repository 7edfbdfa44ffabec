"""Discovery, and microversions on the wire."""
S = "/compute/v2.1/servers"
V = lambda v, **h: {"OpenStack-API-Version": v, **h}
rows = [
    ("nobody", "GET /", 300 if False else (200, 300)),
    ("nobody", "GET /compute", 200, {"has": {"versions.0.id": "v2.0", "versions.1.id": "v2.1"}}),
    ("nobody", "GET /compute/", 200, {"has": {"versions.0.id": "v2.0", "versions.0.links.0.href": "{base}/compute/v2/", "versions.1.version": ..., "versions.1.min_version": "2.1",
                                              "versions.1.status": "CURRENT"}}),
    ("nobody", "GET /compute/v2/", 200, {"has": {"version.id": "v2.0", "version.media-types": ...}}),
    ("nobody", "GET /compute/v2.1", 200, {"has": {"version.id": "v2.1", "version.links.0.href": "{base}/compute/v2.1/"}}),
    ("nobody", "GET /compute/v2.1/", 200, {"has": {"version.min_version": "2.1"}, "save": {"max": "version.version"}}),
    ("nobody", "GET /compute/v2.1", 200, {"h": {"X-Auth-Token": "nonsense"}}),
    ("nobody", "GET /network/", 200, {"has": {"versions.0.id": "v2.0", "versions.0.links.0.href": "{base}/network/v2.0/"}}),
    ("nobody", "GET /network/v2.0/", 401),
    ("member", "GET /network/v2.0/", 200, {"has": {"resources.0.links.0.href": re.compile("^{base}".replace("{base}", "http"))}}),
    ("nobody", "HEAD /compute/", 200),
    ("nobody", "POST /compute/", (404, 405)),
    # the old header, the new one, both, none
    ("member", "GET " + S, 200, {"head": {"OpenStack-API-Version": "compute 2.1", "X-OpenStack-Nova-API-Version": "2.1",
                                          "Vary": re.compile("OpenStack-API-Version.*X-OpenStack-Nova-API-Version")}}),
    Row("member", "GET " + S, 200, h=V("compute 2.60"), head={"OpenStack-API-Version": "compute 2.60", "X-OpenStack-Nova-API-Version": "2.60"}),
    Row("member", "GET " + S, 200, h=V("Compute 2.60"), head={"OpenStack-API-Version": "compute 2.60"}),
    Row("member", "GET " + S, 200, h={"X-OpenStack-Nova-API-Version": "2.37"}, head={"X-OpenStack-Nova-API-Version": "2.37"}),
    Row("member", "GET " + S, 200, h=V("compute latest"), head={"OpenStack-API-Version": "compute {max}"}),
    Row("member", "GET " + S, 200, h={"X-OpenStack-Nova-API-Version": "latest"}, head={"X-OpenStack-Nova-API-Version": "{max}"}),
    Row("member", "GET " + S, 200, h=V("volume 3.60"), head={"OpenStack-API-Version": "compute 2.1"}),
    Row("member", "GET " + S, 200, h=V("volume 3.60, compute 2.53"), head={"OpenStack-API-Version": "compute 2.53"}),
    Row("member", "GET " + S, 200, h=V("compute 2.53", **{"X-OpenStack-Nova-API-Version": "2.10"}), head={"OpenStack-API-Version": "compute 2.53"}),
    Row("member", "GET " + S, 406, h=V("compute 2.999"), has={"computeFault.code": 406} if False else {}, says="2.999"),
    Row("member", "GET " + S, 406, h=V("compute 3.0")), Row("member", "GET " + S, 406, h=V("compute 2.0")),
    Row("member", "GET " + S, 406, h={"X-OpenStack-Nova-API-Version": "2.999"}, says="2.999"),
    Row("member", "GET " + S, 400, h=V("compute 2")), Row("member", "GET " + S, 400, h=V("compute two")), Row("member", "GET " + S, 400, h=V("compute 2.1.1")),
    Row("member", "GET " + S, 400, h={"X-OpenStack-Nova-API-Version": "2.01"}), Row("member", "GET " + S, 400, h={"X-OpenStack-Nova-API-Version": "-2.1"}),
    Row("member", "GET " + S + "/{none}", 404, h=V("compute 2.60"), head={"OpenStack-API-Version": "compute 2.60"}),
    Row("nobody", "GET " + S, 401, h=V("compute 2.60")),
    # what begins and ends with a version
    ("member", "GET " + S + "/{server}/tags", 404, {"v": "2.25"}), ("member", "GET " + S + "/{server}/tags", 200, {"v": "2.26"}),
    ("admin", "GET /compute/v2.1/os-hypervisors/statistics", 200, {"v": "2.87"}), ("admin", "GET /compute/v2.1/os-hypervisors/statistics", (404, 400), {"v": "2.88"}),
]
# unknown query parameters are refused from 2.75 on, and from 2.53 or 2.58 where the reference says so; before that they are ignored
for who, path, since in (
        ("member", S, 75), ("member", S + "/detail", 75), ("member", "/compute/v2.1/flavors", 75), ("member", "/compute/v2.1/flavors/detail", 75),
        ("member", "/compute/v2.1/os-keypairs", 75), ("member", "/compute/v2.1/limits", 75), ("admin", "/compute/v2.1/os-services", 75),
        ("member", "/compute/v2.1/os-server-groups", 75), ("member", "/compute/v2.1/os-quota-sets/{member_project}", 75),
        ("member", "/compute/v2.1/os-quota-sets/{member_project}/detail", 75), ("admin", "/compute/v2.1/os-hypervisors", 53),
        ("admin", "/compute/v2.1/os-hypervisors/detail", 53), ("member", S + "/{server}/os-instance-actions", 58)):
    rows += [(who, "GET %s?nonsense=1" % path, 200, {"v": "2.%d" % (since - 1)}), (who, "GET %s?nonsense=1" % path, 400, {"v": "2.%d" % since, "says": "nonsense"}),
             (who, "GET %s?nonsense=1" % path, 400, {"v": "2.93"}), (who, "GET %s?nonsense=1" % path, 200, {"v": "2.1"})]
for path in S + "/{server}", "/compute/v2.1/flavors/42", "/compute/v2.1/os-availability-zone", S + "/{server}/ips", S + "/{server}/metadata":
    rows.append(("member", "GET %s?nonsense=1" % path, 200, {"v": "2.93"}))
# every version is served, and says so
rows += [("member", "GET %s/{server}" % S, 200, {"v": "2.%d" % minor}) for minor in range(1, 94)]
