#!/bin/bash
# network.sh: networks, subnets, ports and security groups through the openstack tool.
. "$(dirname "$0")/lib.sh"

works "network create" openstack network create t-net -f value -c id; later openstack network delete t-net
works "subnet create" openstack subnet create --network t-net --subnet-range 10.99.0.0/24 t-sub -f value -c id; later openstack subnet delete t-sub
is "the gateway is the first address" "$(value subnet show t-sub -c gateway_ip)" 10.99.0.1
refused "overlapping subnets are refused" "overlaps with another subnet" openstack subnet create --network t-net --subnet-range 10.99.0.128/25 t-sub2
works "network list" openstack network list -f value -c Name; has "it is listed" "$out" "^t-net$"
works "network set" openstack network set --description hello t-net
is "what was set is shown" "$(value network show t-net -c description)" hello
works "port create" openstack port create --network t-net --fixed-ip subnet=t-sub,ip-address=10.99.0.77 t-port -f value -c id; later openstack port delete t-port
has "the port has the address" "$(value port show t-port -c fixed_ips)" "10.99.0.77"
refused "the address is taken" "409|in use|[Aa]lready" openstack port create --network t-net --fixed-ip ip-address=10.99.0.77 t-port2
refused "an address outside the subnet" "400|not a valid IP|[Ii]nvalid" openstack port create --network t-net --fixed-ip subnet=t-sub,ip-address=10.98.0.1 t-port3
works "port set" openstack port set --name t-port-b t-port
works "port list" openstack port list --network t-net -f value -c Name; has "it is listed" "$out" "^t-port-b$"
refused "a network with ports stays" "one or more ports still in use|409" openstack network delete t-net
works "port delete" openstack port delete t-port-b
works "security group create" openstack security group create t-group -f value -c id; later openstack security group delete t-group
works "rule create" openstack security group rule create --protocol tcp --dst-port 80:90 --remote-ip 10.0.0.0/8 t-group -f value -c id
rule=$out
refused "the same rule again is a conflict" "409|[Aa]lready exists" openstack security group rule create --protocol tcp --dst-port 80:90 --remote-ip 10.0.0.0/8 t-group
refused "ports upside down are refused" "400|greater|[Ii]nvalid|must be" openstack security group rule create --protocol tcp --dst-port 90:80 t-group
works "rule list" openstack security group rule list t-group -f value -c ID; has "it is listed" "$out" "$rule"
works "rule delete" openstack security group rule delete "$rule"
works "security group list" openstack security group list -f value -c Name; has "the default group is there" "$out" "^default$"
works "security group delete" openstack security group delete t-group
works "subnet delete" openstack subnet delete t-sub
works "network delete" openstack network delete t-net
