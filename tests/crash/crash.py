"""crash.py: kill -9 at every step of every flow, start again, then compare the catalog with the machine from outside.  See run."""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid

HOST = "crash"
FLAVOR = {"vcpus": 1, "ram": 16, "disk": 0, "ephemeral": 0, "swap": 0, "original_name": "tiny", "extra_specs": {}}
DISK_BYTES = 1 << 20

# Flow: what the server must be before, and what it is when the flow is done, wherever it was killed.
POWER = {
    "server-start": ("stopped", "active", "powering-on"),
    "server-stop": ("active", "stopped", "powering-off"),
    "server-reboot": ("active", "active", "rebooting"),
    "server-pause": ("active", "paused", "pausing"),
    "server-unpause": ("paused", "active", "unpausing"),
    "server-suspend": ("active", "suspended", "suspending"),
    "server-resume": ("suspended", "active", "resuming"),
}
TO_ACTIVE = {"stopped": "server-start", "paused": "server-unpause", "suspended": "server-resume"}
FROM_ACTIVE = {"stopped": "server-stop", "paused": "server-pause", "suspended": "server-suspend"}
LIBVIRT = {"active": "running", "stopped": "shut off", "paused": "paused", "suspended": "shut off"}

POINTS = (
    [f"server-build:{s}:{p}" for s in ("claim", "network", "disks", "spawn") for p in ("before", "run", "record")
     if (s, p) != ("claim", "run")]             # nothing runs there
    + [f"server-build:{s}:undo" for s in ("spawn", "disks", "network", "claim")]
    + [f"server-delete:{s}:{p}" for s in ("destroy", "unplug", "disks") for p in ("before", "run", "record")]
    + [f"{k}:power:{p}" for k in POWER for p in ("before", "run", "record")]
    + [f"{k}:apply:{p}" for k in ("network-sync", "group-sync", "port-sync") for p in ("before", "run", "record")]
)
SCENES = ["delete-while-it-builds", "delete-while-it-reboots", "delete-while-its-port-changes", "host-reboots"]
QUICK = ["server-build:network:run", "server-build:disks:run", "server-build:spawn:run", "server-build:disks:undo", "server-delete:destroy:run",
         "server-delete:disks:record", "server-reboot:power:run", "server-suspend:power:run", "network-sync:apply:before", "port-sync:apply:run", "delete-while-it-builds", "host-reboots"]


class Wrong(Exception):
    """A promise that was not kept."""


def now():
    return int(time.time() * 1e6)


def out(*argv, check=True):
    return subprocess.run(argv, check=check, capture_output=True, text=True).stdout


def wait(what, seconds, fn):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = fn()
        if value:
            return value
        time.sleep(0.05)
    raise Wrong(f"{what} did not come in {seconds} s")


class Catalog:
    """What handlers of the API would write, in one transaction each."""

    def __init__(self, path):
        self.path = path
        self.number = 0

    def __enter__(self):
        self.db = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("pragma foreign_keys=on")
        self.db.execute("begin immediate")
        return self

    def __exit__(self, kind, *_):
        self.db.execute("rollback" if kind else "commit")
        self.db.close()

    def add(self, table, **columns):
        marks = ", ".join("?" * len(columns))
        self.db.execute(f"insert into {table} ({', '.join(columns)}) values ({marks})", list(columns.values()))

    def rows(self, sql, *args):
        return self.db.execute(sql, args).fetchall()

    def read(self, sql, *args):
        with self:
            return self.rows(sql, *args)

    def task(self, kind, object_type, object_id):
        seq = self.rows("select coalesce(max(seq), 0) + 1 from tasks")[0][0]
        self.add("tasks", id=str(uuid.uuid4()), kind=kind, object_type=object_type, object_id=object_id, host=HOST, state="queued", payload="{}",
                 not_before_us=0, request_id="req-" + str(uuid.uuid4()), project_id="p", user_id="u", seq=seq, created_us=now())


class Net:
    def __init__(self, net, subnet, group, prefix):
        self.id, self.subnet, self.group, self.prefix = net, subnet, group, prefix


