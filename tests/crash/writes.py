"""writes.py: requests that change something, what has to be there before, and how to see whether they were heard.  See crash.py."""

import os

from cloud import Lost, Wrong, wait
from machine import out


class Write:
    """'route' is as cairnd --routes prints it.  fire() may end with the daemon; verify() looks whether all of it, or nothing, is there."""

    route = ""

    def prepare(self, test):
        pass

    def fire(self, test):
        try:
            self.ask(test.cloud)
        except Lost:
            pass

    def ask(self, cloud):
        raise NotImplementedError

    def verify(self, test, done):
        raise NotImplementedError

    def clean(self, test):
        pass


def expect(what, have, want):
    if have != want:
        raise Wrong(f"{what} is {have}, expected {want}")


# --- servers

class ServerCreate(Write):
    route = "POST /v2.1/servers"

    def ask(self, cloud):
        self.name = cloud.ask_server()

    def verify(self, test, done):
        self.server = test.cloud.find(self.name)
        expect("the server's being there", self.server is not None, done)
        if done:
            test.cloud.settle(self.server, "ACTIVE")

    def clean(self, test):
        if self.server is not None:
            test.remove(self.server)


class ServersCreate(Write):
    """Three at once: all of them or none."""

    route = "POST /v2.1/servers"

    def ask(self, cloud):
        self.name = cloud.ask_server(count=3)

    def verify(self, test, done):
        self.servers = [test.cloud.find(f"{self.name}-{i}") for i in (1, 2, 3)]
        expect("the number of servers", len([s for s in self.servers if s is not None]), 3 * done)
        for server in self.servers if done else ():
            test.cloud.settle(server, "ACTIVE")

    def clean(self, test):
        for server in self.servers:
            if server is not None:
                test.cloud.act(server, "server-delete")
        test.cloud.wait_idle()


class ServerDelete(Write):
    """Of a server with a port that was there before it, and stays."""

    route = "DELETE /v2.1/servers/{id}"

    def prepare(self, test):
        self.port = test.cloud.new_port(test.cloud.nets[1])
        self.server = test.cloud.create(port=self.port)
        test.cloud.settle(self.server, "ACTIVE")

    def ask(self, cloud):
        cloud.act(self.server, "server-delete")

    def verify(self, test, done):
        test.cloud.settle(self.server, "GONE" if done else "ACTIVE")
        port = test.cloud.api("GET", f"/network/v2.0/ports/{self.port}")["port"]
        expect("the owner of the port that stays", port["device_id"], "" if done else self.server)

    def clean(self, test):
        if test.cloud.server(self.server) is not None:
            test.remove(self.server)
        test.cloud.api("DELETE", f"/network/v2.0/ports/{self.port}")


class ServerPause(Write):
    route = "POST /v2.1/servers/{id}/action"

    def prepare(self, test):
        self.server = test.subject
        test.cloud.bring(self.server, "ACTIVE")

    def ask(self, cloud):
        cloud.act(self.server, "server-pause")

    def verify(self, test, done):
        test.cloud.settle(self.server, "PAUSED" if done else "ACTIVE")

    def clean(self, test):
        test.cloud.bring(self.server, "ACTIVE")


# --- rows that a request makes or removes

class Make(Write):
    """'path' lists them too; 'key' is the name of the list."""

    path = key = ""

    def ask(self, cloud):
        self.name = cloud.name()
        self.make(cloud)

    def make(self, cloud):
        raise NotImplementedError

    def found(self, cloud):
        return [x["id"] for x in cloud.api("GET", f"{self.path}?name={self.name}")[self.key]]

    def verify(self, test, done):
        expect(f"the number of {self.key} made", len(self.found(test.cloud)), int(done))

    def clean(self, test):
        for i in self.found(test.cloud):
            test.cloud.api("DELETE", f"{self.path}/{i}")


class NetworkCreate(Make):
    route, path, key = "POST /v2.0/networks", "/network/v2.0/networks", "networks"

    def make(self, cloud):
        cloud.api("POST", self.path, {"network": {"name": self.name}})


