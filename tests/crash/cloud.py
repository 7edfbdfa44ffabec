"""cloud.py: a cairnd on real drivers, and what a client does with it.  For the crash test: a request may end with the daemon."""

import base64
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import time

HOST = "crash"
PORT = 8774
DISK_BYTES = 1 << 20
PASSWORD = "crash-test-password"

# Flow of a power action: its request, then what the server must be before, and what it is when the flow is done, wherever it was killed.
POWER = {
    "server-start": ({"os-start": None}, "SHUTOFF", "ACTIVE"),
    "server-stop": ({"os-stop": None}, "ACTIVE", "SHUTOFF"),
    "server-reboot": ({"reboot": {"type": "SOFT"}}, "ACTIVE", "ACTIVE"),
    "server-pause": ({"pause": None}, "ACTIVE", "PAUSED"),
    "server-unpause": ({"unpause": None}, "PAUSED", "ACTIVE"),
    "server-suspend": ({"suspend": None}, "ACTIVE", "SUSPENDED"),
    "server-resume": ({"resume": None}, "SUSPENDED", "ACTIVE"),
}
TO_ACTIVE = {"SHUTOFF": "server-start", "PAUSED": "server-unpause", "SUSPENDED": "server-resume"}
FROM_ACTIVE = {"SHUTOFF": "server-stop", "PAUSED": "server-pause", "SUSPENDED": "server-suspend"}


class Wrong(Exception):
    """A promise that was not kept."""


class Lost(Exception):
    """No answer: the daemon died, or does not run."""


def wait(what, seconds, fn):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = fn()
        if value:
            return value
        time.sleep(0.05)
    raise Wrong(f"{what} did not come in {seconds} s")


