"""crash.py: kills the daemon at every step of every flow, starts it again, compares the catalog with the machine from outside.  See run."""

import argparse
import os
import random
import re
import sys
import time

import scenes
from cloud import POWER, Cloud, Wrong
from machine import Machine, compare, out, tail
from writes import REQUESTS

BEFORE_RUN_RECORD = ("before", "run", "record")
FLOWS = (
    [f"server-build:{s}:{p}" for s in ("network", "disks", "spawn") for p in BEFORE_RUN_RECORD]
    + [f"server-build:{s}:undo" for s in ("spawn", "disks", "network")]
    + [f"server-delete:{s}:{p}" for s in ("destroy", "unplug", "disks") for p in BEFORE_RUN_RECORD]
    + [f"{k}:power:{p}" for k in POWER for p in BEFORE_RUN_RECORD]
    + [f"{k}:apply:{p}" for k in ("network-sync", "group-sync", "port-sync") for p in BEFORE_RUN_RECORD]
)
# Between a call of a driver and its flow's next line, and while a config drive is made; what is asked for to get there.
CALLS = (
    [f"create:{c}:{p}" for c in ("network_apply", "group_apply", "port_plug", "volume_create", "server_create") for p in ("before", "after")]
    + ["create:config-drive:tree", "create:config-drive:iso"]
    + [f"fail:{c}:{p}" for c in ("server_destroy", "volume_delete", "port_unplug") for p in ("before", "after")]
    + [f"delete:{c}:{p}" for c in ("server_destroy", "port_unplug", "volume_delete", "network_remove", "group_remove") for p in ("before", "after")]
)
QUICK = ["server-build:network:run", "server-build:spawn:run", "server-build:disks:undo", "server-delete:destroy:run", "server-delete:disks:record",
         "server-reboot:power:run", "server-suspend:power:run", "port-sync:apply:run", "create:volume_create:after", "create:config-drive:iso",
         "delete:network_remove:before", "request:servers-create:commit", "request:server-create:answer", "request:server-delete:answer",
         "request:subnet-change:answer", "request:port-delete:answer", "request:rule-create:answer", "image:half", "image:kept", "image:delete",
         "delete-while-it-builds", "host-reboots", "hung-driver"]


class Test:
    def __init__(self, cloud):
        self.cloud, self.machine = cloud, Machine(cloud)

    def begin(self):
        cloud = self.cloud
        cloud.start()
        cloud.seed()
        self.bystander = cloud.create(net=cloud.nets[0])
        self.subject = cloud.create(net=cloud.nets[0])
        for server in (self.bystander, self.subject):
            cloud.settle(server, "ACTIVE")
        self.check()
        self.bystander_pid = self.machine.pid_of(self.bystander)
        self.prove()

    def prove(self):
        """The comparison sees what is left over and what is missing."""
        tap = "ct" + tail(self.cloud.port_of(self.subject))
        stray = os.path.join(self.cloud.state, "storage/file/volumes/00000000-0000-4000-8000-000000000000.raw")
        self.cloud.stop()                       # it would put right what it is told of
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
        self.cloud.start()

    # --- what every crash has to leave right

    def check(self):
        """The reconciler, which is no task, may still be at work: what is wrong has a while to become right."""
        end = time.monotonic() + 20
        while True:
            self.cloud.wait_idle()
            try:
                compare(self.cloud, self.machine)
                break
            except Wrong:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)
        audit = self.cloud.tool("audit")
        if audit.returncode != 0:
            raise Wrong(f"audit: {audit.stdout.strip() or audit.stderr.strip()}")
        shown = self.cloud.status(self.bystander)
        if shown != "ACTIVE":
            raise Wrong(f"another server is {shown}")

    def guests_run_on(self):
        """While the daemon is down."""
        if self.machine.pid_of(self.bystander) != self.bystander_pid:
            raise Wrong("another guest died with the daemon")
        if self.machine.domains().get(self.bystander) != "running":
            raise Wrong("another guest does not run while the daemon is down")
        if not any(self.cloud.nets[0] in text for text in self.machine.processes("dnsmasq").values()):
            raise Wrong("DHCP does not run while the daemon is down")

    def killed(self, *options):
        """The daemon was armed, and is dead by now or soon: what runs on runs on; it is started again."""
        self.cloud.wait_killed()
        self.guests_run_on()
        self.cloud.start(*options)

    def all_right(self):
        self.check()
        if self.machine.pid_of(self.bystander) != self.bystander_pid:
            raise Wrong("another guest was restarted")

    def remove(self, server):
        self.cloud.act(server, "server-delete")
        self.cloud.settle(server, "GONE")

    # --- one place each

    def flow(self, place):
        cloud = self.cloud
        kind, _, phase = place.split(":")
        if kind == "server-build":
            return self.build(place, bad=phase == "undo")
        if kind == "server-delete":
            return self.delete(place)
        if kind in POWER:
            action, before, after = POWER[kind]
            cloud.bring(self.subject, before)
            cloud.arm(place)
            cloud.act(self.subject, kind)
            self.killed()
            cloud.settle(self.subject, after)
        else:
            was = cloud.status(self.subject)
            change = {"network-sync": REQUESTS["subnet-change"], "group-sync": REQUESTS["rule-create"], "port-sync": REQUESTS["port-change"]}[kind]()
            change.prepare(self)
            cloud.wait_idle()
            cloud.arm(place)
            change.fire(self)
            self.killed()
            cloud.settle(self.subject, was)
            change.verify(self, True)
            change.clean(self)
        self.all_right()

    def build(self, place, bad=False):
        cloud = self.cloud
        cloud.arm(place)
        name = cloud.ask_server(bad)
        self.killed()
        server = cloud.find(name)
        if server is None:
            raise Wrong("the server that was being built is gone")
        shown = cloud.settle(server, "ERROR" if bad else "ACTIVE")
        if bad and not re.search(r"Build of server .* failed: .{10,}", shown["fault"]["message"]):
            raise Wrong(f"the fault cannot be understood: {shown['fault']}")
        self.all_right()
        self.remove(server)
        self.check()

    def delete(self, place):
        server = self.cloud.create()
        self.cloud.settle(server, "ACTIVE")
        self.cloud.arm(place)
        self.cloud.act(server, "server-delete")
        self.killed()
        self.cloud.settle(server, "GONE")
        self.all_right()

    def call(self, point):
        what, place = point.split(":", 1)
        if what == "delete":
            self.delete(place)
        else:
            self.build(place, bad=what == "fail")

    def request(self, point):
        """Before the commit of a request nothing of it is there; after it, all."""
        _, name, when = point.split(":")
        request = REQUESTS[name]()
        request.prepare(self)
        self.cloud.wait_idle()
        try:
            self.cloud.arm(f"{request.route}:{when}")
            request.fire(self)
            self.killed()
            self.cloud.wait_idle()
            request.verify(self, when == "answer")
            self.all_right()
        finally:
            self.cloud.disarm()
            request.clean(self)
        self.check()

    def run(self, point, options):
        kind = point.split(":")[0]
        if point.startswith("random"):
            scenes.anything(self, int(point.split(":")[1]), random.Random(options.seed), options.seed)
        elif kind == "image":
            scenes.IMAGE[point](self)
        elif kind == "request":
            self.request(point)
        elif kind in ("create", "fail", "delete"):
            self.call(point)
        elif point in scenes.SCENES:
            scenes.SCENES[point](self)
        else:
            self.flow(point)