class Cloud:
    def __init__(self, host, work):
        self.host, self.work = host, work
        self.state = os.path.join(work, "state")
        self.config = os.path.join(work, "cairn.conf")
        self.catalog = Catalog(os.path.join(self.state, "catalog.db"))
        self.process = None
        self.nets = []
        os.makedirs(self.state)
        with open(self.config, "w") as f:
            f.write(f"[daemon]\nstate_dir = {self.state}\nrun_dir = {work}/run\n[host]\nname = {HOST}\n"
                    "[compute:kvm]\ndriver = kvm\naccel = tcg\n[storage:file]\ndriver = file\nreserved = 0\n[network:bridge]\ndriver = linuxbridge\n")

    # --- the process

    def start(self, crash_at=None):
        env = dict(os.environ)
        if env.pop("CRASH_PRELOAD", ""):
            env["LD_PRELOAD"] = os.environ["CRASH_PRELOAD"]
        self.log = open(os.path.join(self.work, "host.log"), "a")
        argv = [self.host, self.config, "serve"] + ([crash_at] if crash_at else [])
        self.log.write(f"--- {' '.join(argv)}\n")
        self.log.flush()
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self.log, env=env, text=True)
        if self.process.stdout.readline() != "ready\n" and self.process.wait() != -signal.SIGKILL:
            raise Wrong(f"the daemon did not start: status {self.process.returncode}")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            if self.process.wait(30) != 0:
                raise Wrong(f"the daemon ended with status {self.process.returncode}")
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def wait_killed(self, point):
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{point} was never reached")
        self.process = None
        if code != -signal.SIGKILL:
            raise Wrong(f"the daemon ended with status {code} instead of killing itself")

    def wait_idle(self):
        def idle():
            if self.process.poll() is not None:
                raise Wrong(f"the daemon ended by itself: status {self.process.returncode}")
            return not self.catalog.read("select 1 from tasks where state in ('queued', 'running', 'undoing') limit 1")
        wait("an end of all tasks", 90, idle)

    # --- what users do

    def seed(self):
        with self.catalog as c:
            t = now()
            self.host_id, self.image = str(uuid.uuid4()), str(uuid.uuid4())
            c.add("hosts", id=self.host_id, number=1, name=HOST, driver="kvm", availability_zone="nova", heartbeat_us=t, hypervisor_type="QEMU",
                  hypervisor_version=7, arch="x86_64", cpu_info="{}", host_ip="127.0.0.1", vcpus=8, ram_mib=8192, disk_gib=100, vcpu_ratio=16,
                  ram_ratio=1, disk_ratio=1, reserved_vcpus=0, reserved_ram_mib=0, reserved_disk_gib=0, created_us=t, updated_us=t)
            for i in range(2):
                net, subnet, group = (str(uuid.uuid4()) for _ in range(3))
                self.nets.append(Net(net, subnet, group, f"10.99.{i}."))
                c.add("networks", id=net, project_id="p", mtu=1500, type="local", created_us=t, updated_us=t)
                c.add("subnets", id=subnet, network_id=net, project_id="p", ip_version=4, cidr=f"10.99.{i}.0/24", gateway_ip=f"10.99.{i}.1", created_us=t,
                      updated_us=t)
                self.add_port(c, self.nets[i], "network:dhcp", "dhcp", f"10.99.{i}.2", 0)
                c.add("security_groups", id=group, project_id="p", name=f"g{i}", created_us=t, updated_us=t)
                c.add("security_group_rules", id=str(uuid.uuid4()), security_group_id=group, project_id="p", direction="egress", ethertype="IPv4",
                      created_us=t, updated_us=t)
            friends = str(uuid.uuid4())         # has no port of its own: it is on the host while a group that names it is
            c.add("security_groups", id=friends, project_id="p", name="friends", created_us=t, updated_us=t)
            c.add("security_group_rules", id=str(uuid.uuid4()), security_group_id=self.nets[1].group, project_id="p", direction="ingress",
                  ethertype="IPv4", remote_group_id=friends, created_us=t, updated_us=t)
            images = os.path.join(self.state, "storage/file/images")
            with open(os.path.join(self.work, "power.raw"), "rb") as f, open(os.path.join(images, self.image), "wb") as g:
                g.write(f.read())
            c.add("images", id=self.image, status="active", visibility="public", disk_format="raw", container_format="bare", size_bytes=DISK_BYTES,
                  store="file", handle=self.image, created_us=t, updated_us=t)

    def add_port(self, c, net, owner, device, address, owned):
        port, t = str(uuid.uuid4()), now()
        mac = "fa:16:3e:%02x:%02x:%02x" % tuple(uuid.UUID(port).bytes[:3])
        c.add("ports", id=port, network_id=net.id, project_id="p", mac_address=mac, status="DOWN", device_id=device, device_owner=owner,
              owned_by_server=owned, created_us=t, updated_us=t)
        c.add("fixed_ips", subnet_id=net.subnet, ip_address=address, port_id=port, position=0)
        return port

    def create(self, properties=None, net=None):
        net = net or self.nets[1]
        server, t = str(uuid.uuid4()), now()
        with self.catalog as c:
            number = c.rows("select coalesce(max(number), 0) + 1 from servers")[0][0]
            taken = {r[0] for r in c.rows("select ip_address from fixed_ips")}
            address = next(a for a in (f"{net.prefix}{i}" for i in range(10, 250)) if a not in taken)
            c.add("servers", id=server, number=number, project_id="p", user_id="u", name=f"s{number}", host_id=self.host_id, vm_state="building",
                  task_state="scheduling", image_id=self.image, flavor_id="1", flavor=json.dumps(FLAVOR), hostname=f"s{number}", config_drive=1,
                  image_properties=json.dumps(properties or {}), reservation_id="r-1", created_us=t, updated_us=t)
            c.add("allocations", consumer_id=server, host_id=self.host_id, vcpus=1, ram_mib=16, disk_gib=0, project_id="p", user_id="u")
            c.add("server_disks", id=str(uuid.uuid4()), server_id=server, role="root", store="file", size_bytes=DISK_BYTES, boot_index=0,
                  image_id=self.image, created_us=t)
            c.add("server_disks", id=str(uuid.uuid4()), server_id=server, role="ephemeral", store="file", size_bytes=2 * DISK_BYTES, created_us=t)
            c.add("server_disks", id=str(uuid.uuid4()), server_id=server, role="config", store="", size_bytes=0, created_us=t)
            port = self.add_port(c, net, "compute:nova", server, address, 1)
            c.add("port_security_groups", port_id=port, security_group_id=net.group)
            c.task("server-build", "server", server)
        return server

    def act(self, server, kind):
        with self.catalog as c:
            if kind == "server-delete":
                c.db.execute("update tasks set cancel = 1 where object_id = ? and state in ('queued', 'running')", (server,))
            state = "deleting" if kind == "server-delete" else POWER[kind][2]
            c.db.execute("update servers set task_state = ?, updated_us = ? where id = ?", (state, now(), server))
            c.task(kind, "server", server)

    def server(self, server):
        return self.catalog.read("select * from servers where id = ?", server)[0]

    def settle(self, server, want):
        """Waits until nothing works on the server; it is as wanted."""
        self.wait_idle()
        s = self.server(server)
        if s["vm_state"] != want or s["task_state"] is not None:
            raise Wrong(f"server {server} is {s['vm_state']}, {s['task_state']}: {s['fault_message']}; expected {want}")

    def bring(self, server, want):
        have = self.server(server)["vm_state"]
        if have != "active" and have != want:
            self.act(server, TO_ACTIVE[have])
            self.settle(server, "active")
            have = "active"
        if have != want:
            self.act(server, FROM_ACTIVE[want])
            self.settle(server, want)


