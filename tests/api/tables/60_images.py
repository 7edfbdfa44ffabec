"""What must not get in by way of an image, and what does not fit: each is refused in words, and leaves nothing behind."""
import struct

I = "/image/v2/images"
S = "/compute/v2.1/servers"
GIB = 1 << 30


def qcow2(size=GIB, backing=b"", incompatible=0, extensions=b"", version=3, crypt=0):
    """A qcow2 as qemu-img writes it: header, refcounts, an empty table."""
    cluster, head = 65536, 104
    l1 = (size + (cluster * cluster // 8) - 1) // (cluster * cluster // 8)
    tail = extensions + struct.pack(">II", 0, 0)
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", version, head + len(tail) if backing else 0, len(backing), 16, size, crypt, l1, 3 * cluster, cluster, 1, 0, 0)
    header += struct.pack(">QQQII", incompatible, 0, 0, 4, head) + tail + backing
    image = bytearray(4 * cluster)
    image[:len(header)] = header
    image[cluster:cluster + 8] = struct.pack(">Q", 2 * cluster)
    image[2 * cluster:2 * cluster + 8] = struct.pack(">HHHH", 1, 1, 1, 1)
    return bytes(image)


def extension(kind, data):
    return struct.pack(">II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def refused(name, data, disk_format="qcow2", says=None):
    """The bytes are refused; the image keeps none, can be asked for, and no server can be made of it."""
    return [
        Row("member", "POST " + I, 201, body={"name": name, "disk_format": disk_format, "container_format": "bare"}, save={"bad": "id"}),
        Row("member", "PUT %s/{bad}/file" % I, (400, 415), body=data, h={"Content-Type": "application/octet-stream"}, says=says, name=name),
        Row("member", "GET %s/{bad}" % I, 200, has={"status": lambda s: s in ("queued", "killed"), "size": None, "checksum": None}, name=name + ": no bytes"),
        Row("member", "GET %s/{bad}/file" % I, (204, 404), name=name + ": nothing to fetch"),
        Row("member", "POST " + S, 400, body={"server": {"name": "x", "imageRef": "{bad}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}}, says="not active", name=name + ": no server of it"),
        Row("member", "DELETE %s/{bad}" % I, 204, name=name + ": deleted"), Row("member", "GET %s/{bad}" % I, 404, name=name + ": gone"),
    ]


SECRET = b"/etc/passwd"
rows = [
    *refused("OSSA-2015-014: a backing file", qcow2(backing=SECRET), says="backing"),
    *refused("OSSA-2015-014: a backing file of another protocol", qcow2(backing=b"json:{\"driver\": \"host_device\", \"filename\": \"/dev/sda\"}"), says="backing"),
    *refused("OSSA-2024-001: an external data file", qcow2(incompatible=4, extensions=extension(0x44415441, SECRET)), says="keeps its data in another file"),
    *refused("OSSA-2024-001: a data file's name without its bit", qcow2(extensions=extension(0x44415441, SECRET)), says="keeps its data in another file"),
    *refused("a qcow2 named raw", qcow2(), "raw"),
    *refused("raw named qcow2", b"\0" * 65536), *refused("half a header", qcow2()[:64]), *refused("unknown features", qcow2(incompatible=1 << 40), says="feature"),
    *refused("OSSA-2013-029: more than the bytes could ever hold", qcow2(size=1 << 60)), *refused("an encrypted qcow2", qcow2(crypt=1)),
    *refused("OSSA-2023-002: a VMDK that names a file", b"# Disk DescriptorFile\nversion=1\ncreateType=\"monolithicFlat\"\nRW 8 FLAT \"/etc/passwd\" 0\n".ljust(4096, b"\0"), "vmdk"),
    # larger than its flavor's disk, by what the header says
    Row("member", "POST " + I, 201, body={"name": "large", "disk_format": "qcow2", "container_format": "bare"}, save={"large": "id"}),
    Row("member", "PUT %s/{large}/file" % I, 204, body=qcow2(size=4 * GIB), h={"Content-Type": "application/octet-stream"}),
    Row("member", "GET %s/{large}" % I, 200, has={"status": "active", "virtual_size": 4 * GIB}),
    Row("member", "POST " + S, 400, body={"server": {"name": "x", "imageRef": "{large}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}}, says="[Ff]lavor's disk is too small"),
    Row("member", "DELETE %s/{large}" % I, 204),
    Row("member", "POST " + I, 201, body={"name": "needs", "disk_format": "raw", "container_format": "bare", "min_ram": 4096, "min_disk": 2}, save={"needs": "id"}),
    Row("member", "PUT %s/{needs}/file" % I, 204, body=b"\0" * 512, h={"Content-Type": "application/octet-stream"}),
    Row("member", "POST " + S, 400, body={"server": {"name": "x", "imageRef": "{needs}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}}, says="memory is too small"),
    Row("member", "POST " + S, 400, body={"server": {"name": "x", "imageRef": "{needs}", "flavorRef": "84", "networks": [{"uuid": "{net}"}]}}, says="too small"),
    Row("member", "DELETE %s/{needs}" % I, 204),
    # others' images
    Row("stranger", "POST " + I, 201, body={"name": "private", "disk_format": "raw", "container_format": "bare"}, save={"private": "id"}),
    Row("stranger", "PUT %s/{private}/file" % I, 204, body=b"\0" * 512, h={"Content-Type": "application/octet-stream"}),
    Row("member", "GET %s/{private}" % I, 404), Row("member", "GET %s/{private}/file" % I, 404), Row("member", "DELETE %s/{private}" % I, 404),
    Row("member", "POST " + S, 400, body={"server": {"name": "x", "imageRef": "{private}", "flavorRef": "42", "networks": [{"uuid": "{net}"}]}}, says="could not be found"),
    Row("stranger", "DELETE %s/{private}" % I, 204),
    # bad bodies
    ("member", "POST " + I, 400, {"body": "{"}), ("member", "POST " + I, 400, {"body": "[" * 50000}), ("member", "POST " + I, 400, {"body": {"disk_format": "nonsense"}}), ("member", "POST " + I, 400, {"body": {"name": "{x300}"}}),
    ("member", "POST " + I, 403, {"body": {"visibility": "public"}}), ("member", "GET %s/nothing" % I, 404), ("member", "PUT %s/{image}/file" % I, (403, 404, 409), {"body": b"x", "h": {"Content-Type": "application/octet-stream"}}),
    ("member", "PUT %s/{none}/file" % I, 404, {"body": b"x", "h": {"Content-Type": "application/octet-stream"}}), ("admin", "PUT %s/{image}/file" % I, 415, {"body": b"x", "h": {"Content-Type": "text/plain"}}),
    ("member", "GET %s?limit=1" % S, 200, {"has": {"servers.#": 1}, "name": "no server was left"}),
]
