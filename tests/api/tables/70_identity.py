"""Identity as clients of other makes ask for it."""
V = "/identity/v3"
rows = [
    # a role of one domain may be given on another domain, but not on its projects
    Row("admin", "POST %s/domains" % V, 201, body={"domain": {"name": "wire-domain"}}, save={"domain": "domain.id"}),
    Row("admin", "POST %s/projects" % V, 201, body={"project": {"name": "wire-there", "domain_id": "{domain}"}}, save={"there": "project.id"}),
    Row("admin", "POST %s/roles" % V, 201, body={"role": {"name": "wire-of-default", "domain_id": "default"}}, save={"role": "role.id"}),
    ("admin", "PUT %s/domains/{domain}/users/{member_user}/roles/{role}" % V, 204), ("admin", "HEAD %s/domains/{domain}/users/{member_user}/roles/{role}" % V, 204),
    ("admin", "PUT %s/projects/{there}/users/{member_user}/roles/{role}" % V, 403),
    ("admin", "DELETE %s/roles/{role}" % V, 204), ("admin", "PATCH %s/domains/{domain}" % V, 200, {"body": {"domain": {"enabled": False}}}), ("admin", "DELETE %s/domains/{domain}" % V, 204),
    # access rules stay in their order
    Row("member", "POST %s/users/{member_user}/application_credentials" % V, 201,
        body={"application_credential": {"name": "wire-ac", "access_rules": [{"service": "z", "method": m, "path": "/" + m} for m in ("PUT", "GET", "POST", "DELETE", "HEAD")]}},
        has={"application_credential.access_rules.%d.method" % i: m for i, m in enumerate(("PUT", "GET", "POST", "DELETE", "HEAD"))}, save={"ac": "application_credential.id"}),
    ("member", "DELETE %s/users/{member_user}/application_credentials/{ac}" % V, 204),
]
