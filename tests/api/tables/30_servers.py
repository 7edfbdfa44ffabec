"""Servers: what is shown at which version, what may be asked, and the fault for everything else."""
C = "/compute/v2.1"
S = C + "/servers"
A = S + "/{server}/action"
SECRET = re.compile("^.{8,}$")


def new(**more):
    server = {"name": "x", "imageRef": "{image}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}
    server.update(more)
    return {"server": {k: v for k, v in server.items() if v is not ...}}


def bad(status, says=None, v=None, who="member", **more):
    return Row(who, "POST " + S, status, body=new(**more), v=v, says=says, name="POST /servers with %s at %s" % (str(more)[:80], v))


def act(action, status, who="member", v=None, says=None, **more):
    return Row(who, "POST " + A, status, body=action, v=v, says=says, **more)


def state(status, **more):
    return Row("member", "GET %s/{server}" % S, 200, has={"server.status": status, "server.OS-EXT-STS:task_state": None, **more}, until=10)


SHOWN_21 = "id name status tenant_id user_id metadata hostId image flavor created updated addresses accessIPv4 accessIPv6 links config_drive OS-DCF:diskConfig " \
    "OS-EXT-AZ:availability_zone OS-EXT-STS:power_state OS-EXT-STS:vm_state OS-SRV-USG:launched_at os-extended-volumes:volumes_attached " \
    "security_groups progress".split()
rows = [
    # --- show
    ("member", "GET %s/{server}" % S, 200, {"has": {**{"server." + k: ... for k in SHOWN_21}, "server.key_name": None, "server.status": "ACTIVE",
        "server.OS-EXT-STS:power_state": 1, "server.addresses.wire-net.0.OS-EXT-IPS:type": "fixed", "server.addresses.wire-net.0.version": 4,
        "server.image.id": "{image}", "server.flavor.id": "42", "server.flavor.links.0.rel": "bookmark", "server.links.0.href": "{base}/compute/v2.1/servers/{server}",
        "server.links.1.href": "{base}/compute/servers/{server}", "server.created": re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), "server.locked": None,
        "server.description": None, "server.tags": None, "server.OS-EXT-SRV-ATTR:host": None, "server.host_status": None, "server.fault": None,
        "server.config_drive": "", "server.accessIPv4": "", "server.hostId": re.compile("^[0-9a-f]{56}$"), "server.security_groups.0.name": "default"}}),
    ("member", "GET %s/{server}" % S, 200, {"v": "2.47", "has": {"server.flavor.original_name": "m1.nano", "server.flavor.id": None, "server.flavor.extra_specs": {},
                                                                 "server.locked": False, "server.tags": [], "server.description": "wire-1" if False else ...}}),
    ("member", "GET %s/{server}" % S, 200, {"v": "2.93", "has": {"server.server_groups": [], "server.locked_reason": None, "server.trusted_image_certificates": None,
                                                                 "server.OS-EXT-SRV-ATTR:hostname": "wire-1", "server.OS-EXT-SRV-ATTR:host": None}}),
    ("admin", "GET %s/{server}" % S, 200, {"v": "2.93", "has": {"server.OS-EXT-SRV-ATTR:host": "sim-0001" if False else ..., "server.OS-EXT-SRV-ATTR:instance_name": ...,
        "server.OS-EXT-SRV-ATTR:hypervisor_hostname": ..., "server.OS-EXT-SRV-ATTR:reservation_id": re.compile("^r-"), "server.OS-EXT-SRV-ATTR:launch_index": 0,
        "server.OS-EXT-SRV-ATTR:kernel_id": "", "server.OS-EXT-SRV-ATTR:ramdisk_id": "", "server.OS-EXT-SRV-ATTR:root_device_name": "/dev/vda", "server.host_status": "UP"}}),
    ("reader", "GET %s/{server}" % S, 200),
    ("stranger", "GET %s/{server}" % S, 404, {"says": "Instance {server} could not be found" if False else "could not be found"}),
    ("member", "GET %s/{none}" % S, 404, {"has": {"itemNotFound.message": "Instance {none} could not be found."}}),
    ("member", "GET %s/wire-1" % S, 404), ("member", "GET %s/%%27%%3B--" % S, 404), ("member", "GET %s/" % S + "x" * 600, 404),
    # --- lists
    ("member", "GET " + S, 200, {"has": {"servers.#": 1, "servers.0.id": "{server}", "servers.0.links.#": 2, "servers.0.status": None, "servers_links": None}}),
    ("member", "GET %s/detail" % S, 200, {"has": {"servers.#": 1, **{"servers.0." + k: ... for k in SHOWN_21}}}),
    ("member", "GET %s/detail" % S, 200, {"v": "2.93", "has": {"servers.0.server_groups": None, "servers.0.flavor.original_name": "m1.nano"}}),
    ("stranger", "GET " + S, 200, {"has": {"servers.#": 1, "servers.0.id": "{foreign_server}"}}),
    ("member", "GET %s?all_tenants=1" % S, 403), ("member", "GET %s?all_tenants=" % S, 403), ("member", "GET %s?all_tenants=0" % S, 200),
    ("member", "GET %s?all_tenants=maybe" % S, 400), ("admin", "GET %s?all_tenants=True" % S, 200, {"has": {"servers.#": 2}}),
    ("admin", "GET %s" % S, 200, {"has": {"servers.#": 0}}),
    ("admin", "GET %s?all_tenants=1&project_id={member_project}" % S, 200, {"has": {"servers.#": 1}}),
    ("admin", "GET %s?all_tenants=1&limit=1" % S, 200, {"has": {"servers.#": 1, "servers_links.0.rel": "next", "servers_links.0.href": re.compile("limit=1.*marker=|marker=.*limit=1")},
                                                        "save": {"first": "servers.0.id"}}),
    ("admin", "GET %s?all_tenants=1&limit=1&marker={first}" % S, 200, {"has": {"servers.#": 1, "servers_links": None}}),
    ("member", "GET %s?name=wire" % S, 200, {"has": {"servers.#": 1}}), ("member", "GET %s?name=^wire-1$" % S, 200, {"has": {"servers.#": 1}}),
    ("member", "GET %s?name=nothing" % S, 200, {"has": {"servers.#": 0}}), ("member", "GET %s?name=%%25" % S, 200, {"has": {"servers.#": 0}}), ("member", "GET %s?name=^.*[er]e\\-[0-9]%%2B$" % S, 200, {"has": {"servers.#": 1}}),
    ("member", "GET %s?name=(a%%2B)%%2B$" % S, 200, {"has": {"servers.#": 0}}), ("member", "GET %s?name=(unclosed" % S, 400, {"says": "regular expression"}), ("member", "GET %s?limit=0" % S, 200, {"has": {"servers.#": 0, "servers_links": None}}),
    ("member", "GET %s?status=active" % S, 200, {"has": {"servers.#": 1}}), ("member", "GET %s?status=ERROR&status=ACTIVE" % S, 200, {"has": {"servers.#": 1}}),
    ("member", "GET %s?status=nonsense" % S, 200, {"v": "2.37", "has": {"servers.#": 0}}), ("member", "GET %s?status=nonsense" % S, 400, {"v": "2.38"}),
    ("member", "GET %s?status=deleted" % S, 403), ("member", "GET %s?image={image}" % S, 200, {"has": {"servers.#": 1}}),
    ("member", "GET %s?flavor=nothing" % S, 200, {"has": {"servers.#": 0}}), ("member", "GET %s?ip=10.77" % S, 200, {"has": {"servers.#": 1}}),
    ("member", "GET %s?changes-since=2016-01-01T00:00:00Z" % S, 200, {"has": {"servers.#": 1}}), ("member", "GET %s?changes-since=soon" % S, 400),
    ("member", "GET %s?changes-before=2016-01-01T00:00:00Z" % S, 200, {"v": "2.66", "has": {"servers.#": 0}}),
    ("member", "GET %s?sort_key=nonsense" % S, 400), ("member", "GET %s?sort_key=created_at&sort_dir=sideways" % S, 400),
    ("member", "GET %s?sort_key=vcpus" % S, 200), ("member", "GET %s?sort_key=vcpus" % S, 400, {"v": "2.75"}), ("member", "GET %s?sort_key=host" % S, 403),
    ("member", "GET %s?locked=true" % S, 200, {"v": "2.73", "has": {"servers.#": 0}}), ("member", "GET %s?locked=true" % S, 200, {"v": "2.72", "has": {"servers.#": 1}}),
    ("member", "GET %s?tags=none" % S, 200, {"v": "2.26", "has": {"servers.#": 0}}), ("member", "GET %s?tags=none" % S, 200, {"v": "2.25", "has": {"servers.#": 1}}),
    ("member", "GET %s?host=nothing" % S, 200, {"has": {"servers.#": 1}}), ("member", "GET %s?vm_state=error" % S, 200, {"v": "2.83", "has": {"servers.#": 0}}),
    ("admin", "GET %s?all_tenants=1&metadata=x" % S, 400), ("admin", "GET %s?all_tenants=1&host=nothing" % S, 200, {"has": {"servers.#": 0}}),
    # --- create: what is asked wrongly
    bad(400, "name", name=...), bad(400, name=""), bad(400, name="   "), bad(400, name="{x300}"), bad(400, name=7), bad(400, name=None), bad(400, name="a\nb"),
    bad(400, flavorRef=...), bad(400, flavorRef="nonsense", says="[Ff]lavor nonsense could not be found"), bad(400, flavorRef=None), bad(400, flavorRef={}), bad(400, flavorRef="{x300}"),
    bad(400, imageRef=...), bad(400, imageRef=""), bad(400, imageRef="nonsense", says="[Ii]nvalid imageRef"), bad(400, imageRef="{none}", says="Image {none} could not be found" if False else "could not be found"),
    bad(400, imageRef=7), bad(400, networks=[{"uuid": "{none}"}], says="could not be found"), bad(400, networks=[{"uuid": "nonsense"}]), bad(400, networks="nonsense"),
    bad(400, networks=[{}]), bad(400, networks=[7]), bad(400, networks={"uuid": "{net}"}), bad(400, networks=[{"uuid": "{net}", "colour": "red"}]),
    bad(400, networks=[{"uuid": "{foreign_net}"}], says="could not be found"), bad(400, networks=[{"port": "{foreign_port}"}]),
    bad(400, networks=[{"port": "{none}"}], says="[Pp]ort"), bad(400, networks=[{"uuid": "{net}", "fixed_ip": "300.1.1.1"}]), bad((400, 409), networks=[{"uuid": "{net}", "fixed_ip": "192.0.2.1"}]),
    bad(400, networks="auto", v="2.36"), bad(400, networks=..., v="2.37"), bad(400, networks=[{"uuid": "{net}", "tag": "a"}], v="2.31"),
    bad(400, networks=[{"uuid": "{net}", "tag": "a"}], v="2.37"), bad(400, networks=[{"uuid": "{net}", "tag": "a,b"}], v="2.42"),
    bad(400, key_name="nothing", says="key_name"), bad(400, key_name=7), bad(400, security_groups=[{"name": "nothing"}], says="[Ss]ecurity group"),
    bad(400, security_groups=["default"]), bad(400, security_groups="default"), bad(400, metadata={"{x300}": "a"}), bad(400, metadata={"a": "{x300}"}), bad(400, metadata={"a": 1}),
    bad(400, metadata={"": "a"}), bad(400, metadata=[]), bad(400, metadata="a"), bad(400, metadata={"a/b": "c"}), bad(400, metadata={"a": None}),
    bad(400, user_data="not base64!"), bad(400, user_data=base64.b64encode(b"x" * 65536).decode()), bad(400, min_count=0), bad(400, min_count="x"), bad(400, max_count=-1),
    Row("admin", "PUT %s/os-quota-sets/{member_project}" % C, 200, body={"quota_set": {"instances": 5}}), bad(403, min_count=5, says="[Qq]uota exceeded"),
    Row("admin", "PUT %s/os-quota-sets/{member_project}" % C, 200, body={"quota_set": {"instances": -1, "cores": 2}}), bad(403, min_count=2, says="[Qq]uota exceeded.*cores"),
    Row("admin", "PUT %s/os-quota-sets/{member_project}" % C, 200, body={"quota_set": {"cores": -1, "ram": 200}}), bad(403, min_count=2, says="[Qq]uota exceeded.*ram"),
    Row("admin", "DELETE %s/os-quota-sets/{member_project}" % C, 202),
    bad(400, min_count=3, max_count=2), bad(400, min_count=1.5), bad(400, max_count=10 ** 12),
    bad(400, availability_zone="nothing", says="availability zone"), bad(400, availability_zone=""), bad(403, availability_zone="nova:sim-0001"), bad(400, availability_zone=7),
    bad(400, config_drive="maybe"), bad(400, accessIPv4="not an address"), bad(400, accessIPv6="10.0.0.1"), bad(400, accessIPv4="10.0.0.300"), bad(400, **{"OS-DCF:diskConfig": "auto"}),
    bad(400, adminPass=7), bad(400, nonsense=1, says="nonsense"), bad(400, description="x", v="2.18"), bad(400, description="{x300}", v="2.19"), bad(400, tags=["a"], v="2.51"),
    bad(400, tags=["a,b"], v="2.52"), bad(400, tags=["a", "a"], v="2.52"), bad(400, tags=["x" * 61], v="2.52"), bad(400, tags=["a%d" % i for i in range(51)], v="2.52"),
    bad(400, personality=[{"path": "/a", "contents": "YQ=="}], v="2.57"),
    bad(400, personality=[{"path": "/a", "contents": "no base64!"}], says="base64"), bad(400, personality=[{"path": "/a"}]), bad(400, personality=[{"contents": "YQ=="}]), bad(400, personality=["a"]),
    bad(400, personality=[{"path": "/a", "contents": "YQ==", "mode": 7}]), bad(400, personality={"path": "/a", "contents": "YQ=="}), bad(403, personality=[{"path": "/a", "contents": "YQ=="}] * 6, says="[Ff]ile"),
    bad(403, personality=[{"path": "/a", "contents": base64.b64encode(b"x" * 10241).decode()}]), bad(403, personality=[{"path": "/" * 256, "contents": "YQ=="}]),
    bad(400, host="sim-0001", v="2.73"), bad(403, host="sim-0001", v="2.74"),
    bad(400, who="admin", host="nothing", v="2.74", networks="none"), bad(400, hostname="a.b", v="2.90"), bad(400, hostname="-a", v="2.90"), bad(400, hostname="a", v="2.89"),
    bad(400, hostname="x" * 64, v="2.90"), bad(400, trusted_image_certificates=["a"], v="2.62"), bad(400, block_device_mapping_v2=[{"boot_index": 0, "uuid": "{none}", "source_type": "volume",
                                                                                                                            "destination_type": "volume"}]),
    bad(400, block_device_mapping_v2="x"), bad(400, block_device_mapping_v2=[7]), bad(400, who="reader") if False else bad(403, who="reader"), bad(401, who="nobody"),
    Row("member", "POST " + S, 400, body={**new(), "os:scheduler_hints": {"group": "nonsense"}}), Row("member", "POST " + S, 400, body={**new(), "os:scheduler_hints": {"group": "{none}"}}),
    Row("member", "POST " + S, 400, body={**new(), "nonsense": 1}),
    Row("member", "POST " + S, 400, body={**new(), "os:scheduler_hints": 7}),
    ("member", "GET " + S, 200, {"has": {"servers.#": 1}, "name": "what was refused left no server"}),
    ("member", "GET /network/v2.0/ports?device_owner=compute:nova", 200, {"has": {"ports.#": 1}, "name": "and no port"}),
    # --- create, and where there is no room
    Row("admin", "POST %s/flavors" % C, 200, body={"flavor": {"name": "wire-huge", "id": "wire-huge", "ram": 99999999, "vcpus": 1, "disk": 1}}),
    Row("admin", "PUT %s/os-quota-sets/{member_project}" % C, 200, body={"quota_set": {"ram": -1}}),
    Row("member", "POST " + S, 202, body=new(name="nowhere", flavorRef="wire-huge"), save={"nowhere": "server.id"}),
    Row("member", "GET %s/{nowhere}" % S, 200, has={"server.status": "ERROR", "server.fault.code": 500, "server.fault.message": re.compile("No valid host was found"),
                                                    "server.fault.created": ..., "server.fault.details": None, "server.addresses": {}, "server.hostId": ""}, until=10),
    ("member", "POST %s/{nowhere}/action" % S, 409, {"body": {"os-start": None}}),
    ("member", "GET %s/{nowhere}/diagnostics" % S, 403), ("admin", "GET %s/{nowhere}/diagnostics" % S, 409),
    ("member", "POST %s/{nowhere}/action" % S, (404, 409), {"body": {"os-getConsoleOutput": {}}}),
    ("member", "DELETE %s/{nowhere}" % S, 204), Row("member", "GET %s/{nowhere}" % S, 404, until=10),
    Row("admin", "DELETE %s/flavors/wire-huge" % C, 202),
    Row("member", "POST " + S, 202, v="2.93", body=new(name="many", min_count=2, max_count="2", return_reservation_id=True, networks="none", tags=["a", "b"], hostname="host-a",
                                                        description="said", metadata={"k": "v"}, key_name=...), save={"reservation": "reservation_id"}, has={"server": None, "reservation_id": ...}),
    Row("member", "GET %s/detail?reservation_id={reservation}&sort_key=display_name&sort_dir=asc" % S, 200, v="2.93",
        has={"servers.#": 2, "servers.0.name": "many-1", "servers.1.name": "many-2", "servers.0.status": "ACTIVE", "servers.1.status": "ACTIVE", "servers.0.tags": ["a", "b"],
             "servers.0.description": "said", "servers.0.addresses": {}}, save={"many1": "servers.0.id", "many2": "servers.1.id"}, until=10),
    ("member", "DELETE %s/{many1}" % S, 204), ("member", "POST %s/{many2}/action" % S, 202, {"body": {"forceDelete": None}}),
    Row("member", "GET %s?reservation_id={reservation}" % S, 200, has={"servers.#": 0}, until=10),
    ("member", "DELETE %s/{none}" % S, 404), ("stranger", "DELETE %s/{server}" % S, 404), ("reader", "DELETE %s/{server}" % S, 403), ("member", "DELETE %s/{many1}" % S, 404),
    # --- update
    ("member", "PUT %s/{server}" % S, 200, {"body": {"server": {"name": "wire-one"}}, "has": {"server.name": "wire-one", "server.OS-EXT-STS:vm_state": None}}),
    ("member", "PUT %s/{server}" % S, 200, {"v": "2.75", "body": {"server": {"name": "wire-1"}}, "has": {"server.OS-EXT-STS:vm_state": "active", "server.key_name": None}}),
    ("member", "PUT %s/{server}" % S, 200, {"body": {"server": {"accessIPv4": "192.0.2.7", "accessIPv6": "2001:DB8:0::192.0.2.7"}}, "has": {"server.accessIPv4": "192.0.2.7", "server.accessIPv6": "2001:db8::c000:207"}}),
    ("member", "PUT %s/{server}" % S, 400, {"body": {"server": {"name": ""}}}), ("member", "PUT %s/{server}" % S, 400, {"body": {"server": {"accessIPv4": "x"}}}),
    ("member", "PUT %s/{server}" % S, 400, {"body": {"server": {"status": "ACTIVE"}}}), ("member", "PUT %s/{server}" % S, 400, {"body": {"server": {"description": "x"}}}),
    ("member", "PUT %s/{server}" % S, 200, {"v": "2.19", "body": {"server": {"description": "x"}}, "has": {"server.description": "x"}}),
    ("member", "PUT %s/{server}" % S, 200, {"v": "2.19", "body": {"server": {"description": None}}, "has": {"server.description": None}}),
    ("member", "PUT %s/{server}" % S, 400, {"body": {}}), ("member", "PUT %s/{none}" % S, 404, {"body": {"server": {"name": "a"}}}),
    ("stranger", "PUT %s/{server}" % S, 404, {"body": {"server": {"name": "a"}}}), ("reader", "PUT %s/{server}" % S, 403, {"body": {"server": {"name": "a"}}}),
    # --- metadata
    ("member", "GET %s/{server}/metadata" % S, 200, {"has": {"metadata.colour": "red"}}), ("member", "GET %s/{server}/metadata/colour" % S, 200, {"has": {"meta.colour": "red"}}),
    ("member", "GET %s/{server}/metadata/nothing" % S, 404), ("member", "PUT %s/{server}/metadata/size" % S, 200, {"body": {"meta": {"size": "9"}}, "has": {"meta.size": "9"}}),
    ("member", "PUT %s/{server}/metadata/size" % S, 400, {"body": {"meta": {"other": "9"}}}), ("member", "PUT %s/{server}/metadata/size" % S, 400, {"body": {"meta": {"size": "9", "b": "c"}}}),
    ("member", "PUT %s/{server}/metadata/size" % S, 400, {"body": {"meta": {}}}), ("member", "PUT %s/{server}/metadata/size" % S, 400, {"body": {"metadata": {"size": "9"}}}),
    ("member", "PUT %s/{server}/metadata/size" % S, 400, {"body": {"meta": {"size": 9}}}), ("member", "POST %s/{server}/metadata" % S, 400, {"body": {"metadata": {"{x300}": "a"}}}),
    ("member", "POST %s/{server}/metadata" % S, 400, {"body": {"metadata": {"a/b": "c"}}}), ("member", "POST %s/{server}/metadata" % S, 400, {"body": {"metadata": None}}),
    ("member", "POST %s/{server}/metadata" % S, 400, {"body": {"metadata": {}, "x": 1}}),
    ("member", "POST %s/{server}/metadata" % S, 403, {"body": {"metadata": {"k%d" % i: "v" for i in range(129)}}}),
    ("member", "PUT %s/{server}/metadata" % S, 200, {"body": {"metadata": {"colour": "red"}}, "has": {"metadata": {"colour": "red"}}}),
    ("member", "DELETE %s/{server}/metadata/nothing" % S, 404), ("member", "DELETE %s/{server}/metadata/colour" % S, 204), ("member", "GET %s/{none}/metadata" % S, 404),
    ("stranger", "GET %s/{server}/metadata" % S, 404), ("reader", "POST %s/{server}/metadata" % S, 403, {"body": {"metadata": {"a": "b"}}}),
    # --- tags
    ("member", "PUT %s/{server}/tags/one" % S, 201, {"v": "2.26", "head": {"Location": re.compile("/servers/.*/tags/one$")}}),
    ("member", "PUT %s/{server}/tags/one" % S, 204, {"v": "2.26"}), ("member", "GET %s/{server}/tags/one" % S, 204, {"v": "2.26"}),
    ("member", "GET %s/{server}/tags/two" % S, 404, {"v": "2.26"}), ("member", "PUT %s/{server}/tags/a,b" % S, 400, {"v": "2.26"}),
    ("member", "PUT %s/{server}/tags/" % S + "x" * 61, 400, {"v": "2.26"}), ("member", "PUT %s/{server}/tags" % S, 200, {"v": "2.26", "body": {"tags": ["b", "a"]}, "has": {"tags": ["a", "b"]}}),
    ("member", "PUT %s/{server}/tags" % S, 400, {"v": "2.26", "body": {"tags": ["a", "a"]}}), ("member", "PUT %s/{server}/tags" % S, 400, {"v": "2.26", "body": {"tags": "a"}}),
    ("member", "PUT %s/{server}/tags" % S, 400, {"v": "2.26", "body": {}}), ("member", "DELETE %s/{server}/tags/b" % S, 204, {"v": "2.26"}),
    ("member", "DELETE %s/{server}/tags/b" % S, 404, {"v": "2.26"}), ("member", "DELETE %s/{server}/tags" % S, 204, {"v": "2.26"}),
    ("member", "GET %s/{server}/tags" % S, 200, {"v": "2.26", "has": {"tags": []}}), ("stranger", "GET %s/{server}/tags" % S, 404, {"v": "2.26"}),
    # --- addresses, interfaces, groups, password
    ("member", "GET %s/{server}/ips" % S, 200, {"has": {"addresses.wire-net.0.version": 4, "addresses.wire-net.0.addr": re.compile(r"^10\.77\.0\."), "addresses.wire-net.0.OS-EXT-IPS:type": None}}),
    ("member", "GET %s/{server}/ips/wire-net" % S, 200, {"has": {"wire-net.#": 1}}), ("member", "GET %s/{server}/ips/nothing" % S, 404), ("member", "GET %s/{none}/ips" % S, 404),
    ("member", "GET %s/{server}/os-interface" % S, 200, {"has": {"interfaceAttachments.0.net_id": "{net}", "interfaceAttachments.0.fixed_ips.0.subnet_id": "{subnet}",
        "interfaceAttachments.0.port_state": ..., "interfaceAttachments.0.mac_addr": re.compile("^fa:16:3e"), "interfaceAttachments.0.tag": None}, "save": {"port": "interfaceAttachments.0.port_id"}}),
    ("member", "GET %s/{server}/os-interface/{port}" % S, 200, {"has": {"interfaceAttachment.port_id": "{port}"}}), ("member", "GET %s/{server}/os-interface/{none}" % S, 404),
    ("member", "GET %s/{server}/os-security-groups" % S, 200, {"has": {"security_groups.0.name": "default", "security_groups.0.rules": ..., "security_groups.0.tenant_id": "{member_project}"}}),
    ("member", "GET %s/{server}/os-server-password" % S, 200, {"has": {"password": ""}}), ("member", "DELETE %s/{server}/os-server-password" % S, 204),
    # --- actions
    act({"nonsense": None}, 400, says="no such action"), act({}, 400), act({"os-start": None}, 409, says="vm_state active"), act({"os-stop": None}, 403, who="reader"),
    act({"os-stop": None}, 404, who="stranger"), act({"unpause": None}, 409), act({"resume": None}, 409), act({"reboot": {}}, 400), act({"reboot": {"type": "nonsense"}}, 400),
    act({"reboot": None}, 400), act({"reboot": {"type": "SOFT", "x": 1}}, 400), act({"os-stop": None, "os-start": None}, 400), act({"os-stop": {}}, 202), state("SHUTOFF"), act({"os-stop": None}, 409), act({"pause": None}, 409),
    act({"suspend": None}, 409), act({"reboot": {"type": "SOFT"}}, 409), act({"os-start": None}, 202), state("ACTIVE"), act({"pause": None}, 202), state("PAUSED"), act({"pause": None}, 409),
    act({"os-start": None}, 409), act({"unpause": None}, 202), state("ACTIVE"), act({"suspend": None}, 202), state("SUSPENDED"), act({"resume": None}, 202), state("ACTIVE"),
    act({"reboot": {"type": "SOFT"}}, 202), state("ACTIVE"), act({"reboot": {"type": "hard"}}, 202), state("ACTIVE"),
    act({"lock": None}, 202), Row("member", "GET %s/{server}" % S, 200, v="2.9", has={"server.locked": True}), act({"unlock": None}, 202), act({"lock": {"locked_reason": "x"}}, 400, v="2.72"),
    act({"lock": {"locked_reason": "why"}}, 202, v="2.73"), Row("member", "GET %s/{server}" % S, 200, v="2.73", has={"server.locked_reason": "why"}), act({"unlock": None}, 202),
    act({"lock": None}, 202, who="admin"), act({"os-stop": None}, 409, says="locked"), Row("member", "DELETE %s/{server}" % S, 409), act({"unlock": None}, 403), act({"unlock": None}, 202, who="admin"),
    act({"os-resetState": {"state": "error"}}, 403), act({"os-resetState": {"state": "nonsense"}}, 400, who="admin"), act({"os-resetState": {"state": "error"}}, 202, who="admin"), state("ERROR"),
    act({"os-resetState": {"state": "active"}}, 202, who="admin"), state("ACTIVE"),
    Row("member", "POST " + A, 200, body={"os-getConsoleOutput": {}}, has={"output": ...}), Row("member", "POST " + A, 200, body={"os-getConsoleOutput": None}, has={"output": ...}),
    Row("member", "POST " + A, 200, body={"os-getConsoleOutput": {"length": 2}}, has={"output": lambda o: o.count("\n") <= 2}), act({"os-getConsoleOutput": {"length": "x"}}, 400),
    Row("member", "POST " + A, 200, body={"os-getConsoleOutput": {"length": "3"}}), Row("member", "POST " + A, 200, body={"os-getConsoleOutput": {"length": -1}}), act({"os-getConsoleOutput": {"length": -2}}, 400),
    act({"os-getConsoleOutput": {}}, 404, who="stranger"), act({"os-getConsoleOutput": {}}, 403, who="reader"),
    ("admin", "GET %s/{server}/diagnostics" % S, 200, {"v": "2.47", "has": {"memory": ...}}),
    ("admin", "GET %s/{server}/diagnostics" % S, 200, {"v": "2.48", "has": {k: ... for k in "state driver hypervisor hypervisor_os uptime config_drive num_cpus num_nics num_disks cpu_details "
                                                                             "nic_details disk_details memory_details".split()}}),
    # --- what was done
    ("member", "GET %s/{server}/os-instance-actions" % S, 200, {"has": {"instanceActions.0.action": ..., "instanceActions.-1.action": "create", "instanceActions.-1.instance_uuid": "{server}",
        "instanceActions.-1.project_id": "{member_project}", "instanceActions.-1.message": None, "instanceActions.-1.start_time": ..., "instanceActions.-1.updated_at": None},
        "save": {"request": "instanceActions.-1.request_id"}}),
    ("member", "GET %s/{server}/os-instance-actions/{request}" % S, 200, {"has": {"instanceAction.action": "create", "instanceAction.events": None}}),
    ("member", "GET %s/{server}/os-instance-actions/{request}" % S, 200, {"v": "2.51", "has": {"instanceAction.events": ..., "instanceAction.events.0.traceback": None}}),
    ("admin", "GET %s/{server}/os-instance-actions/{request}" % S, 200, {"v": "2.84", "has": {"instanceAction.events.0.event": ..., "instanceAction.events.0.result": "Success",
        "instanceAction.events.0.host": ..., "instanceAction.events.0.hostId": ..., "instanceAction.updated_at": ...}}),
    ("member", "GET %s/{server}/os-instance-actions/req-nothing" % S, 404), ("stranger", "GET %s/{server}/os-instance-actions" % S, 404),
    ("member", "GET %s/{server}/os-instance-actions?limit=1" % S, 200, {"v": "2.58", "has": {"instanceActions.#": 1, "links.0.rel": "next"}}),
    ("member", "GET %s/{server}/os-instance-actions?limit=1" % S, 200, {"v": "2.57", "has": {"links": None}}), ("member", "GET %s/{server}/os-instance-actions?limit=x" % S, 400, {"v": "2.58"}),
    ("member", "GET %s/{server}/os-instance-actions?marker=req-nothing" % S, 400, {"v": "2.58"}), ("member", "GET %s/{server}/os-instance-actions?changes-since=x" % S, 400, {"v": "2.58"}),
    ("member", "GET %s/{server}/os-instance-actions?changes-before=2016-01-01T00:00:00Z" % S, 400, {"v": "2.65"}),
    ("member", "GET %s/{server}/os-instance-actions?changes-before=2016-01-01T00:00:00Z" % S, 200, {"v": "2.66", "has": {"instanceActions.#": 0}}),
    Row("member", "GET %s/{many1}/os-instance-actions" % S, 404, v="2.20"), Row("member", "GET %s/{many1}/os-instance-actions" % S, 200, v="2.21", has={"instanceActions.0.action": "delete"}),
]
