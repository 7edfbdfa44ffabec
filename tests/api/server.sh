#!/bin/bash
# server.sh: servers through the openstack tool, on real guests: power, console, metadata, config drive, ssh, and what security groups let through.
. "$(dirname "$0")/lib.sh"
key=$run/id_rsa
net=cairn-net
ip_of() { openstack server show "$1" -f json | python3 -c 'import json,sys; print(list(json.load(sys.stdin)["addresses"].values())[0][0])'; }
on() { ssh -i "$key" -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "cirros@$1" "${@:2}"; }

works "flavor create" openstack flavor create --ram 128 --disk 1 --vcpus 1 t-flavor -f value -c id; later openstack flavor delete t-flavor
works "flavor show" openstack flavor show t-flavor
works "keypair create makes a key" openstack keypair create t-key; later openstack keypair delete t-key
has "the private key is given once" "$out" "BEGIN RSA PRIVATE KEY"
works "keypair list" openstack keypair list -f value -c Name; has "it is listed" "$out" "^t-key$"
works "keypair delete" openstack keypair delete t-key
group() { openstack security group create "$1" -f value -c id; }
works "a group that lets ssh and ping in" group t-ssh; later openstack security group delete t-ssh
openstack security group rule create --protocol tcp --dst-port 22 t-ssh > /dev/null
openstack security group rule create --protocol icmp t-ssh > /dev/null
works "a group that lets nothing in" group t-closed; later openstack security group delete t-closed

printf '#!/bin/sh\necho user-data-ran > /tmp/from-user-data\n' > "$work/ud"
echo "a file for the guest" > "$work/given"
works "server create by metadata" openstack server create --image cairn-guest --flavor t-flavor --network $net --key-name cairn-key --security-group t-ssh \
    --user-data "$work/ud" --file /etc/given="$work/given" --property role=web --wait t-a -f value -c id; later openstack server delete --wait t-a
works "server create with a config drive" openstack server create --image cairn-guest --flavor t-flavor --network $net --key-name cairn-key \
    --security-group t-ssh --user-data "$work/ud" --file /etc/given="$work/given" --config-drive true --wait t-b -f value -c id; later openstack server delete --wait t-b
works "server create, closed" openstack server create --image cairn-guest --flavor t-flavor --network $net --key-name cairn-key --security-group t-closed \
    --wait t-c -f value -c id; later openstack server delete --wait t-c
is "it is ACTIVE" "$(value server show t-a -c status)" ACTIVE
works "server list" openstack server list -f value -c Name; has "it is listed" "$out" "^t-a$"
[ $bad = 0 ] || { echo "server: the rest needs these three servers"; exit 1; }
a=$(ip_of t-a); b=$(ip_of t-b); c=$(ip_of t-c)
if until_true 180 on "$a" true; then pass "ssh reaches the first guest with its key"; else fail "ssh reaches the first guest with its key" "$(openstack console log show t-a 2>&1 | tail -n 15)"; fi
if until_true 180 on "$b" true; then pass "ssh reaches the guest with a config drive"; else fail "ssh reaches the guest with a config drive" "$(openstack console log show t-b 2>&1 | tail -n 15)"; fi
is "the host name came along" "$(on "$a" hostname)" t-a
is "the host name came by config drive" "$(on "$b" hostname)" t-b
if until_true 60 on "$a" test -s /tmp/from-user-data; then pass "user data ran"; else fail "user data ran"; fi
if until_true 60 on "$b" test -s /tmp/from-user-data; then pass "user data from the config drive ran"; else fail "user data from the config drive ran"; fi
has "the console shows the guest" "$(openstack console log show t-a)" "login:|Linux|cloud"
md() { on "$a" "timeout 10 wget -q -O - http://169.254.169.254/$1"; }
has "openstack tree" "$(md openstack/latest/meta_data.json)" '"uuid": ?"'"$(value server show t-a -c id)"'"'
has "openstack tree, network data" "$(md openstack/latest/network_data.json)" "ethernet_mac_address"
is "ec2 tree, local-ipv4" "$(md latest/meta-data/local-ipv4)" "$a"
has "ec2 tree, key" "$(md latest/meta-data/public-keys/0/openssh-key)" "^ssh-rsa "
has "ec2 tree, user data" "$(md latest/user-data)" "user-data-ran"
has "the files that the server was given are named" "$(md openstack/latest/meta_data.json)" '"path": ?"/etc/given"'
is "and there" "$(md openstack/content/0000)" "a file for the guest"
is "on the config drive, too" "$(on "$b" 'sudo mkdir -p /run/d && sudo mount -t iso9660 -o ro /dev/sr0 /run/d && cat /run/d/openstack/content/0000')" "a file for the guest"
has "metadata is in it" "$(md openstack/latest/meta_data.json)" '"role": ?"web"'
out=$(on "$a" "timeout 10 wget -q -O - --header 'X-Forwarded-For: $b' http://169.254.169.254/latest/meta-data/local-ipv4")
is "OSSN-0074: a forged X-Forwarded-For changes nothing" "$out" "$a"

