"""Networks, subnets, ports, security groups, quotas, extensions."""
N = "/network/v2.0/networks"
U = "/network/v2.0/subnets"
P = "/network/v2.0/ports"
G = "/network/v2.0/security-groups"
R = "/network/v2.0/security-group-rules"
Q = "/network/v2.0/quotas"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def make(path, kind, defaults):
    def row(status, /, who="member", says=None, type=None, save=None, has=None, **more):
        body = {**defaults, **more}
        return Row(who, "POST " + path, status, says=says, save=save, body={kind: {k: v for k, v in body.items() if v is not ...}},
                   has={**(has or {}), **({"NeutronError.type": type} if type else {})}, name="POST %s with %s" % (path, str(more)[:90]))
    return row


net, sub = make(N, "network", {"name": "n"}), make(U, "subnet", {"network_id": "{n}", "cidr": "10.90.0.0/24", "ip_version": 4})
port, group = make(P, "port", {"network_id": "{n}"}), make(G, "security_group", {"name": "g"})
rule = make(R, "security_group_rule", {"security_group_id": "{g}", "direction": "ingress"})


def put(path, kind, status, /, who="member", says=None, type=None, has=None, h=None, **more):
    return Row(who, "PUT " + path, status, says=says, body={kind: more}, h=h, has={**(has or {}), **({"NeutronError.type": type} if type else {})})


NET = "id name project_id tenant_id admin_state_up status shared subnets router:external mtu port_security_enabled availability_zones availability_zone_hints created_at updated_at revision_number tags description".split()
SUB = "id name network_id cidr ip_version gateway_ip enable_dhcp dns_nameservers host_routes allocation_pools project_id tenant_id created_at updated_at revision_number tags description service_types".split()
PORT = "id name network_id project_id tenant_id mac_address admin_state_up status device_id device_owner fixed_ips security_groups allowed_address_pairs extra_dhcp_opts port_security_enabled " \
    "binding:vnic_type created_at updated_at revision_number tags description".split()
