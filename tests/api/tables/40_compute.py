"""Flavors, key pairs, quotas, limits, server groups, services, hypervisors, zones."""
C = "/compute/v2.1"
F = C + "/flavors"
K = C + "/os-keypairs"
G = C + "/os-server-groups"
Q = C + "/os-quota-sets"
KEY = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32))).decode() + " wire"


def flavor(status, v=None, who="admin", says=None, **more):
    body = {"name": "f", "ram": 64, "vcpus": 1, "disk": 1}
    body.update(more)
    return Row(who, "POST " + F, status, v=v, says=says, body={"flavor": {k: b for k, b in body.items() if b is not ...}}, name="POST /flavors with %s at %s" % (str(more)[:80], v))


def key(status, v=None, who="member", **body):
    return Row(who, "POST " + K, status, v=v, body={"keypair": body}, name="POST /os-keypairs with %s at %s" % (str(body)[:80], v))


def quota(status, v=None, who="admin", says=None, project="{member_project}", **body):
    return Row(who, "PUT %s/%s" % (Q, project), status, v=v, says=says, body={"quota_set": body})


def group(status, v=None, who="member", **body):
    return Row(who, "POST " + G, status, v=v, body={"server_group": body}, name="POST /os-server-groups with %s at %s" % (str(body)[:80], v))