class SubnetCreate(Make):
    """In a network that has a port on the host."""

    route, path, key = "POST /v2.0/subnets", "/network/v2.0/subnets", "subnets"

    def prepare(self, test):
        self.net = test.cloud.nets[0]

    def make(self, cloud):
        cloud.api("POST", self.path, {"subnet": {"network_id": self.net, "name": self.name, "cidr": "10.77.0.0/24", "ip_version": 4}})


class PortCreate(Make):
    route, path, key = "POST /v2.0/ports", "/network/v2.0/ports", "ports"

    def prepare(self, test):
        self.net = test.cloud.nets[0]

    def make(self, cloud):
        cloud.api("POST", self.path, {"port": {"network_id": self.net, "name": self.name}})


class GroupCreate(Make):
    route, path, key = "POST /v2.0/security-groups", "/network/v2.0/security-groups", "security_groups"

    def make(self, cloud):
        cloud.api("POST", self.path, {"security_group": {"name": self.name}})


class ImageCreate(Make):
    route, path, key = "POST /v2/images", "/image/v2/images", "images"

    def make(self, cloud):
        cloud.api("POST", self.path, {"name": self.name, "disk_format": "raw", "container_format": "bare"})


class ProjectCreate(Make):
    route, path, key = "POST /v3/projects", "/identity/v3/projects", "projects"

    def make(self, cloud):
        cloud.api("POST", self.path, {"project": {"name": self.name}})


class Remove(Write):
    path = ""

    def prepare(self, test):
        self.id = self.there(test.cloud)

    def there(self, cloud):
        raise NotImplementedError

    def ask(self, cloud):
        cloud.api("DELETE", f"{self.path}/{self.id}")

    def verify(self, test, done):
        gone = test.cloud.api("GET", f"{self.path}/{self.id}", accept=(404,)).get("status") == 404
        expect(f"{self.path}/{self.id} being gone", gone, done)
        self.left = not gone

    def clean(self, test):
        if self.left:
            self.ask(test.cloud)


class NetworkDelete(Remove):
    """With its subnet and DHCP port."""

    route, path = "DELETE /v2.0/networks/{id}", "/network/v2.0/networks"

    def there(self, cloud):
        return cloud.new_network("10.78.0.0/24")


class SubnetDelete(Remove):
    """Of a network that has a port on the host."""

    route, path = "DELETE /v2.0/subnets/{id}", "/network/v2.0/subnets"

    def there(self, cloud):
        return cloud.new_subnet(cloud.nets[0], "10.79.0.0/24")


class PortDelete(Remove):
    route, path = "DELETE /v2.0/ports/{id}", "/network/v2.0/ports"

    def there(self, cloud):
        return cloud.new_port(cloud.nets[0])


class LastPortDelete(PortDelete):
    """Of a running server, the only one in its network and groups: nothing of them is left on the host."""

    def prepare(self, test):
        cloud = test.cloud
        self.group = cloud.new_group()
        self.rule = cloud.new_rule(self.group, remote_group_id=cloud.new_group())
        self.net = cloud.new_network("10.76.0.0/24")
        self.id = cloud.api("POST", self.path, {"port": {"network_id": self.net, "security_groups": [self.group]}})["port"]["id"]
        self.server = cloud.create(port=self.id)
        cloud.settle(self.server, "ACTIVE")

    def clean(self, test):
        test.remove(self.server)
        if self.left:
            self.ask(test.cloud)


class GroupDelete(Remove):
    route, path = "DELETE /v2.0/security-groups/{id}", "/network/v2.0/security-groups"

    def there(self, cloud):
        return cloud.new_group()


class ImageDelete(Remove):
    route, path = "DELETE /v2/images/{image_id}", "/image/v2/images"

    def there(self, cloud):
        image = cloud.new_image()
        cloud.upload(image)
        return image


# --- changes that a running guest feels: they have to be on the host, too