class Machine:
    """What is really there, asked with the system's own tools."""

    def __init__(self, cloud):
        self.cloud = cloud

    def domains(self):
        states = {}
        for name in out("virsh", "-q", "list", "--all", "--uuid").split():
            states[name] = out("virsh", "-q", "domstate", name).strip()
        return states

    def links(self):
        return {link["ifname"] for link in json.loads(out("ip", "-j", "link"))}

    def namespaces(self):
        return {line.split()[0] for line in out("ip", "netns", "list").splitlines()}

    def processes(self, name):
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

    def files(self, folder):
        path = os.path.join(self.cloud.state, folder)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []


def tail(object_id):
    return object_id.replace("-", "")[-11:]


def differ(what, have, want, wrong):
    have, want = set(have), set(want)
    if have - want:
        wrong.append(f"{what} left over: {sorted(have - want)}")
    if want - have:
        wrong.append(f"{what} missing: {sorted(want - have)}")


def addresses_in(top, net, name):
    """Addresses of the network in all files of that name: what dnsmasq was told, what it gave."""
    found = set()
    for folder, _, names in os.walk(top):
        if name in names:
            with open(os.path.join(folder, name), errors="replace") as f:
                found |= set(re.findall(re.escape(net.prefix) + r"\d+", f.read()))
    return found


