"""machine.py: what is really there, asked with the system's own tools, and whether it is what the catalog says.  See run."""

import json
import os
import re
import subprocess

from cloud import HOST, Wrong

VM_STATES = {"active": "running", "stopped": "shut off", "paused": "paused", "suspended": "shut off"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def out(*argv, check=True):
    return subprocess.run(argv, check=check, capture_output=True, text=True).stdout


class Machine:
    def __init__(self, cloud):
        self.cloud = cloud

    def domains(self):
        return {name: out("virsh", "-q", "domstate", name).strip() for name in out("virsh", "-q", "list", "--all", "--uuid").split()}

    def links(self):
        return {link["ifname"] for link in json.loads(out("ip", "-j", "link"))}

    def namespaces(self):
        return {line.split()[0] for line in out("ip", "netns", "list").splitlines()}

    def processes(self, name):
        """Of this cloud alone: its folder is in their arguments."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    argv = f.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if os.path.basename(argv[0]).startswith(name) and self.cloud.work in " ".join(argv):
                found[int(pid)] = " ".join(argv)
        return found

    def pid_of(self, server):
        pids = [pid for pid, text in self.processes("qemu-system").items() if server in text]
        return pids[0] if len(pids) == 1 else None

    def files(self, folder):
        path = os.path.join(self.cloud.state, folder)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def listens(self, namespace, port):
        """Somebody accepts connections to the port there."""
        text = out("ip", "netns", "exec", namespace, "cat", "/proc/net/tcp", check=False)
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in text.splitlines()[1:])

    def blocks(self):
        """Space that the cloud takes in its store, and that a dead daemon's files without a name would take."""
        total = 0
        for folder, _, names in os.walk(os.path.join(self.cloud.state, "storage")):
            total += sum(os.lstat(os.path.join(folder, n)).st_blocks for n in names)
        return total


def tail(object_id):
    return object_id.replace("-", "")[-11:]


def differ(what, have, want, wrong):
    have, want = set(have), set(want)
    if have - want:
        wrong.append(f"{what} left over: {sorted(have - want)}")
    if want - have:
        wrong.append(f"{what} missing: {sorted(want - have)}")


def addresses_in(top, network, prefix, name):
    """Addresses of the network in all files of that name: what dnsmasq was told, what it gave."""
    found = set()
    for folder, _, names in os.walk(top):
        if name in names and network in folder:
            with open(os.path.join(folder, name), errors="replace") as f:
                found |= set(re.findall(re.escape(prefix) + r"\d+", f.read()))
    return found


def strange_files(cloud, known):
    """Files that are named for an object that is nowhere, below the cloud's folders and libvirt's."""
    strange = []
    for top in (cloud.state, cloud.run, "/etc/libvirt/qemu", "/var/lib/libvirt", "/run/libvirt/qemu"):
        for folder, folders, names in os.walk(top):
            strange += [os.path.join(folder, n) for n in folders + names if any(i not in known for i in UUID.findall(n))]
    return strange


def servers_wrong(cloud, machine, live, here, wrong):
    domains = machine.domains()
    differ("domain", domains, here, wrong)
    for server, state in domains.items():
        want = VM_STATES.get(live[server]["vm_state"]) if server in live else None
        if want is not None and state != want:
            wrong.append(f"server {server} is {live[server]['vm_state']}, but its domain is {state}")
    for s in live.values():
        if s["task_state"] is not None or s["vm_state"] == "building":
            wrong.append(f"server {s['id']} is stuck: {s['vm_state']}, {s['task_state']}")
        if s["vm_state"] == "error" and not s["fault_message"]:
            wrong.append(f"server {s['id']} is in error without a word")
    qemu = machine.processes("qemu-system")
    running = [i for i, s in here.items() if s["vm_state"] in ("active", "paused")]
    if len(qemu) != len(running):
        wrong.append(f"{len(qemu)} QEMU processes for {len(running)} servers")


def networks_wrong(cloud, machine, bound, wrong):
    read, nets = cloud.read, {p["network_id"] for p in bound}
    differ("device", {n for n in machine.links() if re.fullmatch("c[btv][0-9a-f]{11}", n)},
           {"ct" + tail(p["id"]) for p in bound} | {k + tail(n) for n in nets for k in ("cb", "cv")}, wrong)
    differ("namespace", {n for n in machine.namespaces() if n.startswith("cairn-")}, {"cairn-" + n for n in nets}, wrong)
    dnsmasq = machine.processes("dnsmasq")
    if len(dnsmasq) != len(nets):
        wrong.append(f"{len(dnsmasq)} dnsmasq for {len(nets)} networks: {list(dnsmasq.values())}")
    rules = out("nft", "list", "ruleset")
    differ("nft device", set(re.findall(r"\bc[tb][0-9a-f]{11}\b", rules)), {"ct" + tail(p["id"]) for p in bound} | {"cb" + tail(n) for n in nets}, wrong)
    ours = "(select security_group_id from port_security_groups where port_id in (select id from ports where host <> ''))"
    groups = read(f"select id from security_groups where id in {ours} or id in (select remote_group_id from security_group_rules where security_group_id in {ours})")
    differ("nft chain of a group", {g for g in re.findall(r"chain g_([0-9a-f-]{36})_in", rules)}, {g[0] for g in groups}, wrong)
    for subnet in read("select id, network_id, cidr from subnets"):
        net, prefix = subnet["network_id"], subnet["cidr"].rsplit(".", 1)[0] + "."
        known = {r[0] for r in read("select f.ip_address from fixed_ips f join ports p on p.id = f.port_id where f.subnet_id = ? and"
                                    " p.host <> '' and p.device_owner <> 'network:dhcp'", subnet["id"])}
        differ("address that DHCP gives", addresses_in(cloud.work, net, prefix, "hosts"), known if net in nets else [], wrong)
        differ("lease", addresses_in(cloud.work, net, prefix, "leases") - known, [], wrong)
    if cloud.process is not None:
        wrong += [f"network {n} has no metadata service" for n in nets if not machine.listens("cairn-" + n, 80)]


def storage_wrong(cloud, machine, live, wrong):
    disks = cloud.read("select * from server_disks")
    stray = [d["id"] for d in disks if d["server_id"] not in live]
    if stray:
        wrong.append(f"disk rows left over: {stray}")
    volumes = {d["handle"].split(".")[0]: d for d in disks if d["handle"] and d["role"] != "config"}
    differ("volume", {n.split(".")[0] for n in machine.files("storage/file/volumes")}, volumes, wrong)
    differ("base of a volume", {n.split(".")[0] for n in machine.files("storage/file/base")}, {i for i, d in volumes.items() if d["image_id"]}, wrong)
    differ("temporary file", machine.files("storage/file/tmp"), [], wrong)
    images = cloud.read("select * from images")
    differ("image file", machine.files("storage/file/images"), {i["handle"] for i in images if i["handle"]}, wrong)
    for i in images:
        if i["status"] not in ("active", "queued"):
            wrong.append(f"image {i['id']} is {i['status']}")
        if i["status"] == "active" and os.path.getsize(os.path.join(cloud.state, "storage/file/images", i["handle"])) != i["size_bytes"]:
            wrong.append(f"image {i['id']} is not whole")
    differ("config drive", machine.files("config-drives"), {d["server_id"] + ".iso" for d in disks if d["role"] == "config" and d["handle"]}, wrong)


def books_wrong(cloud, live, here, wrong):
    read = cloud.read
    differ("allocation", {r[0] for r in read("select consumer_id from allocations")}, here, wrong)
    used = read("select coalesce(sum(vcpus), 0), coalesce(sum(ram_mib), 0), coalesce(sum(disk_gib), 0) from allocations")[0]
    if tuple(used) != (len(here), 16 * len(here), len(here)):
        wrong.append(f"{len(here)} servers have {tuple(used)} allocated")
    ports = read("select * from ports")
    differ("server of a port", {p["device_id"] for p in ports if p["device_owner"].startswith("compute:")} - set(live), [], wrong)
    wrong += [f"port {p['id']} of a server is on host '{p['host']}'" for p in ports
              if p["device_owner"].startswith("compute:") and p["host"] != (HOST if p["device_id"] in here else "")]
    wrong += [f"port {p['id']} is {p['status']}, its server is up" for p in ports
              if p["device_id"] in here and here[p["device_id"]]["vm_state"] == "active" and p["status"] != "ACTIVE"]
    wrong += [f"address {r[0]} is of no port" for r in read("select ip_address from fixed_ips where port_id not in (select id from ports)")]
    if read("select 1 from tasks where state in ('queued', 'running', 'undoing')"):
        wrong.append("tasks are open")
    failed = {r["id"]: f"task {r['kind']} of {r['object_id']} failed: {r['error']}" for r in
              read("select id, kind, object_id, error from tasks where state = 'failed' and kind <> 'server-build'")}
    wrong += [text for task, text in failed.items() if task not in cloud.failed_before]
    if cloud.process is not None:
        limits = cloud.api("GET", "/compute/v2.1/limits")["limits"]["absolute"]
        if (limits["totalInstancesUsed"], limits["totalCoresUsed"], limits["totalRAMUsed"]) != (len(live), len(here), 16 * len(here)):
            wrong.append(f"{len(live)} servers, {len(here)} of them on a host, use a quota of {limits}")


def compare(cloud, machine):
    """The catalog and the machine, by hand.  The audit compares again, its own way."""
    read, wrong = cloud.read, []
    live = {r["id"]: r for r in read("select * from servers where deleted_us is null")}
    here = {i: s for i, s in live.items() if s["host_id"] is not None}
    bound = read("select * from ports where host <> ''")
    servers_wrong(cloud, machine, live, here, wrong)
    networks_wrong(cloud, machine, bound, wrong)
    storage_wrong(cloud, machine, live, wrong)
    books_wrong(cloud, live, here, wrong)
    known = set(live) | {p["network_id"] for p in bound} | {p["id"] for p in bound}
    for table in ("images", "server_disks", "security_groups"):
        known |= {r[0] for r in read(f"select id from {table}")}
    strange = strange_files(cloud, known)
    if strange:
        wrong.append(f"files left over: {strange}")
    if wrong:
        raise Wrong("\n    ".join(["catalog and machine differ:"] + wrong))
