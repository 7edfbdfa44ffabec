"""scenes.py: deaths that need a story: uploads, deletes in between, a host that reboots, any moment at all; and a driver that hangs.  See crash.py."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from urllib.parse import quote

from cloud import POWER, Client, Lost, Wrong, wait
from machine import out
from writes import REQUESTS, LastPortDelete

# --- images: whole or not there, and no space is lost

def image_is_right(test, image, blocks, whole):
    """After the restart: either the bytes are there, or the image waits for them and takes no room."""
    cloud = test.cloud
    path = f"/image/v2/images/{image}"
    wait("the image's coming to rest", 20, lambda: cloud.api("GET", path)["status"] in ("queued", "active"))
    status = cloud.api("GET", path)["status"]
    if status != ("active" if whole else "queued"):
        raise Wrong(f"the image is {status}")
    if not whole:
        wait("the return of the space", 20, lambda: test.machine.blocks() == blocks)
        cloud.upload(image)
    code, _, text = cloud.api.send("GET", path + "/file")
    if code != 200 or text != cloud.bytes:
        raise Wrong(f"the image's bytes are not those that were uploaded: {code}, {len(text)} bytes")
    test.all_right()
    cloud.api("DELETE", path)
    if test.machine.blocks() != blocks:
        raise Wrong("an image that was deleted still takes space")
    test.check()


def upload_dies(place, whole):
    def scene(test):
        cloud = test.cloud
        image = cloud.new_image()
        blocks = test.machine.blocks()
        cloud.arm(place)
        try:
            cloud.upload(image)
        except Lost:
            pass
        test.killed()
        image_is_right(test, image, blocks, whole)
    return scene


def half_an_upload(test):
    """The client and the daemon are in the middle of it."""
    cloud = test.cloud
    image = cloud.new_image()
    blocks = test.machine.blocks()
    with socket.create_connection(("127.0.0.1", cloud.api.port)) as s:
        s.sendall(f"PUT {quote(f'/image/v2/images/{image}/file')} HTTP/1.1\r\nHost: here\r\nX-Auth-Token: {cloud.api.token}\r\n"
                  f"Content-Type: application/octet-stream\r\nContent-Length: {len(cloud.bytes)}\r\n\r\n".encode())
        s.sendall(cloud.bytes[:len(cloud.bytes) // 2])
        wait("the upload's beginning", 20, lambda: cloud.api("GET", f"/image/v2/images/{image}")["status"] == "saving")
        time.sleep(0.2)                         # bytes on their way
        cloud.kill()
    test.guests_run_on()
    cloud.start()
    image_is_right(test, image, blocks, False)


def image_delete_dies(test):
    """The row is gone, the bytes are there yet."""
    cloud = test.cloud
    blocks = test.machine.blocks()
    image = cloud.new_image()
    cloud.upload(image)
    cloud.arm("image-delete:bytes")
    try:
        cloud.api("DELETE", f"/image/v2/images/{image}")
    except Lost:
        pass
    test.killed()
    if cloud.api("GET", f"/image/v2/images/{image}", accept=(404,)).get("status") != 404:
        raise Wrong("the image is there after its delete was committed")
    wait("the return of the space", 20, lambda: test.machine.blocks() == blocks)
    test.all_right()


IMAGE = {"image:half": half_an_upload, "image:delete": image_delete_dies}
IMAGE.update({f"image:{p}": upload_dies(f"image-upload:{p}", p == "recorded") for p in ("open", "whole", "kept", "recorded")})


# --- deletes in between

def delete_while_it_builds(test):
    cloud = test.cloud
    for place in ("network:run", "disks:run", "disks:record", "spawn:run"):
        cloud.arm(f"server-build:{place}")
        name = cloud.ask_server()
        test.killed()
        test.remove(cloud.find(name))
        test.all_right()


def delete_while_it_reboots(test):
    cloud = test.cloud
    server = cloud.create()
    cloud.settle(server, "ACTIVE")
    cloud.arm("server-reboot:power:run")
    cloud.act(server, "server-reboot")
    test.killed()
    test.remove(server)
    test.all_right()


def delete_while_its_port_changes(test):
    """What was unplugged is not plugged again by a change of the port that comes late."""
    cloud = test.cloud
    server = cloud.create()
    cloud.settle(server, "ACTIVE")
    port = cloud.port_of(server)
    cloud.arm("server-delete:unplug:record")
    cloud.act(server, "server-delete")
    cloud.wait_killed()
    now = int(time.time() * 1e6)                # the rest of the delete waits, as after a failed attempt, and the change comes first
    cloud.write(("update tasks set state = 'queued', lease_owner = null, not_before_us = ? where object_id = ? and kind = 'server-delete'",
                 now + 3000000, server),
                ("insert into tasks (id, kind, object_type, object_id, host, state, payload, not_before_us, request_id, project_id, user_id, seq, created_us)"
                 " select ?, 'port-sync', 'port', ?, host, 'queued', '{}', 0, request_id, project_id, user_id, (select max(seq) + 1 from tasks), ? from tasks"
                 " where object_id = ? and kind = 'server-delete'", str(uuid.uuid4()), port, now, server))
    cloud.start()
    cloud.settle(server, "GONE")
    test.all_right()


# --- the machine, and any moment

def host_reboots(test):
    """Guests, devices, filters and DHCP are gone; the books and the disks are there."""
    cloud, machine = test.cloud, test.machine
    cloud.bring(test.subject, "ACTIVE")
    cloud.kill()
    for name in ("qemu-system", "dnsmasq"):
        for pid in machine.processes(name):
            os.kill(pid, signal.SIGKILL)
    for link in machine.links():
        if re.fullmatch("c[btv][0-9a-f]{11}", link):
            subprocess.run(["ip", "link", "del", link], check=False, capture_output=True)
    for name in machine.namespaces():
        out("ip", "netns", "del", name)
    out("nft", "flush", "ruleset")
    shutil.rmtree(cloud.run)
    os.makedirs(cloud.run)
    wait("libvirt's notice of the dead guests", 10, lambda: set(machine.domains().values()) == {"shut off"})
    cloud.start()
    both = (test.bystander, test.subject)
    for server in both:
        wait("the catalog's notice of the dead guests", 20, lambda: cloud.status(server) == "SHUTOFF")
    cloud.wait_idle()
    for server in both:
        cloud.bring(server, "ACTIVE")
    test.check()
    test.bystander_pid = machine.pid_of(test.bystander)


def killed_while_it_starts(test):
    cloud = test.cloud
    cloud.arm("server-build:spawn:run")
    name = cloud.ask_server()
    cloud.wait_killed()
    for ms in (20, 60, 100, 150, 200, 300, 500):
        argv = [os.path.join(cloud.build, "cairnd"), "--config", cloud.config]
        with open(cloud.log, "a") as log:
            child = subprocess.Popen(argv, stdout=log, stderr=log)
        time.sleep(ms / 1000)
        child.kill()
        child.wait()
    test.guests_run_on()
    cloud.start()
    server = cloud.find(name)
    cloud.settle(server, "ACTIVE")
    test.all_right()
    test.remove(server)
    test.check()


def any_moment(test):
    """A server is built and deleted; the daemon dies at a moment that moves through it."""
    cloud = test.cloud
    for step in range(12):
        name = cloud.ask_server()
        time.sleep(0.1 * step)
        cloud.kill()
        test.guests_run_on()
        cloud.start()
        server = cloud.find(name)
        cloud.settle(server, "ACTIVE")
        cloud.act(server, "server-delete")
        time.sleep(0.05 * step)
        cloud.kill()
        cloud.start()
        cloud.settle(server, "GONE")
        test.all_right()


def anything(test, rounds, dice, seed):
    """Anything at once, killed at any time, twice over.  What was answered is not forgotten."""
    cloud = test.cloud
    kinds_of_write = [k for k, w in REQUESTS.items() if not k.startswith("server") and w is not LastPortDelete]
    want = {test.subject: cloud.status(test.subject)}
    for i in range(rounds):
        began, story = time.monotonic(), []
        writes = [REQUESTS[k]() for k in sorted(set(dice.choices(kinds_of_write, k=dice.randint(0, 3)))) if k != "rule-delete"]
        for write in writes:
            write.prepare(test)
        for server, state in list(want.items()):
            kinds = [k for k in POWER if POWER[k][1] == state]
            kind = dice.choice(kinds + ["server-delete"] * (server != test.subject) + [None])
            if kind is not None:
                cloud.act(server, kind)
                want[server] = "GONE" if kind == "server-delete" else POWER[kind][2]
                story.append(f"{kind} {server[:4]}")
        for _ in range(dice.randint(0, 4 - min(len(want), 4))):
            bad = dice.random() < 0.2
            server = cloud.create(bad)
            want[server] = "ERROR" if bad else "ACTIVE"
            story.append(f"create {server[:4]}")
            if dice.random() < 0.3:
                cloud.act(server, "server-delete")
                want[server] = "GONE"
                story.append(f"delete {server[:4]}")
        for write in writes:
            write.ask(cloud)
            story.append(write.route)
        for _ in range(dice.randint(1, 2)):
            time.sleep(dice.random() * 1.5)
            cloud.kill()
            test.guests_run_on()
            cloud.start()
        try:
            for server, state in list(want.items()):
                cloud.settle(server, state)
                if state == "GONE":
                    del want[server]
            for write in writes:
                write.verify(test, True)
            test.all_right()
            for write in writes:
                write.clean(test)
        except Wrong as e:
            raise Wrong(f"round {i} of seed {seed} ({', '.join(story)}): {e}") from None
        print(f"ok      round {i}: {', '.join(story)}  {time.monotonic() - began:.1f} s", flush=True)
    for server in want:
        if server != test.subject:
            test.remove(server)
    cloud.bring(test.subject, "ACTIVE")
    test.check()


# --- a driver call that does not come back blocks its own object, and nothing else

class Simulated:
    """A daemon of its own, with drivers that misbehave on command."""

    def __init__(self, test):
        self.dir, self.build = os.path.join(test.cloud.work, "hung"), test.cloud.build
        os.makedirs(self.dir)
        self.script, port = os.path.join(self.dir, "script"), os.path.join(self.dir, "port")
        env = dict(os.environ)
        if env.pop("CRASH_PRELOAD", ""):
            env["LD_PRELOAD"] = os.environ["CRASH_PRELOAD"]
        with open(os.path.join(self.dir, "log"), "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(test.cloud.build, "cairnd"), "--simulate", "--state-dir", os.path.join(self.dir, "state"), "--port", "0", "--port-file", port,
                 *(x for kind in ("compute", "storage", "network") for x in ("--set", f"{kind}:default.driver=debug", "--set",
                                                                            f"{kind}:default.script={self.script}"))], stdout=log, stderr=log, env=env)
        wait("the simulated daemon's start", 30, lambda: os.path.exists(port))
        with open(port) as f:
            self.api = Client(int(f.read()))
        with open(os.path.join(self.dir, "state/clouds.yaml")) as f:
            self.password = re.search(r"password: (\S+)", f.read()).group(1)
        self.api.login(self.password)

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir)

    def hang(self, *operations, times="1"):
        """The next call of each, or every one (times ""), hangs until let_go()."""
        with open(self.script + ".new", "w") as f:
            f.writelines(f"{o} hang {self.dir}/go {times}\n" for o in operations)
        os.rename(self.script + ".new", self.script)

    def let_go(self):
        open(os.path.join(self.dir, "go"), "w").close()
        wait("an end of the call that hung", 20, lambda: "In drivers" not in self.running())
        os.unlink(os.path.join(self.dir, "go"))

    def quick(self, method, path, body=None, accept=()):
        began = time.monotonic()
        answer = self.api(method, path, body, accept=accept)
        if time.monotonic() - began > 3:
            raise Wrong(f"{method} {path} took {time.monotonic() - began:.1f} s beside a driver call that hangs")
        return answer

    def status(self, server):
        return self.quick("GET", f"/compute/v2.1/servers/{server}", accept=(404,)).get("server", {"status": "GONE"})["status"]

    def network(self, cidr):
        net = self.quick("POST", "/network/v2.0/networks", {"network": {"name": cidr}})["network"]["id"]
        self.quick("POST", "/network/v2.0/subnets", {"subnet": {"network_id": net, "cidr": cidr, "ip_version": 4}})
        return net

    def create(self, name, net):
        return self.quick("POST", "/compute/v2.1/servers", {"server": {"name": name, "imageRef": self.image, "flavorRef": self.flavor,
                                                                        "networks": [{"uuid": net}]}})["server"]["id"]

    def running(self):
        """The calls that drivers are in, as operators see them."""
        state = os.path.join(self.dir, "state")
        argv = [os.path.join(self.build, "cairn"), "--config", "/dev/null", "--set", f"daemon.state_dir={state}", "--set", f"daemon.run_dir={state}/run", "tasks"]
        return subprocess.run(argv, capture_output=True, text=True).stdout

    def becomes(self, server, state):
        wait(f"{state} of server {server}", 20, lambda: self.status(server) == state)


# What hangs, and what gets there with a server that is ACTIVE (None: its build does).
HANGS = (("server_create", None), ("volume_create", None), ("network_apply", None), ("port_plug", None), ("server_stop", {"os-stop": None}),
         ("server_reboot", {"reboot": {"type": "HARD"}}), ("server_destroy", "delete"), ("volume_delete", "delete"))


def provoke(sim, operation, ask):
    """Answers a server whose driver call hangs."""
    net = sim.network("10.1.0.0/24") if ask is None else sim.net        # one that no port is in yet
    victim = None if ask is None else sim.create("victim", net)
    if victim is not None:
        sim.becomes(victim, "ACTIVE")
    sim.hang(operation)
    if ask is None:
        victim = sim.create("victim", net)
    elif ask == "delete":
        sim.quick("DELETE", f"/compute/v2.1/servers/{victim}")
    else:
        sim.quick("POST", f"/compute/v2.1/servers/{victim}/action", ask)
    wait(f"the call of {operation} that hangs", 20, lambda: operation in sim.running())
    # Who waits for the same network takes no worker from others: these are more than there are.
    crowd = [sim.create("crowd", net) for _ in range(24)] if operation == "network_apply" else []
    return victim, crowd


def others_go_on(sim, before):
    other = sim.create("other", sim.net)
    sim.becomes(other, "ACTIVE")
    for action, state in (({"os-stop": None}, "SHUTOFF"), ({"os-start": None}, "ACTIVE"), ({"pause": None}, "PAUSED"), ({"unpause": None}, "ACTIVE")):
        sim.quick("POST", f"/compute/v2.1/servers/{before}/action", action)
        sim.becomes(before, state)
    sim.quick("DELETE", f"/compute/v2.1/servers/{other}")
    sim.becomes(other, "GONE")
    for path in ("/compute/v2.1/servers/detail", "/compute/v2.1/os-hypervisors/detail", "/network/v2.0/ports", "/image/v2/images", "/healthz", "/metrics"):
        sim.quick("GET", path)
    sim.quick("DELETE", f"/network/v2.0/networks/{sim.network('10.9.0.0/24')}")


def hung_driver(test):
    sim = Simulated(test)
    try:
        sim.flavor = sim.quick("GET", "/compute/v2.1/flavors")["flavors"][0]["id"]
        sim.image = sim.quick("POST", "/image/v2/images", {"name": "i", "disk_format": "raw", "container_format": "bare"})["id"]
        sim.api("PUT", f"/image/v2/images/{sim.image}/file", test.cloud.bytes, headers={"Content-Type": "application/octet-stream"})
        sim.net = sim.network("10.0.0.0/24")
        before = sim.create("before", sim.net)
        sim.becomes(before, "ACTIVE")
        for operation, ask in HANGS:
            victim, crowd = provoke(sim, operation, ask)
            others_go_on(sim, before)
            sim.quick("GET", f"/compute/v2.1/servers/{victim}/diagnostics", accept=(400, 404, 409, 500, 501, 503, 504))
            if ask != "delete":                 # its own next task waits behind it
                sim.quick("DELETE", f"/compute/v2.1/servers/{victim}")
                time.sleep(0.3)
            if sim.status(victim) == "GONE":
                raise Wrong(f"a server is gone while {operation} hangs")
            sim.let_go()
            sim.becomes(victim, "GONE")
            for server in crowd:
                sim.becomes(server, "ACTIVE")
                sim.quick("DELETE", f"/compute/v2.1/servers/{server}")
    finally:
        sim.end()


# --- a store that hangs: who wants its bytes waits or is told to come again, all others are answered at once

MANY = 40                                       # more than there are workers


def hung_store(test):
    sim = Simulated(test)
    octets = {"Content-Type": "application/octet-stream"}
    images, answers, threads = [], [], []

    def make(bytes):
        image = sim.quick("POST", "/image/v2/images", {"name": "i", "disk_format": "raw", "container_format": "bare"})["id"]
        if bytes:
            sim.api("PUT", f"/image/v2/images/{image}/file", test.cloud.bytes, headers=octets)
        return image

    def ask(method, image, body=None):
        def run():
            path = f"/image/v2/images/{image}" + ("" if method == "DELETE" else "/file")
            answers.append((method, *sim.api.send(method, path, body, octets, timeout=100)[:2]))
        threads.append(threading.Thread(target=run))
        threads[-1].start()

    try:
        for operations, requests in ((("image_delete",), (("DELETE", True),)), (("image_open",), (("PUT", False),)),
                                     (("image_write",), (("PUT", False),)), (("image_fd", "image_read"), (("GET", True),)),
                                     (("image_delete", "image_write", "image_fd"), (("DELETE", True), ("PUT", False), ("GET", True)))):
            images = [(method, make(bytes)) for method, bytes in requests for _ in range(MANY)]
            sim.hang(*operations, times="")
            for method, image in images:
                ask(method, image, test.cloud.bytes if method == "PUT" else None)
            wait("the store's hanging", 20, lambda: any(o in sim.running() for o in operations))
            for _ in range(5):
                for path in ("/healthz", "/compute/v2.1/servers/detail", "/image/v2/images", f"/image/v2/images/{images[0][1]}", "/metrics", "/"):
                    sim.quick("GET", path, accept=(404, 503))
                sim.api.login(sim.password)
                sim.quick("DELETE", "/image/v2/images/" + make(False))
            if len(answers) == len(images):
                raise Wrong(f"{operations} do not hang")
            os.unlink(sim.script)
            sim.let_go()
            for thread in threads:
                thread.join()
            for method, code, headers in answers:
                if code not in {"DELETE": (204, 503), "PUT": (204, 503), "GET": (200, 503)}[method] or (code == 503) != ("Retry-After" in headers):
                    raise Wrong(f"{method} is answered by {code}")
            counts = {a[:2]: sum(1 for b in answers if b[:2] == a[:2]) for a in answers}
            print(f"        {' '.join(operations)}: {', '.join(f'{m} {c} x{n}' for (m, c), n in sorted(counts.items()))}", flush=True)
            answers.clear()
            threads.clear()
    finally:
        sim.end()


SCENES = {
    "delete-while-it-builds": delete_while_it_builds, "delete-while-it-reboots": delete_while_it_reboots,
    "delete-while-its-port-changes": delete_while_its_port_changes, "host-reboots": host_reboots, "killed-while-it-starts": killed_while_it_starts,
    "any-moment": any_moment, "hung-driver": hung_driver, "hung-store": hung_store,
}