def compare(cloud, machine):
    """The catalog and the machine, by hand.  The audit compares again, its own way."""
    read, wrong = cloud.catalog.read, []
    live = {r["id"]: r for r in read("select * from servers where deleted_us is null")}
    here = {i: s for i, s in live.items() if s["host_id"] is not None}
    bound = read("select * from ports where host <> ''")
    nets = {p["network_id"] for p in bound}
    domains = machine.domains()

    differ("domain", domains, here, wrong)
    for server, state in domains.items():
        want = LIBVIRT.get(live[server]["vm_state"]) if server in live else None
        if want is not None and state != want:
            wrong.append(f"server {server} is {live[server]['vm_state']}, but its domain is {state}")
    for s in live.values():
        if s["task_state"] is not None or s["vm_state"] == "building":
            wrong.append(f"server {s['id']} is stuck: {s['vm_state']}, {s['task_state']}")
        if s["vm_state"] == "error" and not s["fault_message"]:
            wrong.append(f"server {s['id']} is in error without a word")
    differ("device", {n for n in machine.links() if re.fullmatch("c[btv][0-9a-f]{11}", n)},
           {"ct" + tail(p["id"]) for p in bound} | {k + tail(n) for n in nets for k in ("cb", "cv")}, wrong)
    differ("namespace", {n for n in machine.namespaces() if n.startswith("cairn-")}, {"cairn-" + n for n in nets}, wrong)
    dnsmasq = machine.processes("dnsmasq")
    if len(dnsmasq) != len(nets):
        wrong.append(f"{len(dnsmasq)} dnsmasq for {len(nets)} networks: {list(dnsmasq.values())}")
    rules = out("nft", "list", "ruleset")
    differ("nft device", set(re.findall(r"\bc[tb][0-9a-f]{11}\b", rules)), {"ct" + tail(p["id"]) for p in bound} | {"cb" + tail(n) for n in nets}, wrong)
    for net in cloud.nets:
        known = {r[0] for r in read("select f.ip_address from fixed_ips f join ports p on p.id = f.port_id where p.network_id = ? and"
                                    " p.device_owner <> 'network:dhcp'", net.id)}
        differ("address that DHCP gives", addresses_in(cloud.work, net, "hosts"), known if net.id in nets else [], wrong)
        differ("lease", addresses_in(cloud.work, net, "leases") - known, [], wrong)
    disks = read("select * from server_disks")
    stray = [d["id"] for d in disks if d["server_id"] not in live]
    if stray:
        wrong.append(f"disk rows left over: {stray}")
    differ("volume", {n.split(".")[0] for n in machine.files("storage/file/volumes")}, {d["handle"].split(".")[0] for d in disks if d["handle"] and d["role"] != "config"}, wrong)
    differ("temporary file", machine.files("storage/file/tmp"), [], wrong)
    differ("image file", {n.split(".")[0] for n in machine.files("storage/file/images")}, {cloud.image}, wrong)
    differ("config drive", machine.files("config-drives"), {d["server_id"] + ".iso" for d in disks if d["role"] == "config" and d["handle"]}, wrong)
    differ("allocation", {r[0] for r in read("select consumer_id from allocations")}, here, wrong)
    differ("port", {p["device_id"] for p in read("select device_id from ports where device_owner = 'compute:nova'")}, live, wrong)
    if read("select 1 from tasks where state in ('queued', 'running', 'undoing')"):
        wrong.append("tasks are open")
    qemu = machine.processes("qemu-system")
    running = [i for i, s in here.items() if s["vm_state"] in ("active", "paused")]
    if len(qemu) != len(running):
        wrong.append(f"{len(qemu)} QEMU processes for {len(running)} servers")
    if wrong:
        raise Wrong("\n    ".join(["after the restart:"] + wrong))