class Client:
    """Requests with a token.  An answer that is no success is Wrong, unless 'accept' has its code."""

    def __init__(self, port):
        self.port, self.token, self.project = port, None, None

    def send(self, method, path, body=None, headers=None, timeout=60):
        headers = {"X-Auth-Token": self.token or "", "OpenStack-API-Version": "compute 2.90", **(headers or {})}
        if isinstance(body, (dict, list)):
            body, headers["Content-Type"] = json.dumps(body), headers.get("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as e:
            raise Lost(f"{method} {path}: {e!r}") from e
        finally:
            connection.close()

    def __call__(self, method, path, body=None, accept=(), headers=None):
        status, _, text = self.send(method, path, body, headers)
        if status == 401 and self.token is not None:
            raise Wrong(f"{method} {path}: the token is not known any more")
        if status >= 400 and status not in accept:
            raise Wrong(f"{method} {path}: {status} {text.decode(errors='replace')[:400]}")
        return json.loads(text) if text and status < 400 and text[:1] in b"{[" else {"status": status}

    def login(self, password=PASSWORD):
        user = {"name": "admin", "domain": {"id": "default"}, "password": password}
        status, headers, text = self.send("POST", "/identity/v3/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}})
        if status != 201:
            raise Wrong(f"no token: {status} {text.decode(errors='replace')[:400]}")
        self.token, self.project = headers["X-Subject-Token"], json.loads(text)["token"]["project"]["id"]


class Daemon:
    """The process: started, killed at a place or a time, started again.  'arm' names the place; see core/base/crash.h."""

    def __init__(self, build, work, config):
        self.build, self.work = build, work
        self.state, self.run = os.path.join(work, "state"), os.path.join(work, "run")
        self.config, self.place = os.path.join(work, "cairn.conf"), os.path.join(work, "crash-at")
        self.log = os.path.join(work, "cairnd.log")
        self.process = None
        os.makedirs(self.state)
        os.makedirs(self.run)
        with open(self.config, "w") as f:
            f.write(config.format(state=self.state, run=self.run, place=self.place, port=PORT, host=HOST))

    def tool(self, *argv):
        env = dict(os.environ)
        if env.pop("CRASH_PRELOAD", ""):
            env["LD_PRELOAD"] = os.environ["CRASH_PRELOAD"]
        return subprocess.run([os.path.join(self.build, "cairn"), "--config", self.config, *argv], capture_output=True, text=True, env=env)

    def start(self, *options):
        """Returns when requests are answered, and work is done."""
        env = dict(os.environ)
        if env.pop("CRASH_PRELOAD", ""):
            env["LD_PRELOAD"] = os.environ["CRASH_PRELOAD"]
        port = os.path.join(self.run, "port")
        if os.path.exists(port):
            os.unlink(port)
        with open(self.log, "a") as log:
            log.write(f"--- start {' '.join(options)}\n")
            log.flush()
            self.process = subprocess.Popen([os.path.join(self.build, "cairnd"), "--config", self.config, "--port-file", port, *options], stdout=log,
                                            stderr=log, env=env)
        wait("the daemon's start", 60, lambda: os.path.exists(port) or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise Wrong(f"the daemon did not start: status {self.process.returncode}")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            if self.process.wait(60) != 0:
                raise Wrong(f"the daemon ended with status {self.process.returncode}")
        self.process = None

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def arm(self, place):
        """From now on the daemon kills itself there."""
        with open(self.place + ".new", "w") as f:
            f.write(place + "\n")
        os.rename(self.place + ".new", self.place)

    def disarm(self):
        if os.path.exists(self.place):
            os.unlink(self.place)

    def wait_killed(self):
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            raise Wrong("the place was never reached") from None
        finally:
            self.disarm()
        self.process = None
        if code != -signal.SIGKILL:
            raise Wrong(f"the daemon ended with status {code} instead of killing itself")

    def read(self, sql, *args):
        """The catalog, past the daemon."""
        db = sqlite3.connect(os.path.join(self.state, "catalog.db"), timeout=20)
        db.row_factory = sqlite3.Row
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def write(self, *statements):
        """The same, while there is none."""
        db = sqlite3.connect(os.path.join(self.state, "catalog.db"), timeout=20)
        try:
            with db:
                for sql, *args in statements:
                    db.execute(sql, args)
        finally:
            db.close()


CONFIG = """[daemon]
state_dir = {state}
run_dir = {run}
[http]
port = {port}
[host]
name = {host}
vcpu_ratio = 16
[compute:kvm]
driver = kvm
accel = tcg
[storage:file]
driver = file
reserved = 0
[network:bridge]
driver = linuxbridge
[quota]
compute_instances = 20
network_security_group = -1
network_security_group_rule = -1
network_network = -1
network_subnet = -1
network_port = -1
[debug]
crash_at = @{place}
"""


class Cloud(Daemon):
    def __init__(self, build, work):
        super().__init__(build, work, CONFIG)
        self.api = Client(PORT)
        self.names, self.failed_before = 0, set()

    # --- what there is before anything dies

    def seed(self):
        """Credentials, a flavor, two images (of the second no server can be made), two networks with groups."""
        secret = os.path.join(self.work, "password")
        with open(secret, "w") as f:
            f.write(PASSWORD + "\n")
        os.chmod(secret, 0o600)
        made = self.tool("bootstrap", "--base-url", f"http://127.0.0.1:{PORT}", "--password-file", secret)
        if made.returncode != 0:
            raise Wrong(f"cairn bootstrap: {made.stderr}")
        self.api.login()
        with open(os.path.join(self.work, "power.raw"), "rb") as f:
            self.bytes = f.read()
        self.flavor = self.api("POST", "/compute/v2.1/flavors", {"flavor": {"name": "tiny", "ram": 16, "vcpus": 1, "disk": 0,
                                                                            "OS-FLV-EXT-DATA:ephemeral": 1}})["flavor"]["id"]
        self.image, self.bad_image = self.new_image(), self.new_image({"hw_machine_type": "no-such-machine"})
        for image in (self.image, self.bad_image):
            self.upload(image)
        friends = self.new_group()              # has no port of its own: it is on the host while a group that names it is
        self.groups = [self.new_group(), self.new_group()]
        self.new_rule(self.groups[1], remote_group_id=friends)
        self.nets = [self.new_network(f"10.99.{i}.0/24") for i in range(2)]

    def name(self):
        self.names += 1
        return f"n{self.names}"

    def new_image(self, properties=None):
        body = {"name": self.name(), "disk_format": "raw", "container_format": "bare", **(properties or {})}
        return self.api("POST", "/image/v2/images", body)["id"]

    def upload(self, image):
        self.api("PUT", f"/image/v2/images/{image}/file", self.bytes, headers={"Content-Type": "application/octet-stream"})

    def new_network(self, cidr):
        net = self.api("POST", "/network/v2.0/networks", {"network": {"name": self.name()}})["network"]["id"]
        if cidr is not None:
            self.new_subnet(net, cidr)
        return net

    def new_subnet(self, net, cidr):
        return self.api("POST", "/network/v2.0/subnets", {"subnet": {"network_id": net, "cidr": cidr, "ip_version": 4}})["subnet"]["id"]

    def new_port(self, net):
        return self.api("POST", "/network/v2.0/ports", {"port": {"network_id": net, "security_groups": [self.groups[0]]}})["port"]["id"]

    def new_group(self):
        return self.api("POST", "/network/v2.0/security-groups", {"security_group": {"name": self.name()}})["security_group"]["id"]

    def new_rule(self, group, **more):
        rule = {"security_group_id": group, "direction": "ingress", "ethertype": "IPv4", **more}
        return self.api("POST", "/network/v2.0/security-group-rules", {"security_group_rule": rule})["security_group_rule"]["id"]

    # --- servers

    def ask_server(self, bad=False, net=None, port=None, count=1):
        """Answers the name; the daemon may die before it answers the id.  Several are NAME-1, NAME-2 ..."""
        name, net = self.name(), self.nets[1] if net is None else net
        body = {"name": name, "imageRef": self.bad_image if bad else self.image, "flavorRef": self.flavor, "config_drive": True,
                "networks": [{"port": port} if port else {"uuid": net}], "metadata": {"made": "by the crash test"},
                "user_data": base64.b64encode(b"#!/bin/sh\n").decode()}
        if count > 1:
            body["min_count"] = body["max_count"] = count
        if not port:
            body["security_groups"] = [{"name": self.groups[self.nets.index(net)] if net in self.nets else self.groups[0]}]
        try:
            self.api("POST", "/compute/v2.1/servers", {"server": body})
        except Lost:
            pass
        return name

    def find(self, name):
        """The id of a server by its name, None: there is none."""
        found = self.api("GET", f"/compute/v2.1/servers?name=^{name}$")["servers"]
        if len(found) > 1:
            raise Wrong(f"{len(found)} servers named {name}")
        return found[0]["id"] if found else None

    def create(self, bad=False, net=None, port=None):
        server = self.find(self.ask_server(bad, net, port))
        if server is None:
            raise Wrong("a server was not made")
        return server

    def act(self, server, kind):
        try:
            if kind == "server-delete":
                self.api("DELETE", f"/compute/v2.1/servers/{server}")
            else:
                self.api("POST", f"/compute/v2.1/servers/{server}/action", POWER[kind][0])
        except Lost:
            pass

    def server(self, server):
        """As the API shows it; None: gone."""
        shown = self.api("GET", f"/compute/v2.1/servers/{server}", accept=(404,))
        return shown.get("server")

    def status(self, server):
        shown = self.server(server)
        return "GONE" if shown is None else shown["status"]

    def wait_idle(self):
        def idle():
            if self.process is None or self.process.poll() is not None:
                raise Wrong("the daemon ended by itself")
            return not self.read("select 1 from tasks where state in ('queued', 'running', 'undoing') limit 1")
        wait("an end of all tasks", 120, idle)

    def settle(self, server, want):
        """Waits until nothing works on the server; it is as wanted."""
        self.wait_idle()
        shown = self.server(server)
        have = "GONE" if shown is None else shown["status"]
        if have != want or (shown is not None and shown["OS-EXT-STS:task_state"] is not None):
            raise Wrong(f"server {server} is {have}, {shown and (shown['OS-EXT-STS:task_state'], shown.get('fault'))}; expected {want}")
        return shown

    def bring(self, server, want):
        have = self.status(server)
        if have not in ("ACTIVE", want):
            self.act(server, TO_ACTIVE[have])
            self.settle(server, "ACTIVE")
            have = "ACTIVE"
        if have != want:
            self.act(server, FROM_ACTIVE[want])
            self.settle(server, want)

    def port_of(self, server):
        return self.api("GET", f"/network/v2.0/ports?device_id={server}")["ports"][0]["id"]
