/* xml.c: XML trees: building, printing, reading.  Everything of a user's enters a document here, through libxml2's escaping. */

#include "kvm.h"
#include <inttypes.h>
#include <libxml/parser.h>

/* -- building: an allocation that fails marks the tree; kvm_tree_print() refuses it -------------------------------------- */

static xmlNode *
add_node(struct kvm_tree *tree, xmlNode *parent, const char *name)
{
    xmlNode *node = parent != NULL ? xmlNewChild(parent, NULL, BAD_CAST name, NULL) : NULL;

    if (node == NULL)
        tree->failed = 1;
    return node;
}

static void
set_attr(struct kvm_tree *tree, xmlNode *node, const char *name, const char *value)
{
    if (node == NULL || xmlNewProp(node, BAD_CAST name, BAD_CAST value) == NULL)
        tree->failed = 1;
}

xmlNode *
kvm_add(struct kvm_tree *tree, xmlNode *parent, const char *name, ...)
{
    xmlNode *node = add_node(tree, parent, name);
    const char *attr, *value;
    va_list ap;

    va_start(ap, name);
    while ((attr = va_arg(ap, const char *)) != NULL) {
        value = va_arg(ap, const char *);
        if (value != NULL)
            set_attr(tree, node, attr, value);
    }
    va_end(ap);
    return node;
}

xmlNode *
kvm_add_text(struct kvm_tree *tree, xmlNode *parent, const char *name, const char *text)
{
    xmlNode *node = parent != NULL ? xmlNewTextChild(parent, NULL, BAD_CAST name, BAD_CAST text) : NULL;

    if (node == NULL)
        tree->failed = 1;
    return node;
}

xmlNode *
kvm_add_number(struct kvm_tree *tree, xmlNode *parent, const char *name, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64, number);
    return kvm_add_text(tree, parent, name, text);
}

void
kvm_attr(struct kvm_tree *tree, xmlNode *node, const char *name, const char *fmt, ...)
{
    char text[KVM_PATH_MAX * 2 + 64];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len < 0 || (size_t)len >= sizeof text)
        tree->failed = 1;
    else
        set_attr(tree, node, name, text);
}

xmlNode *
kvm_tree_root(struct kvm_tree *tree, const char *name)
{
    xmlNode *root = NULL;

    tree->failed = 0;
    tree->doc = xmlNewDoc(BAD_CAST "1.0");
    if (tree->doc != NULL)
        root = xmlNewDocNode(tree->doc, NULL, BAD_CAST name, NULL);
    if (root != NULL)
        xmlDocSetRootElement(tree->doc, root);
    else
        tree->failed = 1;
    return root;
}

char *
kvm_tree_print(struct kvm_tree *tree, xmlNode *node, struct cairn_error *err)
{
    xmlBuffer *buffer = tree->failed || node == NULL ? NULL : xmlBufferCreate();
    char *text = NULL;

    if (buffer != NULL && xmlNodeDump(buffer, tree->doc, node, 0, 1) >= 0 && xmlBufferContent(buffer) != NULL)
        text = strdup((const char *)xmlBufferContent(buffer));
    if (buffer != NULL)
        xmlBufferFree(buffer);
    if (text == NULL)
        cairn_fail(err, CAIRN_UNAVAILABLE, "no memory for a domain's description");
    return text;
}

void
kvm_clean_text(const char *in, char *out, size_t size)
{
    size_t at = 0;

    while (*in != '\0') {
        int len = 4;
        int c = xmlGetUTF8Char((const unsigned char *)in, &len);
        int good = c >= 0x20 && c != 0x7f && (c < 0x80 || c > 0x9f) && (c < 0xd800 || c > 0xdfff) && c != 0xfffe && c != 0xffff && c <= 0x10ffff;

        if (c < 0)
            len = 1;
        if (at + (good ? (size_t)len : 1) >= size)
            break;
        if (good)
            memcpy(out + at, in, (size_t)len);
        else
            out[at] = c < 0 ? '?' : ' ';
        at += good ? (size_t)len : 1;
        in += len;
    }
    out[at] = '\0';
}

/* -- reading --------------------------------------------------------------------------------------------------------------- */

xmlDoc *
kvm_parse(const char *text, struct cairn_error *err)
{
    size_t len = strlen(text);
    xmlDoc *doc = len > INT32_MAX ? NULL : xmlReadMemory(text, (int)len, "domain.xml", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    if (doc == NULL || xmlDocGetRootElement(doc) == NULL) {
        xmlFreeDoc(doc);
        cairn_fail(err, CAIRN_INTERNAL, "libvirt's answer is not XML");
        return NULL;
    }
    return doc;
}

xmlDoc *
kvm_domain_doc(virDomainPtr dom, unsigned int flags, struct cairn_error *err)
{
    CLEANUP_STR text = virDomainGetXMLDesc(dom, flags);

    if (text == NULL) {
        kvm_fail_libvirt(err, "server %s", virDomainGetName(dom));
        return NULL;
    }
    return kvm_parse(text, err);
}

static xmlNode *
element_named(xmlNode *node, const char *name, size_t len)
{
    for (; node != NULL; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strlen((const char *)node->name) == len && memcmp(node->name, name, len) == 0)
            return node;
    return NULL;
}

xmlNode *
kvm_child(const xmlNode *node, const char *path)
{
    xmlNode *found = NULL;

    while (node != NULL && *path != '\0') {
        size_t len = strcspn(path, "/");

        found = element_named(node->children, path, len);
        node = found;
        path += len;
        path += *path == '/';
    }
    return node == NULL ? NULL : found;
}

xmlNode *
kvm_next(const xmlNode *node)
{
    return element_named(node->next, (const char *)node->name, strlen((const char *)node->name));
}

static char *
copy_out(xmlChar *text, char *out, size_t size)
{
    snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
    xmlFree(text);
    return out;
}

char *
kvm_get_attr(const xmlNode *node, const char *name, char *out, size_t size)
{
    return copy_out(node != NULL ? xmlGetProp(node, BAD_CAST name) : NULL, out, size);
}

char *
kvm_get_text(const xmlNode *node, char *out, size_t size)
{
    return copy_out(node != NULL ? xmlNodeGetContent(node) : NULL, out, size);
}

xmlNode *
kvm_doc_disk(const xmlDoc *doc, const char *disk_id)
{
    char serial[128];

    for (xmlNode *disk = kvm_child(xmlDocGetRootElement(doc), "devices/disk"); disk != NULL; disk = kvm_next(disk))
        if (strcmp(kvm_get_text(kvm_child(disk, "serial"), serial, sizeof serial), disk_id) == 0)
            return disk;
    return NULL;
}

xmlNode *
kvm_doc_nic(const xmlDoc *doc, const char *nic_id)
{
    char alias[128], wanted[128];

    snprintf(wanted, sizeof wanted, "ua-nic-%s", nic_id);
    for (xmlNode *nic = kvm_child(xmlDocGetRootElement(doc), "devices/interface"); nic != NULL; nic = kvm_next(nic))
        if (strcmp(kvm_get_attr(kvm_child(nic, "alias"), "name", alias, sizeof alias), wanted) == 0)
            return nic;
    return NULL;
}