# what the groups say
if on "$a" "ping -c 2 -W 2 $b" > /dev/null 2>&1; then pass "a guest pings one whose group lets ping in"; else fail "a guest pings one whose group lets ping in"; fi
if on "$a" "ping -c 2 -W 2 $c" > /dev/null 2>&1; then fail "a closed guest does not answer"; else pass "a closed guest does not answer"; fi
if ping -c 1 -W 2 "$c" > /dev/null 2>&1; then fail "nor to the host"; else pass "nor to the host"; fi
openstack security group rule create --protocol icmp t-closed > /dev/null
if until_true 15 ping -c 1 -W 1 "$c"; then pass "a new rule holds for a running guest"; else fail "a new rule holds for a running guest"; fi
rule=$(openstack security group rule list t-closed --protocol icmp -f value -c ID | head -n1)
openstack security group rule delete "$rule"
sleep 2
if ping -c 2 -W 2 "$c" > /dev/null 2>&1; then fail "and ends when it is deleted"; else pass "and ends when it is deleted"; fi

# The default security group of a project, as it is born: in from its members, out to everybody.  A project of its own, for that of the administrator's
# has been opened.
works "a project for the default group" openstack project create t-fresh; later openstack project delete t-fresh
openstack role add --project t-fresh --user admin admin
sed 's/^\( *project_name:\).*/\1 t-fresh/' "$run/clouds.yaml" > "$work/fresh.yaml"
fresh() { OS_CLIENT_CONFIG_FILE=$work/fresh.yaml openstack "$@"; }
is "its own token" "$(fresh token issue -f value -c project_id)" "$(value project show t-fresh -c id)"
later 'for g in $(fresh security group list --project t-fresh -f value -c ID); do fresh security group delete "$g"; done'
works "a group beside it" fresh security group create t-door
fresh security group rule create --protocol tcp --dst-port 22 t-door > /dev/null
own=$(fresh security group list --project t-fresh -f value -c ID -c Name | awk '$2 == "default" { print $1 }')
for s in t-d t-e; do
    if [ $s = t-d ]; then groups="--security-group $own --security-group t-door"; else groups=; fi
    # shellcheck disable=SC2086
    works "server create in the default group" fresh server create --image cairn-guest --flavor t-flavor --network $net --key-name cairn-key $groups --wait $s
    later "fresh server delete --wait $s"
done
is "a server that names no group is in the default one" "$(fresh server show t-e -f json | python3 -c 'import json,sys; print([g["name"] for g in json.load(sys.stdin)["security_groups"]])')" "['default']"
d=$(fresh server show t-d -f json | python3 -c 'import json,sys; print(list(json.load(sys.stdin)["addresses"].values())[0][0])')
e=$(fresh server show t-e -f json | python3 -c 'import json,sys; print(list(json.load(sys.stdin)["addresses"].values())[0][0])')
ssh_port_from() { on "$1" "nc -w 5 $2 22 < /dev/null" | grep -q '^SSH-2'; }
if until_true 180 on "$d" true; then pass "the second group opens the first guest to ssh"; else fail "the second group opens the first guest to ssh"; fi
if until_true 180 on "$d" "ping -c 1 -W 2 $e"; then pass "members ping each other"; else fail "members ping each other"; fi
if until_true 60 ssh_port_from "$d" "$e"; then pass "and reach any port"; else fail "and reach any port"; fi
if ping -c 2 -W 2 "$e" > /dev/null 2>&1; then fail "the host is no member: no ping"; else pass "the host is no member: no ping"; fi
if timeout 5 bash -c ": < /dev/tcp/$e/22" 2> /dev/null; then fail "and no ssh"; else pass "and no ssh"; fi
if on "$a" "ping -c 2 -W 2 $e" > /dev/null 2>&1; then fail "nor is a guest of another group"; else pass "nor is a guest of another group"; fi
if ssh_port_from "$a" "$e"; then fail "nor may it ssh"; else pass "nor may it ssh"; fi
if ssh_port_from "$d" "$a"; then pass "a member gets out to others"; else fail "a member gets out to others"; fi
port=$(fresh port list --server t-d -f value -c ID)
works "leave the group" fresh port unset --security-group "$own" "$port"
not_member() { on "$d" true && ! on "$d" "ping -c 1 -W 2 $e"; }
if until_true 20 not_member; then pass "who leaves the group is no member any more"; else fail "who leaves the group is no member any more"; fi
works "delete both" fresh server delete --wait t-d t-e