rows = [
    # --- networks
    net(201, save={"n": "network.id"}, has={**{"network." + k: ... for k in NET}, "network.status": "ACTIVE", "network.subnets": [], "network.shared": False, "network.router:external": False, "network.created_at": TIME,
                                             "network.provider:network_type": None, "network.project_id": "{member_project}", "network.tags": []}),
    net(400, name=7), net(400, name="{x300}"), net(400, name=None), net(400, admin_state_up="maybe"), net(400, nonsense=1, says="nonsense"), net(400, id="{none}"), net(400, status="ACTIVE"), net(400, mtu=-1), net(400, mtu="x"),
    net(400, mtu=99999), net(403, shared=True), net(403, project_id="{stranger_project}"), net(403, **{"provider:network_type": "vlan"}), net(403, **{"router:external": True}), net(401, who="nobody"), net(403, who="reader"),
    net(400, who="admin", **{"provider:network_type": "nonsense"}), net(400, who="admin", **{"provider:network_type": "vlan", "provider:physical_network": "nothing"}), net(404, availability_zone_hints=["nothing"]), net(400, project_id=7),
    net(201, name="", description="d", save={"n2": "network.id"}, has={"network.name": "", "network.description": "d"}), ("member", "DELETE %s/{n2}" % N, 204),
    Row("member", "POST " + N, 201, body={"networks": [{"name": "a"}, {"name": "b"}]}, has={"networks.#": 2}, save={"a": "networks.0.id", "b": "networks.1.id"}),
    Row("member", "POST " + N, 400, body={"networks": [{"name": "c"}, {"name": 7}]}), ("member", "GET %s?name=c" % N, 200, {"has": {"networks": []}, "name": "a half bulk is none"}),
    ("member", "DELETE %s/{a}" % N, 204), ("member", "DELETE %s/{b}" % N, 204),
    ("member", "GET %s/{n}" % N, 200, {"has": {"network." + k: ... for k in NET}}), ("admin", "GET %s/{n}" % N, 200, {"has": {"network.provider:network_type": ..., "network.provider:segmentation_id": lambda x: True}}),
    ("stranger", "GET %s/{n}" % N, 404, {"has": {"NeutronError.type": "NetworkNotFound", "NeutronError.message": "Network {n} could not be found.", "NeutronError.detail": ""}}), ("reader", "GET %s/{n}" % N, 200), ("member", "GET %s/n" % N, 404),
    ("member", "GET %s?name=n" % N, 200, {"has": {"networks.#": 1, "networks_links": None}}), ("member", "GET %s?name=n&name=wire-net" % N, 200, {"has": {"networks.#": 2}}), ("member", "GET %s?id={n}" % N, 200, {"has": {"networks.#": 1}}),
    ("member", "GET %s?fields=id&fields=name&id={n}" % N, 200, {"has": {"networks.0": {"id": "{n}", "name": "n"}}}), ("member", "GET %s/{n}?fields=id" % N, 200, {"has": {"network": {"id": "{n}"}}}),
    ("member", "GET %s?limit=1" % N, 200, {"has": {"networks.#": 1, "networks_links.0.rel": "next", "networks_links.0.href": re.compile("^http.*limit=1.*marker=")}}), ("member", "GET %s?limit=x" % N, 400), ("member", "GET %s?limit=-1" % N, 400),
    ("member", "GET %s?limit=1&page_reverse=True" % N, 200, {"has": {"networks.#": 1}}), ("member", "GET %s?marker={none}&limit=1" % N, 404), ("member", "GET %s?sort_key=name&sort_dir=desc" % N, 200, {"has": {"networks.0.name": "wire-net"}}),
    ("member", "GET %s?sort_key=nonsense" % N, 400), ("member", "GET %s?sort_key=name&sort_dir=up" % N, 400), ("member", "GET %s?shared=maybe" % N, 400), ("member", "GET %s?nonsense=1" % N, 200), ("member", "GET %s?tags=none" % N, 200, {"has": {"networks": []}}),
    ("admin", "GET %s?project_id={member_project}&name=n" % N, 200, {"has": {"networks.#": 1}}), ("admin", "GET %s?tenant_id={stranger_project}&name=n" % N, 200, {"has": {"networks": []}}), ("member", "GET %s?router:external=True" % N, 200, {"has": {"networks": []}}),
    put(N + "/{n}", "network", 200, name="n", description="x", has={"network.description": "x", "network.revision_number": lambda n: n > 0}), put(N + "/{n}", "network", 400, status="DOWN", says="read-only"), put(N + "/{n}", "network", 400, id="x"),
    put(N + "/{n}", "network", 400, nonsense=1), put(N + "/{n}", "network", 403, shared=True), put(N + "/{none}", "network", 404, name="x"), put(N + "/{n}", "network", 404, who="stranger", name="x"), put(N + "/{n}", "network", 403, who="reader", name="x"),
    put(N + "/{n}", "network", 412, name="x", h={"If-Match": "revision_number=99"}, type="RevisionNumberConstraintFailed"), put(N + "/{n}", "network", 400, name=None), Row("member", "PUT %s/{n}" % N, 400, body={}), Row("member", "PUT %s/{n}" % N, 400, body={"networks": {}}),
    ("member", "DELETE %s/{none}" % N, 404), ("stranger", "DELETE %s/{n}" % N, 404), ("reader", "DELETE %s/{n}" % N, 403), ("member", "DELETE %s/{net}" % N, 409, {"says": "There are one or more ports still in use on the network", "has": {"NeutronError.type": "NetworkInUse"}}),
    # --- tags
    ("member", "PUT %s/{n}/tags/red" % N, 201), ("member", "GET %s/{n}/tags" % N, 200, {"has": {"tags": ["red"]}}), ("member", "GET %s/{n}/tags/red" % N, 204), ("member", "GET %s/{n}/tags/blue" % N, 404),
    ("member", "PUT %s/{n}/tags" % N, 200, {"body": {"tags": ["a", "b"]}, "has": {"tags.#": 2}}), ("member", "PUT %s/{n}/tags" % N, 400, {"body": {"tags": ["{x300}"]}}), ("member", "PUT %s/{n}/tags" % N, 400, {"body": {"tags": "a"}}),
    ("member", "GET %s?tags=a,b" % N, 200, {"has": {"networks.#": 1}}), ("member", "GET %s?not-tags-any=a" % N, 200, {"says": "wire-net"}), ("member", "DELETE %s/{n}/tags/b" % N, 204), ("member", "DELETE %s/{n}/tags/b" % N, 404), ("member", "DELETE %s/{n}/tags" % N, 204),
    ("stranger", "GET %s/{n}/tags" % N, 404),
    # --- subnets
    sub(201, save={"u": "subnet.id"}, has={**{"subnet." + k: ... for k in SUB}, "subnet.gateway_ip": "10.90.0.1", "subnet.allocation_pools": [{"start": "10.90.0.2", "end": "10.90.0.254"}], "subnet.enable_dhcp": True, "subnet.ipv6_ra_mode": None,
                                            "subnet.subnetpool_id": None, "subnet.name": ""}),
    sub(400, says="overlaps with another subnet"), sub(400, cidr="10.91.0.0/33"), sub(400, cidr="nonsense"), sub(400, cidr="10.91.0.1"), sub(400, cidr="0.0.0.0/0"), sub(400, cidr=..., type="BadSubnetsRequest" if False else None), sub(400, cidr="10.91.0.0/24", ip_version=6),
    sub(400, cidr="10.91.0.0/24", ip_version=5), sub(400, cidr="10.91.0.0/24", ip_version=...), sub(400, cidr="10.91.0.0/24", ip_version="x"), sub(404, network_id="{none}", cidr="10.91.0.0/24", type="NetworkNotFound"), sub(404, network_id="{foreign_net}", cidr="10.91.0.0/24"),
    sub(400, network_id="nonsense", cidr="10.91.0.0/24"), sub(400, cidr="10.91.0.0/24", gateway_ip="10.92.0.1"), sub(400, cidr="10.91.0.0/24", gateway_ip="x"), sub(400, cidr="10.91.0.0/24", dns_nameservers=["x"]), sub(400, cidr="10.91.0.0/24", dns_nameservers=["8.8.8.8"] * 2),
    sub(400, cidr="10.91.0.0/24", dns_nameservers=["8.8.8.%d" % i for i in range(6)]), sub(400, cidr="10.91.0.0/24", host_routes=[{"destination": "x", "nexthop": "10.91.0.2"}]), sub(400, cidr="10.91.0.0/24", host_routes=[{"destination": "10.0.0.0/8"}]),
    sub(400, cidr="10.91.0.0/24", allocation_pools=[{"start": "10.91.0.9", "end": "10.91.0.5"}]), sub(400, cidr="10.91.0.0/24", allocation_pools=[{"start": "10.92.0.1", "end": "10.92.0.5"}]), sub(400, cidr="10.91.0.0/24", allocation_pools="x"),
    sub(409, cidr="10.91.0.0/24", allocation_pools=[{"start": "10.91.0.2", "end": "10.91.0.9"}, {"start": "10.91.0.5", "end": "10.91.0.20"}]), sub(409, cidr="10.91.0.0/24", allocation_pools=[{"start": "10.91.0.1", "end": "10.91.0.9"}]),
    sub(400, cidr="10.91.0.0/24", ipv6_ra_mode="slaac"), sub(400, cidr="fd00:91::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="dhcpv6-stateful"), sub(400, cidr="fd00:91::/96", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac"),
    sub(400, cidr="10.91.0.0/24", nonsense=1), sub(400, cidr="10.91.0.0/24", enable_dhcp="maybe"), sub(403, who="reader", cidr="10.91.0.0/24"), sub(404, cidr="10.91.0.0/24", subnetpool_id="{none}"),
    sub(201, cidr="fd00:91::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac", name="six", has={"subnet.gateway_ip": "fd00:91::1", "subnet.ipv6_ra_mode": "slaac"}, save={"u6": "subnet.id"}),
    sub(201, cidr="10.92.0.0/24", gateway_ip=None, enable_dhcp=False, dns_nameservers=["9.9.9.9"], host_routes=[{"destination": "10.0.0.0/8", "nexthop": "10.92.0.2"}], allocation_pools=[{"start": "10.92.0.10", "end": "10.92.0.11"}],
        has={"subnet.gateway_ip": None, "subnet.enable_dhcp": False, "subnet.allocation_pools.0.start": "10.92.0.10", "subnet.dns_nameservers": ["9.9.9.9"]}, save={"u2": "subnet.id"}),
    ("member", "GET %s?network_id={n}" % U, 200, {"has": {"subnets.#": 3}}), ("member", "GET %s?cidr=10.90.0.0/24" % U, 200, {"has": {"subnets.#": 1}}), ("member", "GET %s?ip_version=6&network_id={n}" % U, 200, {"has": {"subnets.#": 1}}), ("member", "GET %s?ip_version=x" % U, 400),
    ("stranger", "GET %s/{u}" % U, 404, {"has": {"NeutronError.type": "SubnetNotFound"}}), ("member", "GET %s/{n}" % N, 200, {"has": {"network.subnets.#": 3}}),
    put(U + "/{u}", "subnet", 200, name="u", dns_nameservers=["1.1.1.1"], has={"subnet.dns_nameservers": ["1.1.1.1"]}), put(U + "/{u}", "subnet", 400, cidr="10.1.0.0/24"), put(U + "/{u}", "subnet", 400, gateway_ip="10.1.0.1"), put(U + "/{u}", "subnet", 409, gateway_ip="10.90.0.9"),
    put(U + "/{u}", "subnet", 400, ip_version=6), put(U + "/{u}", "subnet", 404, who="stranger", name="x"), put(U + "/{u}", "subnet", 200, enable_dhcp=False), put(U + "/{u}", "subnet", 200, enable_dhcp=True), ("member", "DELETE %s/{u2}" % U, 204), ("member", "DELETE %s/{u2}" % U, 404),
    # --- ports
    port(201, save={"p": "port.id", "mac": "port.mac_address"}, has={**{"port." + k: ... for k in PORT}, "port.status": "DOWN", "port.device_id": "", "port.device_owner": "", "port.mac_address": re.compile("^fa:16:3e(:[0-9a-f]{2}){3}$"),
        "port.security_groups.#": 1, "port.fixed_ips.0.ip_address": re.compile("^10.90|^fd00"), "port.binding:host_id": None, "port.binding:vnic_type": "normal"}),
    ("admin", "GET %s/{p}" % P, 200, {"has": {"port.binding:host_id": "", "port.binding:vif_type": "unbound", "port.binding:vif_details": {}, "port.binding:profile": {}}}),
    port(400, network_id="nonsense"), port(404, network_id="{none}", type="NetworkNotFound"), port(400, network_id=...), port(404, network_id="{foreign_net}"), port(400, mac_address="x"), port(409, mac_address="{mac}", type="MacAddressInUse"), port(400, fixed_ips="x"), port(400, fixed_ips=[{"ip_address": "x"}]),
    port(400, fixed_ips=[{"subnet_id": "{u}", "ip_address": "10.1.0.1"}]), port(400, fixed_ips=[{"ip_address": "10.1.0.1"}]), port((400, 404), fixed_ips=[{"subnet_id": "{none}"}]), port(400, fixed_ips=[{"nonsense": 1}]), port(400, security_groups=["x"]) if False else port((400, 404), security_groups=["x"]),
    port(404, security_groups=["{none}"], type="SecurityGroupNotFound"), port(400, security_groups="default"), port(400, allowed_address_pairs=[{"ip_address": "x"}]), port(400, allowed_address_pairs=[{}]), port(400, allowed_address_pairs="x"), port(400, extra_dhcp_opts=[{"opt_name": "a b", "opt_value": "c"}]),
    port(400, extra_dhcp_opts=[{"opt_name": "a", "opt_value": "c\nd"}], says="control"), port(400, extra_dhcp_opts=[{}]), port(400, nonsense=1), port(400, name="{x300}"), port(400, device_id="{x300}"), port(403, **{"binding:host_id": "x"}), port(403, who="reader"), port(400, **{"binding:vnic_type": "nonsense"}),
    port(409, port_security_enabled=False, allowed_address_pairs=[{"ip_address": "10.90.0.9"}]), port(400, port_security_enabled=False, security_groups=["x"]) if False else port((400, 404, 409), port_security_enabled=False, security_groups=["{none}"]),
    port(400, allowed_address_pairs=[{"ip_address": "10.90.0.%d" % i} for i in range(1, 13)]), port(400, fixed_ips=[{"ip_address": "10.90.0.%d" % i} for i in range(20, 40)]),
    port(201, name="fixed", fixed_ips=[{"subnet_id": "{u}", "ip_address": "10.90.0.50"}], security_groups=[], save={"p2": "port.id"}, has={"port.fixed_ips.0": {"subnet_id": "{u}", "ip_address": "10.90.0.50"}, "port.fixed_ips.#": 2, "port.security_groups": []}),
    port(409, fixed_ips=[{"ip_address": "10.90.0.50"}], type=None, says="IpAddress(AlreadyAllocated|InUse)"),
    ("member", "GET %s?fixed_ips=ip_address=10.90.0.50" % P, 200, {"has": {"ports.#": 1, "ports.0.id": "{p2}"}}), ("member", "GET %s?fixed_ips=subnet_id={u}&network_id={n}" % P, 200, {"has": {"ports": ...}}), ("member", "GET %s?fixed_ips=ip_address_substr=0.90.0.5" % P, 200, {"says": "{p2}" if False else "10.90.0.50"}),
    ("member", "GET %s?network_id={n}&name=fixed" % P, 200, {"has": {"ports.#": 1}}), ("member", "GET %s?device_id={server}" % P, 200, {"has": {"ports.#": 1}}), ("member", "GET %s?mac_address={mac}" % P, 200, {"has": {"ports.#": 1}}), ("stranger", "GET %s/{p}" % P, 404, {"has": {"NeutronError.type": "PortNotFound"}}),
    put(P + "/{p}", "port", 200, name="p", fixed_ips=[{"ip_address": "10.90.0.60"}], has={"port.fixed_ips.0.ip_address": "10.90.0.60"}), put(P + "/{p}", "port", 409, fixed_ips=[{"ip_address": "10.90.0.50"}]), put(P + "/{p}", "port", 400, network_id="{net}"), put(P + "/{p}", "port", 400, status="ACTIVE"),
    put(P + "/{p}", "port", 200, security_groups=[], has={"port.security_groups": []}), put(P + "/{p}", "port", 200, port_security_enabled=False, has={"port.port_security_enabled": False}), put(P + "/{p}", "port", 200, port_security_enabled=True),
    put(P + "/{p}", "port", 404, security_groups=["{none}"]), put(P + "/{p}", "port", 404, who="stranger", name="x"), put(P + "/{p}", "port", 200, allowed_address_pairs=[{"ip_address": "10.90.1.0/24"}], has={"port.allowed_address_pairs.0.mac_address": "{mac}"}),
    put(P + "/{p}", "port", 200, extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1400"}], has={"port.extra_dhcp_opts.0.opt_name": "mtu"}), put(P + "/{p}", "port", 200, extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": None}], has={"port.extra_dhcp_opts": []}),
    ("member", "DELETE %s/{u}" % U, 409, {"has": {"NeutronError.type": "SubnetInUse"}, "says": "One or more ports have an IP allocation from this subnet"}), ("member", "DELETE %s/{n}" % N, 409), ("member", "DELETE %s/{none}" % P, 404),
    # --- security groups
    ("member", "GET %s?name=default" % G, 200, {"has": {"security_groups.#": 1, "security_groups.0.security_group_rules.#": 4}, "save": {"default": "security_groups.0.id"}}), ("member", "DELETE %s/{default}" % G, 409, {"has": {"NeutronError.type": "SecurityGroupCannotRemoveDefault"}}),
    put(G + "/{default}", "security_group", (403, 409), name="x"), group(409, name="default"), group(201, description="d", save={"g": "security_group.id"}, has={"security_group.security_group_rules.#": 2, "security_group.stateful": True, "security_group.description": "d",
        "security_group.security_group_rules.0.direction": "egress", "security_group.project_id": "{member_project}", "security_group.tags": []}),
    group(400, name="{x300}"), group(400, name=7), group(400, nonsense=1), group(403, who="reader"), group(403, project_id="{stranger_project}"), ("stranger", "GET %s/{g}" % G, 404, {"has": {"NeutronError.type": "SecurityGroupNotFound"}}), ("member", "GET %s/nothing" % G, 404),
    put(G + "/{g}", "security_group", 200, name="g2", has={"security_group.name": "g2"}), put(G + "/{g}", "security_group", 404, who="stranger", name="x"), put(G + "/{g}", "security_group", 400, id="x"),
    rule(201, protocol="tcp", port_range_min=80, port_range_max="90", remote_ip_prefix="10.0.0.0/8", save={"r": "security_group_rule.id"}, has={"security_group_rule.ethertype": "IPv4", "security_group_rule.port_range_max": 90, "security_group_rule.remote_group_id": None,
        "security_group_rule.project_id": "{member_project}", "security_group_rule.description": "", "security_group_rule.remote_ip_prefix": "10.0.0.0/8"}),
    rule(409, protocol="tcp", port_range_min=80, port_range_max=90, remote_ip_prefix="10.0.0.0/8", type="SecurityGroupRuleExists"), rule(400, direction="sideways"), rule(400, direction=...), rule(400, ethertype="IPv5"), rule(400, protocol="nonsense"), rule(400, protocol=256), rule(400, protocol=-2),
    rule(400, port_range_min=1, port_range_max=2), rule(400, protocol="tcp", port_range_min=90, port_range_max=80), rule(400, protocol="tcp", port_range_min=1), rule(400, protocol="tcp", port_range_min=0, port_range_max=0) if False else rule(400, protocol="tcp", port_range_min=-1, port_range_max=5),
    rule(400, protocol="tcp", port_range_min=1, port_range_max=65536), rule(400, protocol="icmp", port_range_min=256), rule(400, protocol="icmp", port_range_max=3), rule(400, remote_ip_prefix="x"), rule(400, remote_ip_prefix="fd00::/64", says="Conflicting value ethertype"),
    rule(400, remote_ip_prefix="10.0.0.0/8", remote_group_id="{g}"), rule(404, remote_group_id="{none}"), rule(404, security_group_id="{none}", type="SecurityGroupNotFound"), rule((400, 404), security_group_id="x"), rule(400, nonsense=1), rule(404, who="stranger"), rule(403, who="reader"),
    rule(201, protocol="6", port_range_min=22, port_range_max=22), rule((201, 409), protocol="tcp", port_range_min=22, port_range_max=22), rule(201, protocol="icmp", port_range_min=8, port_range_max=0), rule(201, ethertype="IPv6", protocol="ipv6-icmp"), rule(201, remote_group_id="{g}", protocol="udp"),
    rule(201, protocol=None, ethertype="ipv6", direction="egress", remote_ip_prefix="fd00::/8"), ("member", "GET %s?security_group_id={g}&direction=ingress" % R, 200, {"has": {"security_group_rules": lambda l: len(l) >= 5}}), ("member", "GET %s/{r}" % R, 200), ("stranger", "GET %s/{r}" % R, 404),
    ("member", "GET %s/nothing" % R, 404, {"has": {"NeutronError.type": "SecurityGroupRuleNotFound"}}), put(R + "/{r}", "security_group_rule", 405, description="x"), ("member", "DELETE %s/{r}" % R, 204), ("member", "DELETE %s/{r}" % R, 404),
    put(P + "/{p}", "port", 200, security_groups=["{g}"]), ("member", "DELETE %s/{g}" % G, 409, {"has": {"NeutronError.type": "SecurityGroupInUse"}}),
    ("member", "DELETE %s/{p}" % P, 204), ("member", "DELETE %s/{p2}" % P, 204), ("member", "DELETE %s/{g}" % G, 204), ("member", "DELETE %s/{n}" % N, 204), ("member", "GET %s/{u}" % U, 404), ("member", "DELETE %s/{port}" % P, (204, 409)) if False else ("member", "GET %s/{u6}" % U, 404),
    # --- quotas, extensions, zones
    ("member", "GET %s/{member_project}" % Q, 200, {"has": {"quota." + k: ... for k in "network subnet port security_group security_group_rule".split()}}), ("member", "GET %s/{stranger_project}" % Q, (403, 404)), ("admin", "GET " + Q, 200, {"has": {"quotas": ...}}), ("member", "GET " + Q, 403),
    ("member", "GET %s/{member_project}/default" % Q, 200, {"has": {"quota.network": ...}}), ("member", "GET %s/{member_project}/details.json" % Q, 200, {"has": {"quota.network.used": 1, "quota.network.limit": ..., "quota.network.reserved": 0}}),
    put(Q + "/{member_project}", "quota", 403, network=5), put(Q + "/{member_project}", "quota", 200, who="admin", network=1, has={"quota.network": 1}), net(409, says=r"Quota exceeded for resources: \['network'\]", type="OverQuota"), put(Q + "/{member_project}", "quota", 400, who="admin", network=-2),
    put(Q + "/{member_project}", "quota", 400, who="admin", network="x"), put(Q + "/{member_project}", "quota", 400, who="admin", nonsense=1), put(Q + "/{member_project}", "quota", 200, who="admin", port=1), Row("member", "POST " + P, 409, body={"port": {"network_id": "{net}"}}, says="OverQuota"),
    put(Q + "/{member_project}", "quota", 200, who="admin", security_group=1), group(409, says="OverQuota"), ("admin", "DELETE %s/{member_project}" % Q, 204), ("admin", "DELETE %s/{member_project}" % Q, 404), ("member", "GET %s/project" % Q, 200, {"has": {"project.project_id": "{member_project}"}}),
    ("member", "GET /network/v2.0/extensions", 200, {"has": {"extensions.0.alias": ..., "extensions.0.links": []}}), ("member", "GET /network/v2.0/extensions/security-group", 200, {"has": {"extension.alias": "security-group"}}),
    ("member", "GET /network/v2.0/extensions/nothing", 404), ("member", "GET /network/v2.0/availability_zones", 200, {"has": {"availability_zones.0.name": "nova", "availability_zones.0.resource": "network", "availability_zones.0.state": "available"}}),
]
