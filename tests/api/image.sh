#!/bin/bash
# image.sh: images through the openstack tool, and the files that must not get in.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

head -c 5000000 /dev/urandom > raw.img
qemu-img create -q -f qcow2 plain.qcow2 64M
works "raw upload" openstack image create --disk-format raw --container-format bare --file raw.img t-raw -f value -c id; later openstack image delete t-raw
works "qcow2 upload" openstack image create --disk-format qcow2 --container-format bare --file plain.qcow2 t-qcow2 -f value -c id; later openstack image delete t-qcow2
is "the image is active" "$(value image show t-raw -c status)" active
is "its size is known" "$(value image show t-raw -c size)" 5000000
is "its checksum is MD5" "$(value image show t-raw -c checksum)" "$(md5sum < raw.img | cut -d' ' -f1)"
works "download" openstack image save --file back.img t-raw
is "the same bytes come back" "$(sha256sum < back.img)" "$(sha256sum < raw.img)"
works "image list" openstack image list -f value -c Name; has "it is listed" "$out" "^t-raw$"
works "image set" openstack image set --property colour=red --tag tagged t-raw
has "properties are kept" "$(openstack image show t-raw)" "colour='?red|colour.*red"
works "image set --protected" openstack image set --protected t-raw
refused "a protected image stays" "403|protected" openstack image delete t-raw
works "image set --unprotected" openstack image set --unprotected t-raw

# What must not get in: each is refused with a sentence, and no image stays active.
bad_image() {
    local name=$1 format=$2 file=$3
    out=$(openstack image create --disk-format "$format" --container-format bare --file "$file" t-bad 2>&1)
    local status; status=$(value image show t-bad -c status 2>/dev/null)
    if [ "$status" = active ]; then fail "$name" "it became active"; else pass "$name"; fi
    openstack image delete t-bad > /dev/null 2>&1
}
echo secret > /tmp/cairn-secret-$$; later rm -f /tmp/cairn-secret-$$
qemu-img create -q -f qcow2 -F raw -b /tmp/cairn-secret-$$ backing.qcow2 64M
bad_image "OSSA-2015-014: a qcow2 with a backing file" qcow2 backing.qcow2
qemu-img create -q -f qcow2 -o data_file=/tmp/cairn-secret-$$.data,data_file_raw=on data.qcow2 1M; later rm -f /tmp/cairn-secret-$$.data
bad_image "OSSA-2024-001: a qcow2 with an external data file" qcow2 data.qcow2
bad_image "OSSA-2024-002: a qcow2 that says it is raw" raw plain.qcow2
bad_image "raw bytes that say they are qcow2" qcow2 raw.img

# 1 GiB through the daemon, both ways, without its memory following: the peak counts, not what is left.
pid=$(cat "$run/run/cairnd.pid")
memory() { awk -v what="Vm$1:" '$1 == what { print $2 }' "/proc/$pid/status"; }
watch_memory() { echo 5 > "/proc/$pid/clear_refs"; before=$(memory RSS); }      # the peak begins anew
constant() {
    local more=$(($(memory HWM) - before))
    if [ $more -lt 16384 ]; then pass "$1 ($more KiB more at most)"; else fail "$1" "$more KiB more than $before KiB"; fi
}
truncate -s 1G big.img
watch_memory
works "1 GiB upload" openstack image create --disk-format raw --container-format bare --file big.img t-big -f value -c id; later openstack image delete t-big
constant "1 GiB is taken in constant memory"
token=$(value token issue -c id); big=$(value image show t-big -c id)
watch_memory
is "1 GiB download" "$(curl -s -H "X-Auth-Token: $token" "$url/image/v2/images/$big/file" | sha256sum)" "$(sha256sum < big.img)"
constant "1 GiB is given in constant memory"
works "image delete" openstack image delete t-raw t-qcow2 t-big
is "GET of a name is 404, not 400" "$(curl -s -o /dev/null -w '%{http_code}' -H "X-Auth-Token: $token" "$url/image/v2/images/no-such-name")" 404