def audit(cloud):
    env = dict(os.environ)
    if env.pop("CRASH_PRELOAD", ""):
        env["LD_PRELOAD"] = os.environ["CRASH_PRELOAD"]
    r = subprocess.run([cloud.host, cloud.config, "audit"], capture_output=True, text=True, env=env)
    if r.returncode != 0:
        raise Wrong(f"audit: {r.stdout.strip() or r.stderr.strip()}")


class Test:
    def __init__(self, cloud):
        self.cloud, self.machine = cloud, Machine(cloud)

    def begin(self):
        self.cloud.start()
        self.cloud.wait_idle()
        self.cloud.stop()
        self.cloud.seed()
        self.cloud.start()
        self.bystander = self.cloud.create(net=self.cloud.nets[0])
        self.cloud.settle(self.bystander, "active")
        self.subject = self.cloud.create(net=self.cloud.nets[0])
        self.cloud.settle(self.subject, "active")
        self.cloud.stop()
        self.check()
        self.bystander_pid = self.pid_of(self.bystander)
        self.prove()

    def prove(self):
        """The comparison sees what is left over and what is missing."""
        tap = "ct" + tail(self.cloud.catalog.read("select id from ports where device_id = ?", self.subject)[0][0])
        stray = os.path.join(self.cloud.state, "storage/file/volumes", str(uuid.uuid4()))
        for spoil, mend in (((lambda: out("ip", "link", "add", "ct0123456789a", "type", "bridge")), (lambda: out("ip", "link", "del", "ct0123456789a"))),
                            ((lambda: out("ip", "link", "set", tap, "down", "name", "other")), (lambda: out("ip", "link", "set", "other", "name", tap, "up"))),
                            ((lambda: open(stray, "w").close()), (lambda: os.unlink(stray))),
                            ((lambda: out("virsh", "suspend", self.subject)), (lambda: out("virsh", "resume", self.subject)))):
            spoil()
            try:
                compare(self.cloud, self.machine)
            except Wrong:
                mend()
                compare(self.cloud, self.machine)
            else:
                raise Wrong("the comparison does not see what is wrong")

    def pid_of(self, server):
        pids = [pid for pid, text in self.machine.processes("qemu-system").items() if server in text]
        return pids[0] if len(pids) == 1 else None

    def check(self):
        compare(self.cloud, self.machine)
        audit(self.cloud)

    def provoke(self, kind, phase):
        """Sets going what the daemon then dies of.  Answers the server and what it shall be in the end."""
        cloud = self.cloud
        if kind == "server-build":
            return cloud.create({"hw_machine_type": "no-such-machine"} if phase == "undo" else None), "error" if phase == "undo" else "active"
        if kind in POWER:
            cloud.act(self.subject, kind)
            return self.subject, POWER[kind][1]
        if kind == "server-delete":
            cloud.act(self.victim, kind)
            return self.victim, "deleted"
        with cloud.catalog as c:
            if kind == "network-sync":
                c.task(kind, "network", cloud.nets[0].id)
            elif kind == "group-sync":
                c.task(kind, "security_group", cloud.nets[0].group)
            elif kind == "port-sync":
                c.task(kind, "port", c.rows("select id from ports where device_id = ?", self.subject)[0][0])
        return self.subject, None

    def prepare(self, kind):
        """Before the daemon that dies: what the flow needs."""
        self.cloud.start()
        self.cloud.wait_idle()
        if kind == "server-delete":
            self.victim = self.cloud.create()
            self.cloud.settle(self.victim, "active")
        if kind in POWER:
            self.cloud.bring(self.subject, POWER[kind][0])
        self.cloud.stop()

    def point(self, point):
        cloud = self.cloud
        kind, _, phase = point.split(":")
        if kind == "server-delete" or kind in POWER:
            self.prepare(kind)
        server, want = self.provoke(kind, phase)
        if want is None:
            want = cloud.server(server)["vm_state"]
        cloud.start(point)
        cloud.wait_killed(point)
        if self.pid_of(self.bystander) != self.bystander_pid:
            raise Wrong("another guest died with the daemon")
        cloud.start()
        cloud.settle(server, want)
        time.sleep(0.3)                         # the reconciler, which is no task, ends
        cloud.wait_idle()
        cloud.stop()
        self.check()
        if self.pid_of(self.bystander) != self.bystander_pid:
            raise Wrong("another guest was restarted")
        if kind == "server-build":
            if want == "error" and not re.search(r"Build of server .* failed: .{10,}", cloud.server(server)["fault_message"] or ""):
                raise Wrong(f"the fault cannot be understood: {cloud.server(server)['fault_message']}")
            cloud.start()
            cloud.act(server, "server-delete")
            cloud.settle(server, "deleted")
            cloud.stop()
            self.check()


    # --- scenes

    def again(self):
        """After the daemon was killed: it is started, and has to get things right."""
        self.cloud.start()
        self.cloud.wait_idle()
        time.sleep(0.3)                         # the reconciler, which is no task, ends
        self.cloud.wait_idle()
        self.cloud.stop()
        self.check()

    def delete_while_it_builds(self):
        for point in ("network:run", "disks:run", "disks:record", "spawn:run"):
            server = self.cloud.create()
            self.cloud.start(f"server-build:{point}")
            self.cloud.wait_killed(point)
            self.cloud.act(server, "server-delete")
            self.again()
            if self.cloud.server(server)["vm_state"] != "deleted":
                raise Wrong(f"server {server} is {self.cloud.server(server)['vm_state']}")

    def delete_while_it_reboots(self):
        self.cloud.start()
        server = self.cloud.create()
        self.cloud.settle(server, "active")
        self.cloud.stop()
        self.cloud.act(server, "server-reboot")
        self.cloud.start("server-reboot:power:run")
        self.cloud.wait_killed("server-reboot:power:run")
        self.cloud.act(server, "server-delete")
        self.again()
        if self.cloud.server(server)["vm_state"] != "deleted":
            raise Wrong(f"server {server} is {self.cloud.server(server)['vm_state']}")

    def delete_while_its_port_changes(self):
        """What was unplugged is not plugged again by a change of the port that comes late."""
        self.cloud.start()
        server = self.cloud.create()
        self.cloud.settle(server, "active")
        self.cloud.stop()
        self.cloud.act(server, "server-delete")
        self.cloud.start("server-delete:unplug:record")
        self.cloud.wait_killed("server-delete:unplug:record")
        with self.cloud.catalog as c:           # the rest of the delete waits, as after a failed attempt, and the change comes first
            c.db.execute("update tasks set state = 'queued', lease_owner = null, not_before_us = ? where object_id = ? and kind = 'server-delete'",
                         (now() + 2000000, server))
            c.task("port-sync", "port", c.rows("select id from ports where device_id = ?", server)[0][0])
        self.cloud.start()
        self.cloud.settle(server, "deleted")
        self.cloud.stop()
        self.check()

    def host_reboots(self):
        """Guests, devices, filters and DHCP are gone; the books and the disks are there."""
        self.cloud.start()
        self.cloud.bring(self.subject, "active")
        self.cloud.kill()
        for name in ("qemu-system", "dnsmasq"):
            for pid in self.machine.processes(name):
                os.kill(pid, signal.SIGKILL)
        for link in self.machine.links():
            if re.fullmatch("c[btv][0-9a-f]{11}", link):
                subprocess.run(["ip", "link", "del", link], check=False, capture_output=True)
        for name in self.machine.namespaces():
            out("ip", "netns", "del", name)
        out("nft", "flush", "ruleset")
        shutil.rmtree(os.path.join(self.cloud.work, "run"))
        wait("libvirt's notice of the dead guests", 10, lambda: set(self.machine.domains().values()) == {"shut off"})
        self.again()
        for server in (self.bystander, self.subject):
            if self.cloud.server(server)["vm_state"] != "stopped":
                raise Wrong(f"server {server} is {self.cloud.server(server)['vm_state']} after the host's reboot")
        self.cloud.start()
        for server in (self.bystander, self.subject):
            self.cloud.bring(server, "active")
        self.cloud.stop()
        self.check()
        self.bystander_pid = self.pid_of(self.bystander)

    def random(self, rounds, seed):
        """Anything at once, killed at any time, twice over."""
        dice = random.Random(seed)
        want = {self.subject: self.cloud.server(self.subject)["vm_state"]}
        for i in range(rounds):
            began = time.monotonic()
            story = []
            self.cloud.start()
            for server, state in list(want.items()):
                kinds = [k for k in POWER if POWER[k][0] == state]
                kind = dice.choice(kinds + ["server-delete"] * (server != self.subject) + [None])
                if kind is not None:
                    self.cloud.act(server, kind)
                    want[server] = "deleted" if kind == "server-delete" else POWER[kind][1]
                    story.append(f"{kind} {server[:4]}")
            for _ in range(dice.randint(0, 4 - min(len(want), 4))):
                bad = dice.random() < 0.2
                server = self.cloud.create({"hw_machine_type": "no-such-machine"} if bad else None)
                want[server] = "error" if bad else "active"
                story.append(f"create {server[:4]}")
                if dice.random() < 0.3:
                    self.cloud.act(server, "server-delete")
                    want[server] = "deleted"
                    story.append(f"delete {server[:4]}")
            for _ in range(dice.randint(1, 2)):
                time.sleep(dice.random() * 1.5)
                self.cloud.kill()
                self.cloud.start()
            self.cloud.stop()
            self.again()
            for server, state in list(want.items()):
                if self.cloud.server(server)["vm_state"] != state:
                    raise Wrong(f"round {i} of seed {seed} ({', '.join(story)}): server {server} is {self.cloud.server(server)['vm_state']}, not {state}")
                if state == "deleted":
                    del want[server]
            if self.pid_of(self.bystander) != self.bystander_pid:
                raise Wrong("another guest was restarted")
            print(f"ok      round {i}: {', '.join(story)}  {time.monotonic() - began:.1f} s", flush=True)
        self.cloud.start()
        for server in want:
            if server != self.subject:
                self.cloud.act(server, "server-delete")
        self.cloud.bring(self.subject, "active")
        self.cloud.stop()
        self.again()