# power
works "pause" openstack server pause t-b; if until_true 20 status_is t-b PAUSED; then pass "it is PAUSED"; else fail "it is PAUSED"; fi
works "unpause" openstack server unpause t-b; if until_true 20 status_is t-b ACTIVE; then pass "and ACTIVE again"; else fail "and ACTIVE again"; fi
works "suspend" openstack server suspend t-b; if until_true 60 status_is t-b SUSPENDED; then pass "it is SUSPENDED"; else fail "it is SUSPENDED"; fi
works "resume" openstack server resume t-b; if until_true 60 status_is t-b ACTIVE; then pass "and ACTIVE again"; else fail "and ACTIVE again"; fi
if until_true 30 on "$b" true; then pass "the guest lived through it"; else fail "the guest lived through it"; fi
works "stop" openstack server stop t-b; if until_true 90 status_is t-b SHUTOFF; then pass "it is SHUTOFF"; else fail "it is SHUTOFF"; fi
refused "what is off cannot be paused" "409|Cannot" openstack server pause t-b
works "start" openstack server start t-b; if until_true 60 status_is t-b ACTIVE; then pass "and ACTIVE again"; else fail "and ACTIVE again"; fi
if until_true 120 on "$b" true; then pass "it boots again"; else fail "it boots again"; fi
works "soft reboot" openstack server reboot --wait t-b
works "hard reboot" openstack server reboot --hard --wait t-b
works "event list" openstack server event list t-b -f value -c Action
for e in create pause unpause suspend resume stop start reboot; do has "event $e" "$out" "^$e$"; done

# what is refused
refused "an unknown image" "400|404|not|No" openstack server create --image no-such --flavor t-flavor --network $net x
refused "an unknown flavor" "400|404|not|No" openstack server create --image cairn-guest --flavor no-such --network $net x
openstack flavor create --ram 128 --disk 1 --vcpus 1 t-tiny > /dev/null; later openstack flavor delete t-tiny
qemu-img create -q -f qcow2 "$work/large.qcow2" 4G
openstack image create --disk-format qcow2 --container-format bare --file "$work/large.qcow2" t-large > /dev/null; later openstack image delete t-large
refused "an image larger than the flavor's disk" "too small" openstack server create --image t-large --flavor t-tiny --network $net x
openstack flavor create --ram 9999999 --disk 1 --vcpus 1 t-huge > /dev/null; later openstack flavor delete t-huge
quota=$(value project show admin -c id)
openstack quota set --ram -1 "$quota" > /dev/null
openstack server create --image cairn-guest --flavor t-huge --network $net t-nohost > /dev/null 2>&1; later openstack server delete --wait t-nohost
if until_true 10 status_is t-nohost ERROR; then pass "no host has room: the server is in ERROR"; else fail "no host has room: the server is in ERROR"; fi
has "and says how many hosts each filter removed" "$(value server show t-nohost -c fault)" "No valid host was found.*removed"
openstack quota set --ram 51200 "$quota" > /dev/null
openstack quota set --force --instances 1 "$quota" > /dev/null
refused "over quota" "403|[Qq]uota exceeded" openstack server create --image cairn-guest --flavor t-flavor --network $net x
openstack quota set --instances 10 "$quota" > /dev/null

works "delete" openstack server delete --wait t-a t-b t-c t-nohost
out=$(value server list -c Name)
if grep -qE '^t-' <<< "$out"; then fail "they are gone" "$out"; else pass "they are gone"; fi
works "audit finds nothing" "${CAIRN_BUILD:-$top/build}/cairn" --config "$run/cairn.conf" audit