class RuleCreate(Write):
    route = "POST /v2.0/security-group-rules"
    ports = "4242"

    def ask(self, cloud):
        cloud.new_rule(cloud.groups[0], protocol="tcp", port_range_min=4242, port_range_max=4242)

    def rules(self, cloud):
        listed = cloud.api("GET", f"/network/v2.0/security-group-rules?security_group_id={cloud.groups[0]}&port_range_min=4242")
        return [r["id"] for r in listed["security_group_rules"]]

    def verify(self, test, done):
        expect("the number of rules", len(self.rules(test.cloud)), int(done))
        wait("the rule's coming to the filter, or going", 20, lambda: (self.ports in out("nft", "list", "ruleset")) == done)

    def clean(self, test):
        for rule in self.rules(test.cloud):
            test.cloud.api("DELETE", f"/network/v2.0/security-group-rules/{rule}")


class RuleDelete(RuleCreate):
    route = "DELETE /v2.0/security-group-rules/{id}"

    def prepare(self, test):
        super().ask(test.cloud)
        test.cloud.wait_idle()
        self.rule = self.rules(test.cloud)[0]

    def ask(self, cloud):
        cloud.api("DELETE", f"/network/v2.0/security-group-rules/{self.rule}")

    def verify(self, test, done):
        super().verify(test, not done)


class RemoteRuleDelete(Remove):
    """The group that it names was on the host for its sake alone."""

    route, path = "DELETE /v2.0/security-group-rules/{id}", "/network/v2.0/security-group-rules"

    def there(self, cloud):
        rule = cloud.new_rule(cloud.groups[0], remote_group_id=cloud.new_group())
        cloud.wait_idle()
        return rule


class SubnetChange(Write):
    route = "PUT /v2.0/subnets/{id}"
    server = "10.99.0.53"

    def prepare(self, test):
        self.net = test.cloud.nets[0]
        self.subnet = test.cloud.api("GET", f"/network/v2.0/subnets?network_id={self.net}&cidr=10.99.0.0/24")["subnets"][0]["id"]

    def set(self, cloud, servers):
        cloud.api("PUT", f"/network/v2.0/subnets/{self.subnet}", {"subnet": {"dns_nameservers": servers}})

    def ask(self, cloud):
        self.set(cloud, [self.server])

    def told(self, test):
        """DHCP was told of the name server."""
        for folder, _, names in os.walk(test.cloud.state):
            for name in names if self.net in folder else ():
                with open(os.path.join(folder, name), errors="replace") as f:
                    if self.server in f.read():
                        return True
        return False

    def verify(self, test, done):
        shown = test.cloud.api("GET", f"/network/v2.0/subnets/{self.subnet}")["subnet"]["dns_nameservers"]
        expect("the name server", shown, [self.server] if done else [])
        wait("the name server's coming to DHCP, or going", 20, lambda: self.told(test) == done)

    def clean(self, test):
        self.set(test.cloud, [])


class PortChange(Write):
    """The groups of a running guest's port."""

    route = "PUT /v2.0/ports/{id}"

    def prepare(self, test):
        self.port, self.groups = test.cloud.port_of(test.subject), test.cloud.groups

    def set(self, cloud, groups):
        cloud.api("PUT", f"/network/v2.0/ports/{self.port}", {"port": {"security_groups": groups}})

    def ask(self, cloud):
        self.set(cloud, self.groups)

    def verify(self, test, done):
        shown = test.cloud.api("GET", f"/network/v2.0/ports/{self.port}")["port"]["security_groups"]
        expect("what the port is in", sorted(shown), sorted(self.groups if done else self.groups[:1]))

    def clean(self, test):
        self.set(test.cloud, self.groups[:1])


REQUESTS = {
    "server-create": ServerCreate, "servers-create": ServersCreate, "server-delete": ServerDelete, "server-action": ServerPause,
    "network-create": NetworkCreate, "network-delete": NetworkDelete, "subnet-create": SubnetCreate, "subnet-change": SubnetChange,
    "subnet-delete": SubnetDelete, "port-create": PortCreate, "port-change": PortChange, "port-delete": PortDelete,
    "port-delete-last": LastPortDelete, "remote-rule-delete": RemoteRuleDelete,
    "group-create": GroupCreate, "group-delete": GroupDelete, "rule-create": RuleCreate, "rule-delete": RuleDelete,
    "project-create": ProjectCreate, "image-create": ImageCreate, "image-delete": ImageDelete,
}