FLAVOR_21 = "id name ram disk swap OS-FLV-EXT-DATA:ephemeral OS-FLV-DISABLED:disabled vcpus os-flavor-access:is_public rxtx_factor links".split()
rows = [
    # --- flavors
    ("member", "GET " + F, 200, {"has": {"flavors.0.id": ..., "flavors.0.name": ..., "flavors.0.links.#": 2, "flavors.0.ram": None, "flavors.0.description": None}}),
    ("member", "GET " + F, 200, {"v": "2.55", "has": {"flavors.0.description": None, "flavors.0.ram": None}}),
    ("member", "GET %s/detail" % F, 200, {"has": {"flavors.0." + k: ... for k in FLAVOR_21}}),
    ("member", "GET %s/42" % F, 200, {"has": {**{"flavor." + k: ... for k in FLAVOR_21}, "flavor.swap": "", "flavor.description": None, "flavor.extra_specs": None}}),
    ("member", "GET %s/42" % F, 200, {"v": "2.61", "has": {"flavor.extra_specs": {}, "flavor.description": None}}), ("member", "GET %s/42" % F, 200, {"v": "2.75", "has": {"flavor.swap": 0}}),
    ("member", "GET %s/nothing" % F, 404, {"says": "Flavor nothing could not be found"}), ("member", "GET %s?limit=1" % F, 200, {"has": {"flavors.#": 1, "flavors_links.0.rel": "next"}}),
    ("member", "GET %s?limit=1&marker=42" % F, 200, {"has": {"flavors.#": 1}}), ("member", "GET %s?marker=nothing" % F, 400), ("member", "GET %s?limit=-1" % F, 400),
    ("member", "GET %s?minRam=1024" % F, 200, {"has": {"flavors": lambda l: 0 < len(l) < 6}}), ("member", "GET %s?minRam=x" % F, 400), ("member", "GET %s?minDisk=x" % F, 400),
    ("member", "GET %s?sort_key=memory_mb&sort_dir=desc" % F, 200, {"has": {"flavors.0.name": "m1.large"}}), ("member", "GET %s?sort_key=memory_mb" % F, 200, {"has": {"flavors.0.name": "m1.nano"}}),
    ("member", "GET %s?sort_key=nonsense" % F, 400), ("member", "GET %s?sort_dir=up&sort_key=name" % F, 400), ("admin", "GET %s?is_public=None" % F, 200), ("admin", "GET %s?is_public=x" % F, 400), ("admin", "GET %s?is_public=f" % F, 200, {"has": {"flavors": []}}), ("admin", "GET %s?is_public=t&limit=0" % F, 200, {"has": {"flavors": []}}),
    ("member", "GET %s?is_public=False" % F, 200, {"has": {"flavors.0": ...}}),
    Row("admin", "POST " + F, 200, body={"flavor": {"name": "wire-f", "id": "wire-f", "ram": "64", "vcpus": 1, "disk": 0, "swap": 16, "OS-FLV-EXT-DATA:ephemeral": 1, "rxtx_factor": 2.0,
        "os-flavor-access:is_public": False}}, has={**{"flavor." + k: ... for k in FLAVOR_21}, "flavor.swap": 16, "flavor.rxtx_factor": 2.0, "flavor.os-flavor-access:is_public": False}),
    flavor(409, name="wire-f", says="wire-f"), flavor(409, name="other", id="wire-f"), flavor(403, who="member"), flavor(400, name=...), flavor(400, name=""), flavor(400, name="  "), flavor(400, name="{x300}"),
    flavor(400, ram=0), flavor(400, ram=-1), flavor(400, ram="x"), flavor(400, ram=...), flavor(400, ram=2 ** 31), flavor(400, vcpus=0), flavor(400, vcpus=1.5), flavor(400, vcpus=None),
    flavor(400, disk=-1), flavor(400, disk=...), flavor(400, swap=-1), flavor(400, rxtx_factor=0), flavor(400, rxtx_factor=-1.0), flavor(400, rxtx_factor="x"), flavor(400, id=""), flavor(400, id="a/b"),
    flavor(400, id=" a"), flavor(400, id="{x300}"), flavor(400, **{"os-flavor-access:is_public": "maybe"}), flavor(400, nonsense=1), flavor(400, description="x", v="2.54"),
    flavor(400, description="{x70k}", v="2.55"), flavor(400, description=7, v="2.55"),
    Row("admin", "PUT %s/wire-f" % F, 200, v="2.55", body={"flavor": {"description": "said"}}, has={"flavor.description": "said"}), Row("admin", "PUT %s/wire-f" % F, 400, v="2.55", body={"flavor": {"ram": 1}}),
    Row("admin", "PUT %s/wire-f" % F, 400, v="2.55", body={"flavor": {}}), Row("admin", "PUT %s/wire-f" % F, 404, v="2.54", body={"flavor": {"description": "said"}}),
    Row("admin", "PUT %s/nothing" % F, 404, v="2.55", body={"flavor": {"description": "x"}}), Row("member", "PUT %s/wire-f" % F, 403, v="2.55", body={"flavor": {"description": "x"}}),
    ("member", "GET %s/wire-f" % F, 404), ("admin", "GET %s/wire-f/os-flavor-access" % F, 200, {"has": {"flavor_access": []}}), ("admin", "GET %s/42/os-flavor-access" % F, 404),
    ("admin", "POST %s/wire-f/action" % F, 200, {"body": {"addTenantAccess": {"tenant": "{member_project}"}}, "has": {"flavor_access.0.tenant_id": "{member_project}", "flavor_access.0.flavor_id": "wire-f"}}),
    ("admin", "POST %s/wire-f/action" % F, 409, {"body": {"addTenantAccess": {"tenant": "{member_project}"}}}), ("admin", "POST %s/wire-f/action" % F, 400, {"body": {"addTenantAccess": {}}}),
    ("admin", "POST %s/42/action" % F, 409, {"v": "2.7", "body": {"addTenantAccess": {"tenant": "{member_project}"}}}), ("member", "POST %s/wire-f/action" % F, 403, {"body": {"addTenantAccess": {"tenant": "{member_project}"}}}),
    ("admin", "POST %s/wire-f/action" % F, 400, {"body": {"addTenantAccess": {"tenant": "{none}"}}}), ("admin", "POST %s/wire-f/action" % F, 400, {"body": {"nonsense": {}}}),
    ("member", "GET %s/wire-f" % F, 200), ("stranger", "GET %s/wire-f" % F, 404),
    ("admin", "POST %s/wire-f/action" % F, 200, {"body": {"removeTenantAccess": {"tenant": "{member_project}"}}, "has": {"flavor_access": []}}),
    ("admin", "POST %s/wire-f/action" % F, 404, {"body": {"removeTenantAccess": {"tenant": "{member_project}"}}}),
    ("admin", "POST %s/wire-f/os-extra_specs" % F, 200, {"body": {"extra_specs": {"hw:cpu_policy": "shared", "a:b": "c"}}, "has": {"extra_specs.a:b": "c"}}),
    ("admin", "POST %s/wire-f/os-extra_specs" % F, 400, {"body": {"extra_specs": {"a": {}}}}), ("admin", "POST %s/wire-f/os-extra_specs" % F, 400, {"body": {"extra_specs": {"a/b": "c"}}}),
    ("admin", "POST %s/wire-f/os-extra_specs" % F, 400, {"body": {"extra_specs": {"a": "{x300}"}}}), ("admin", "POST %s/wire-f/os-extra_specs" % F, 400, {"body": {"extra_specs": []}}),
    ("member", "POST %s/wire-f/os-extra_specs" % F, 403, {"body": {"extra_specs": {"a": "b"}}}), ("admin", "POST %s/nothing/os-extra_specs" % F, 404, {"body": {"extra_specs": {"a": "b"}}}),
    ("admin", "GET %s/wire-f/os-extra_specs" % F, 200, {"has": {"extra_specs.#": 2}}), ("admin", "GET %s/wire-f/os-extra_specs/a:b" % F, 200, {"has": {"a:b": "c"}}),
    ("admin", "GET %s/wire-f/os-extra_specs/nothing" % F, 404), ("admin", "PUT %s/wire-f/os-extra_specs/a:b" % F, 200, {"body": {"a:b": "d"}, "has": {"a:b": "d"}}),
    ("admin", "PUT %s/wire-f/os-extra_specs/a:b" % F, 400, {"body": {"other": "d"}}), ("admin", "PUT %s/wire-f/os-extra_specs/a:b" % F, 400, {"body": {"a:b": "d", "x": "y"}}),
    ("admin", "PUT %s/wire-f/os-extra_specs/a:b" % F, 400, {"body": {}}), ("admin", "DELETE %s/wire-f/os-extra_specs/a:b" % F, 200), ("admin", "DELETE %s/wire-f/os-extra_specs/a:b" % F, 404),
    ("member", "DELETE %s/wire-f" % F, 403), ("admin", "DELETE %s/wire-f" % F, 202), ("admin", "DELETE %s/wire-f" % F, 404), ("admin", "GET %s/wire-f" % F, 404),
    # --- key pairs
    Row("member", "POST " + K, 200, body={"keypair": {"name": "wire made"}}, has={"keypair.private_key": re.compile("PRIVATE KEY"), "keypair.public_key": re.compile("^ssh-rsa "),
        "keypair.fingerprint": re.compile("^([0-9a-f]{2}:){15}[0-9a-f]{2}$"), "keypair.user_id": "{member_user}", "keypair.type": None, "keypair.id": None}),
    Row("member", "POST " + K, 201, v="2.2", body={"keypair": {"name": "wire-key", "public_key": KEY, "type": "ssh"}}, has={"keypair.type": "ssh", "keypair.private_key": None, "keypair.public_key": KEY}),
    key(409, name="wire-key", public_key=KEY), key(400, name="", public_key=KEY), key(400, name="  ", public_key=KEY), key(400, name="{x300}", public_key=KEY), key(400, name="a.b", public_key=KEY),
    key(400, public_key=KEY), key(400, name="k", public_key="nonsense"), key(400, name="k", public_key=""), key(400, name="k", public_key="ssh-rsa AAAA"), key(400, name="k", public_key=7), key(400, name=7),
    key(400, name="k", type="ssh"), key(400, name="k", type="nonsense", v="2.2"), key(400, name="k", v="2.92"), key(201, name="a.b@c", public_key=KEY, v="2.92"), key(400, name="k", user_id="x", v="2.9"),
    key(403, name="k", user_id="{admin_user}", v="2.10"), key(400, name="k", nonsense=1), key(400, name="a/b", public_key=KEY), key(400, name="k", public_key="{x70k}"),
    ("member", "DELETE %s/a.b@c" % K, 204, {"v": "2.92"}),
    ("member", "GET " + K, 200, {"has": {"keypairs.#": 2, "keypairs.0.keypair.name": ..., "keypairs.0.keypair.type": None, "keypairs.0.keypair.user_id": None, "keypairs_links": None}}),
    ("member", "GET %s?limit=1" % K, 200, {"v": "2.35", "has": {"keypairs.#": 1, "keypairs.0.keypair.name": "wire made", "keypairs.0.keypair.type": "ssh", "keypairs_links.0.href": re.compile("marker=wire(%20|\\+)made")}}),
    ("member", "GET %s?limit=1" % K, 200, {"v": "2.34", "has": {"keypairs.#": 2}}), ("member", "GET %s?marker=nothing" % K, 400, {"v": "2.35"}), ("member", "GET %s?limit=x" % K, 400, {"v": "2.35"}),
    ("member", "GET %s/wire-key" % K, 200, {"has": {"keypair.id": ..., "keypair.deleted": False, "keypair.deleted_at": None, "keypair.created_at": ..., "keypair.updated_at": None, "keypair.user_id": "{member_user}",
                                                   "keypair.private_key": None}}),
    ("member", "GET %s/wire%%20made" % K, 200), ("member", "GET %s/nothing" % K, 404), ("stranger", "GET %s/wire-key" % K, 404), ("stranger", "GET %s/wire-key?user_id={member_user}" % K, 403, {"v": "2.10"}),
    ("admin", "GET %s/wire-key?user_id={member_user}" % K, 200, {"v": "2.10"}), ("admin", "GET %s/wire-key?user_id={member_user}" % K, 404, {"v": "2.9"}), ("member", "DELETE %s/wire%%20made" % K, 202),
    ("member", "DELETE %s/wire-key" % K, 204, {"v": "2.2"}), ("member", "DELETE %s/wire-key" % K, 404), ("member", "PUT %s/wire-key" % K, 405, {"body": {}}),
    quota(200, key_pairs=0), key(403, name="k", public_key=KEY),
    # --- quotas and limits
    ("member", "GET %s/{member_project}" % Q, 200, {"has": {"quota_set.id": "{member_project}", **{"quota_set." + k: ... for k in "instances cores ram metadata_items key_pairs server_groups "
        "server_group_members fixed_ips floating_ips security_groups security_group_rules injected_files injected_file_content_bytes injected_file_path_bytes".split()}}}),
    ("member", "GET %s/{member_project}" % Q, 200, {"v": "2.36", "has": {"quota_set.fixed_ips": None, "quota_set.injected_files": ...}}),
    ("member", "GET %s/{member_project}" % Q, 200, {"v": "2.57", "has": {"quota_set.injected_files": None, "quota_set.instances": ...}}),
    ("member", "GET %s/{member_project}/detail" % Q, 200, {"has": {"quota_set.instances.in_use": 1, "quota_set.instances.limit": ..., "quota_set.instances.reserved": 0, "quota_set.cores.in_use": 1, "quota_set.ram.in_use": 128}}),
    ("member", "GET %s/{stranger_project}" % Q, 403), ("member", "GET %s/{member_project}/defaults" % Q, 200, {"has": {"quota_set.id": "{member_project}"}}), ("admin", "GET %s/nothing" % Q, 400),
    quota(200, instances=3, cores="4"), quota(400, instances=-2), quota(400, instances="x"), quota(400, instances=2 ** 31), quota(400, nonsense=1), quota(400, instances=None), quota(400, fixed_ips=1, v="2.36"),
    quota(400, instances=0, says="greater than or equal"), quota(200, instances=0, force=True), quota(403, who="member", instances=100), quota(400, project="nothing", instances=1),
    quota(200, injected_files=1, fixed_ips=10, floating_ips=7), ("member", "GET %s/{member_project}" % Q, 200, {"has": {"quota_set.injected_files": 1, "quota_set.floating_ips": 7}}), quota(400, injected_files=1, v="2.57"), Row("admin", "PUT %s/{member_project}" % Q, 400, body={}), Row("admin", "PUT %s/{member_project}" % Q, 400, body={"quota_set": {"instances": 1}, "x": 1}),
    Row("admin", "PUT %s/{member_project}" % Q, 200, body={"quota_set": {}}, has={"quota_set.id": None, "quota_set.instances": 0}),
    ("member", "DELETE %s/{member_project}" % Q, 403), ("admin", "DELETE %s/{member_project}" % Q, 202), ("member", "GET %s/{member_project}" % Q, 200, {"has": {"quota_set.instances": lambda n: n != 0}}),
    ("member", "GET %s/limits" % C, 200, {"has": {"limits.rate": [], **{"limits.absolute." + k: ... for k in "maxImageMeta maxPersonality maxPersonalitySize maxSecurityGroupRules maxSecurityGroups maxServerMeta "
        "maxServerGroups maxServerGroupMembers maxTotalCores maxTotalFloatingIps maxTotalInstances maxTotalKeypairs maxTotalRAMSize totalCoresUsed totalFloatingIpsUsed totalInstancesUsed totalRAMUsed "
        "totalSecurityGroupsUsed totalServerGroupsUsed".split()}, "limits.absolute.totalInstancesUsed": 1}}),
    ("member", "GET %s/limits" % C, 200, {"v": "2.36", "has": {"limits.absolute.maxSecurityGroups": None, "limits.absolute.totalFloatingIpsUsed": None, "limits.absolute.maxImageMeta": ...}}),
    ("member", "GET %s/limits" % C, 200, {"v": "2.39", "has": {"limits.absolute.maxImageMeta": None}}), ("member", "GET %s/limits" % C, 200, {"v": "2.57", "has": {"limits.absolute.maxPersonality": None}}),
    ("member", "GET %s/limits?tenant_id={stranger_project}" % C, 403), ("admin", "GET %s/limits?tenant_id={member_project}" % C, 200, {"has": {"limits.absolute.totalInstancesUsed": 1}}),
    # --- server groups
    Row("member", "POST " + G, 200, body={"server_group": {"name": "wire-g", "policies": ["anti-affinity"]}}, has={"server_group.policies": ["anti-affinity"], "server_group.members": [], "server_group.metadata": {},
        "server_group.project_id": None, "server_group.policy": None}, save={"group": "server_group.id"}),
    Row("member", "POST " + G, 200, v="2.64", body={"server_group": {"name": "wire-g", "policy": "anti-affinity", "rules": {"max_server_per_host": 2}}},
        has={"server_group.policy": "anti-affinity", "server_group.rules.max_server_per_host": 2, "server_group.project_id": "{member_project}", "server_group.user_id": "{member_user}", "server_group.policies": None,
             "server_group.metadata": None}, save={"group2": "server_group.id"}),
    group(400, name="g"), group(400, name="g", policies=[]), group(400, name="g", policies=["nonsense"]), group(400, name="g", policies=["affinity", "anti-affinity"]), group(400, name="g", policies=["soft-affinity"], v="2.14"),
    group(400, policies=["affinity"]), group(400, name="", policies=["affinity"]), group(400, name="  ", policies=["affinity"]), group(400, name="{x300}", policies=["affinity"]), group(400, name="g", policies=["affinity"], nonsense=1),
    group(400, name="g", policy="affinity"), group(400, name="g", policies=["affinity"], v="2.64"), group(400, name="g", policy="affinity", rules={"max_server_per_host": 2}, v="2.64"),
    group(400, name="g", policy="anti-affinity", rules={"max_server_per_host": 0}, v="2.64"), group(400, name="g", policy="anti-affinity", rules={"nonsense": 1}, v="2.64"), group(403, who="reader", name="g", policies=["affinity"]),
    ("member", "GET " + G, 200, {"has": {"server_groups.#": 2}}), ("member", "GET %s?limit=1" % G, 200, {"has": {"server_groups.#": 1}}), ("member", "GET %s?limit=x" % G, 400), ("member", "GET %s?offset=-1" % G, 400),
    ("member", "GET %s?limit=1&offset=1" % G, 200, {"has": {"server_groups.0.id": "{group2}"}}), ("stranger", "GET " + G, 200, {"has": {"server_groups.#": 0}}), ("admin", "GET %s?all_projects=True" % G, 200, {"has": {"server_groups.#": 2}}),
    ("member", "GET %s/{group}" % G, 200, {"v": "2.13", "has": {"server_group.project_id": "{member_project}"}}), ("stranger", "GET %s/{group}" % G, 404), ("member", "GET %s/nothing" % G, 404),
    # two hosts: two servers fit apart, the third does not; with two on each host, it does; and a group has so many members
    *[Row("member", "POST %s/servers" % C, 202, body={"server": {"name": "apart", "imageRef": "{image}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}, "os:scheduler_hints": {"group": "{group}"}},
          save={"apart%d" % i: "server.id"}) for i in range(3)],
    Row("member", "GET %s/servers/{apart1}" % C, 200, has={"server.status": "ACTIVE"}, until=10), Row("member", "GET %s/servers/{apart2}" % C, 200, has={"server.status": "ERROR"}, says="affinity removed 2", until=10),
    ("member", "GET %s/{group}" % G, 200, {"has": {"server_group.members.#": 3}}), ("member", "GET %s/servers/{apart0}" % C, 200, {"v": "2.71", "has": {"server.server_groups": ["{group}"]}}),
    *[Row("member", "POST %s/servers" % C, 202, body={"server": {"name": "by-two", "imageRef": "{image}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}, "os:scheduler_hints": {"group": "{group2}"}},
          save={"two%d" % i: "server.id"}) for i in range(4)],
    Row("member", "GET %s/servers/{two3}" % C, 200, has={"server.status": "ACTIVE"}, until=10), quota(200, server_group_members=4),
    Row("member", "POST %s/servers" % C, 403, body={"server": {"name": "fifth", "imageRef": "{image}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}, "os:scheduler_hints": {"group": "{group2}"}}, says="too many servers in group"),
    quota(200, server_group_members=5), *[("member", "DELETE %s/servers/{%s}" % (C, s), 204) for s in ("apart0", "apart1", "apart2", "two0", "two1", "two2", "two3")],
    Row("member", "GET %s/{group2}" % G, 200, has={"server_group.members": []}, until=10), quota(200, server_groups=2), group(403, name="third", policies=["affinity"]), ("admin", "DELETE %s/{member_project}" % Q, 202),
    ("reader", "DELETE %s/{group}" % G, 403), ("stranger", "DELETE %s/{group}" % G, 404), ("member", "DELETE %s/{group}" % G, 204), ("member", "DELETE %s/{group}" % G, 404), ("member", "DELETE %s/{group2}" % G, 204),
    # --- hosts
    ("member", "GET %s/os-services" % C, 403), ("admin", "GET %s/os-services" % C, 200, {"has": {"services.0.binary": "nova-compute", "services.0.host": ..., "services.0.zone": "nova", "services.0.status": "enabled",
        "services.0.state": "up", "services.0.updated_at": ..., "services.0.disabled_reason": None, "services.0.id": lambda i: isinstance(i, int), "services.0.forced_down": None}, "save": {"host": "services.0.host"}}),
    ("admin", "GET %s/os-services" % C, 200, {"v": "2.53", "has": {"services.0.id": re.compile("-.*-"), "services.0.forced_down": False}, "save": {"service": "services.0.id"}}),
    ("admin", "GET %s/os-services?binary=nova-compute&host={host}" % C, 200, {"has": {"services.#": 1}}), ("admin", "GET %s/os-services?binary=nothing" % C, 200, {"has": {"services": []}}),
    ("admin", "PUT %s/os-services/disable" % C, 200, {"body": {"host": "{host}", "binary": "nova-compute"}, "has": {"service.status": "disabled", "service.disabled_reason": None}}),
    ("admin", "PUT %s/os-services/disable-log-reason" % C, 200, {"body": {"host": "{host}", "binary": "nova-compute", "disabled_reason": "why"}, "has": {"service.disabled_reason": "why"}}),
    ("admin", "PUT %s/os-services/disable-log-reason" % C, 400, {"body": {"host": "{host}", "binary": "nova-compute"}}), ("admin", "PUT %s/os-services/enable" % C, 200, {"body": {"host": "{host}", "binary": "nova-compute"}}),
    ("admin", "PUT %s/os-services/enable" % C, 404, {"body": {"host": "nothing", "binary": "nova-compute"}}), ("admin", "PUT %s/os-services/enable" % C, 400, {"body": {"binary": "nova-compute"}}),
    ("admin", "PUT %s/os-services/nonsense" % C, 404, {"body": {"host": "{host}", "binary": "nova-compute"}}), ("admin", "PUT %s/os-services/force-down" % C, 200, {"v": "2.11", "body": {"host": "{host}", "binary": "nova-compute", "forced_down": True},
        "has": {"service.forced_down": True}}), ("admin", "PUT %s/os-services/force-down" % C, 404, {"v": "2.10", "body": {"host": "{host}", "binary": "nova-compute", "forced_down": False}}),
    ("admin", "PUT %s/os-services/force-down" % C, 200, {"v": "2.52", "body": {"host": "{host}", "binary": "nova-compute", "forced_down": False}}),
    ("admin", "PUT %s/os-services/force-down" % C, 400, {"v": "2.11", "body": {"host": "{host}", "binary": "nova-compute"}}),
    ("admin", "PUT %s/os-services/{service}" % C, 200, {"v": "2.53", "body": {"status": "disabled", "disabled_reason": "why"}, "has": {"service.status": "disabled", "service.disabled_reason": "why"}}),
    ("admin", "PUT %s/os-services/{service}" % C, 200, {"v": "2.53", "body": {"status": "enabled"}, "has": {"service.status": "enabled", "service.disabled_reason": None}}),
    ("admin", "PUT %s/os-services/{service}" % C, 400, {"v": "2.53", "body": {"status": "enabled", "disabled_reason": "why"}}), ("admin", "PUT %s/os-services/{service}" % C, 400, {"v": "2.53", "body": {}}),
    ("admin", "PUT %s/os-services/nothing" % C, 400, {"v": "2.53", "body": {"status": "enabled"}}), ("admin", "PUT %s/os-services/{none}" % C, 404, {"v": "2.53", "body": {"status": "enabled"}}),
    ("member", "PUT %s/os-services/{service}" % C, 403, {"v": "2.53", "body": {"status": "enabled"}}),
    ("admin", "DELETE %s/os-services/{service}" % C, 409, {"v": "2.53"}), ("admin", "DELETE %s/os-services/{none}" % C, 404, {"v": "2.53"}), ("admin", "DELETE %s/os-services/x" % C, 400, {"v": "2.53"}),
    ("admin", "GET %s/os-hypervisors" % C, 200, {"has": {"hypervisors.#": 2, "hypervisors.0.id": lambda i: isinstance(i, int), "hypervisors.0.state": "up", "hypervisors.0.status": "enabled", "hypervisors.0.hypervisor_hostname": ...,
        "hypervisors.0.servers": None}, "save": {"hypervisor": "hypervisors.0.id"}}),
    ("admin", "GET %s/os-hypervisors/detail" % C, 200, {"has": {"hypervisors.0." + k: ... for k in "cpu_info current_workload disk_available_least free_disk_gb free_ram_mb host_ip hypervisor_type hypervisor_version local_gb "
        "local_gb_used memory_mb memory_mb_used running_vms service vcpus vcpus_used".split()}}),
    ("admin", "GET %s/os-hypervisors/{hypervisor}" % C, 200, {"has": {"hypervisor.cpu_info": lambda c: isinstance(c, str)}}), ("admin", "GET %s/os-hypervisors/{hypervisor}" % C, 200, {"v": "2.28", "has": {"hypervisor.cpu_info": lambda c: isinstance(c, dict)}}),
    ("admin", "GET %s/os-hypervisors/999" % C, 404), ("admin", "GET %s/os-hypervisors/x" % C, 404), ("admin", "GET %s/os-hypervisors/x" % C, 400, {"v": "2.53"}), ("admin", "GET %s/os-hypervisors/{none}" % C, 404, {"v": "2.53"}),
    ("admin", "GET %s/os-hypervisors?limit=1" % C, 200, {"v": "2.33", "has": {"hypervisors.#": 1, "hypervisors_links.0.href": ...}}), ("admin", "GET %s/os-hypervisors?limit=1" % C, 200, {"v": "2.32", "has": {"hypervisors.#": 2}}),
    ("admin", "GET %s/os-hypervisors?limit=1&limit=2" % C, 400, {"v": "2.53"}), ("admin", "GET %s/os-hypervisors?hypervisor_hostname_pattern={host}&with_servers=true" % C, 200, {"v": "2.53", "has": {"hypervisors.#": 1}}),
    ("admin", "GET %s/os-hypervisors?hypervisor_hostname_pattern=nothing" % C, 404, {"v": "2.53"}), ("admin", "GET %s/os-hypervisors?hypervisor_hostname_pattern=sim&limit=1" % C, 400, {"v": "2.53"}),
    ("admin", "GET %s/os-hypervisors?with_servers=true" % C, 200, {"v": "2.75", "has": {"hypervisors.0.servers": ..., "hypervisors.1.servers": ...}}), ("admin", "GET %s/os-hypervisors?with_servers=x" % C, 400, {"v": "2.53"}),
    ("admin", "GET %s/os-hypervisors/detail" % C, 200, {"v": "2.88", "has": {"hypervisors.0.vcpus": None, "hypervisors.0.uptime": ..., "hypervisors.0.service": ...}}),
    ("admin", "GET %s/os-hypervisors/sim/search" % C, 200, {"has": {"hypervisors.#": 2, "hypervisors.0.vcpus": None}}), ("admin", "GET %s/os-hypervisors/nothing/search" % C, 404), ("admin", "GET %s/os-hypervisors/sim/search" % C, 404, {"v": "2.53"}),
    ("admin", "GET %s/os-hypervisors/sim/servers" % C, 200, {"says": "instance-0"}), ("admin", "GET %s/os-hypervisors/{hypervisor}/uptime" % C, 200, {"has": {"hypervisor.uptime": re.compile("up .*load average")}}), ("admin", "GET %s/os-hypervisors/statistics" % C, 200, {"has": {"hypervisor_statistics.count": 2,
        "hypervisor_statistics.running_vms": 2, "hypervisor_statistics.vcpus_used": 2}}), ("member", "GET %s/os-hypervisors" % C, 403),
    ("member", "GET %s/os-availability-zone" % C, 200, {"has": {"availabilityZoneInfo.0": {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}}}), ("member", "GET %s/os-availability-zone/detail" % C, 403),
    ("admin", "GET %s/os-availability-zone/detail" % C, 200, {"has": {"availabilityZoneInfo.0.hosts.{host}.nova-compute.available": True}}),
    ("member", "GET %s/extensions" % C, 200, {"has": {"extensions.0.alias": ..., "extensions.0.links": [], "extensions.0.updated": ...}}), ("member", "GET %s/extensions/os-keypairs" % C, 200, {"has": {"extension.name": "Keypairs"}}),
    ("member", "GET %s/extensions/nothing" % C, 404),
]