def all_points():
    return (FLOWS + CALLS + [f"request:{r}:{w}" for r in REQUESTS for w in ("commit", "answer")] + list(scenes.IMAGE) + list(scenes.SCENES))


def repairs(log, mark):
    """What the reconciler had to mend: no fault, but what a flow left to it."""
    with open(log, errors="replace") as f:
        f.seek(mark)
        found = re.findall(r" warn +reconcile \[[^]]*\] ([a-z-]+): ", f.read())
    return "; repaired: " + ", ".join(sorted(found)) if found else ""


def begin_anew(test):
    """After a failure: the next place shall not suffer from it."""
    cloud = test.cloud
    cloud.kill()
    cloud.disarm()
    cloud.start()
    for server in cloud.api("GET", "/compute/v2.1/servers")["servers"]:
        if server["id"] not in (test.bystander, test.subject):
            cloud.act(server["id"], "server-delete")
    try:
        cloud.wait_idle()
    except Wrong as e:
        print(f"        and then: {e}", flush=True)
    cloud.failed_before = {r[0] for r in cloud.read("select id from tasks where state = 'failed'")}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("--random", type=int, metavar="ROUNDS")
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("only", nargs="*")
    o = p.parse_args()
    points = QUICK if o.quick else all_points() + [f"random:{o.random or 20}"]
    if o.only:
        points = [x for x in all_points() if any(x == y or x.startswith(y + ":") for y in o.only)]
    elif o.random:
        points = [f"random:{o.random}"]
    if o.list:
        print("\n".join(points))
        return
    cloud = Cloud(o.build, o.work)
    test = Test(cloud)
    failed = 0
    try:
        test.begin()
    except Wrong as e:
        cloud.kill()
        sys.exit(f"crash: before any crash: {e}\n{open(cloud.log, errors='replace').read()[-4000:]}")
    for point in points:
        began, mark = time.monotonic(), os.path.getsize(cloud.log)
        try:
            test.run(point, o)
            print(f"ok      {point}  {time.monotonic() - began:.1f} s{repairs(cloud.log, mark)}", flush=True)
        except Exception as e:                  # also what the test itself does not expect: the other places still count
            failed += 1
            print(f"FAILED  {point}: {e if isinstance(e, Wrong) else repr(e)}", flush=True)
            with open(cloud.log, errors="replace") as f:
                f.seek(mark)
                print("".join("    | " + line for line in f.readlines()[-25:]), flush=True)
            begin_anew(test)
    cloud.stop()
    audit = cloud.tool("audit")
    if audit.returncode != 0:
        failed += 1
        print(f"FAILED  audit without a daemon: {audit.stdout.strip() or audit.stderr.strip()}")
    print(f"{len(points) - failed} of {len(points)} points hold")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