def repairs(work, mark):
    """What the reconciler had to mend: no fault, but what a flow left to it."""
    with open(os.path.join(work, "host.log"), errors="replace") as f:
        f.seek(mark)
        found = re.findall(r" warn +reconcile \[[^]]*\] ([a-z-]+): ", f.read())
    return "; repaired: " + ", ".join(sorted(found)) if found else ""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--host", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--random", type=int, metavar="ROUNDS")
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("only", nargs="*")
    o = p.parse_args()
    points = QUICK if o.quick else POINTS + SCENES + [f"random:{o.random or 20}"]
    if o.only:
        points = [x for x in POINTS + SCENES if any(x == y or x.startswith(y + ":") for y in o.only)]
    elif o.random:
        points = [f"random:{o.random}"]
    cloud = Cloud(o.host, o.work)
    test = Test(cloud)
    failed = 0
    try:
        test.begin()
    except Wrong as e:
        sys.exit(f"crash: before any crash: {e}\n{open(os.path.join(o.work, 'host.log')).read()[-4000:]}")
    for point in points:
        began, mark = time.monotonic(), os.path.getsize(os.path.join(o.work, "host.log"))
        try:
            if point.startswith("random:"):
                test.random(int(point.split(":")[1]), o.seed)
            elif point in SCENES:
                getattr(test, point.replace("-", "_"))()
            else:
                test.point(point)
            print(f"ok      {point}  {time.monotonic() - began:.1f} s{repairs(o.work, mark)}", flush=True)
        except Wrong as e:
            failed += 1
            print(f"FAILED  {point}: {e}", flush=True)
            with open(os.path.join(o.work, "host.log"), errors="replace") as f:
                f.seek(mark)
                print("".join("    | " + line for line in f.readlines()[-25:]), flush=True)
            if cloud.process is not None:
                cloud.kill()
    print(f"{len(points) - failed} of {len(points)} points hold")
    sys.exit(failed > 0)


main()
