/* policies.c: who may do what by default: the personas admin, manager, member, reader and service in system, domain and project scope.
 *
 * The target of a rule has "target.user.domain_id" and the like: see identity_target() in service.c. */
#include "config.h"
#include "identity/resources.h"

#define ADMIN "role:admin"
#define SYSTEM_READER "(role:reader and system_scope:all)"
#define READER ADMIN " or " SYSTEM_READER
#define DOMAIN_READER(attr) READER " or (role:reader and domain_id:%(" attr ")s)"
#define DOMAIN_MANAGER(attr) ADMIN " or (role:manager and domain_id:%(" attr ")s)"
#define SYSTEM_ADMIN "(role:admin and system_scope:all)"
#define OWN "user_id:%(target.user.id)s"
#define TRUSTOR "user_id:%(target.trust.trustor_user_id)s"
#define TRUSTEE "user_id:%(target.trust.trustee_user_id)s"
#define OWN_CREDENTIAL "user_id:%(target.credential.user_id)s"
#define ANYBODY "@"
/* Grants: a domain's manager gives the roles below their own to actors of the domain, on its projects or on itself. */
#define MANAGER_ROLE "('manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s)"
#define GRANT_IN_DOMAIN "domain_id:%(target.actor.domain_id)s and domain_id:%(target.scope.domain_id)s"
#define GRANT_READER READER " or (role:reader and " GRANT_IN_DOMAIN ")"
#define GRANT_MANAGER ADMIN " or (role:manager and " GRANT_IN_DOMAIN " and " MANAGER_ROLE ")"

/* X(rule, expression, help) */
#define POLICIES(X) \
    X("get_region", ANYBODY, "Show a region") \
    X("list_regions", ANYBODY, "List regions") \
    X("create_region", ADMIN, "Create a region") \
    X("update_region", ADMIN, "Change a region") \
    X("delete_region", ADMIN, "Delete a region") \
    X("get_service", READER, "Show a service") \
    X("list_services", READER, "List services") \
    X("create_service", ADMIN, "Create a service") \
    X("update_service", ADMIN, "Change a service") \
    X("delete_service", ADMIN, "Delete a service") \
    X("get_endpoint", READER, "Show an endpoint") \
    X("list_endpoints", READER, "List endpoints") \
    X("create_endpoint", ADMIN, "Create an endpoint") \
    X("update_endpoint", ADMIN, "Change an endpoint") \
    X("delete_endpoint", ADMIN, "Delete an endpoint") \
    X("get_domain", READER " or domain_id:%(target.domain.id)s or project_domain_id:%(target.domain.id)s", "Show a domain") \
    X("list_domains", READER " or (role:reader and domain_id:%(target.domain_id)s)", "List domains") \
    X("create_domain", ADMIN, "Create a domain") \
    X("update_domain", ADMIN, "Change a domain") \
    X("delete_domain", ADMIN, "Delete a domain") \
    X("get_project", DOMAIN_READER("target.project.domain_id") " or project_id:%(target.project.id)s", "Show a project") \
    X("list_projects", DOMAIN_READER("target.domain_id"), "List projects") \
    X("list_user_projects", DOMAIN_READER("target.user.domain_id") " or user_id:%(target.user.id)s", "List the projects of a user") \
    X("create_project", DOMAIN_MANAGER("target.project.domain_id"), "Create a project") \
    X("update_project", DOMAIN_MANAGER("target.project.domain_id"), "Change a project") \
    X("delete_project", DOMAIN_MANAGER("target.project.domain_id"), "Delete a project") \
    X("list_project_tags", DOMAIN_READER("target.project.domain_id") " or project_id:%(target.project.id)s", "List a project's tags") \
    X("get_project_tag", DOMAIN_READER("target.project.domain_id") " or project_id:%(target.project.id)s", "Check for a project's tag") \
    X("update_project_tags", DOMAIN_MANAGER("target.project.domain_id"), "Replace a project's tags") \
    X("create_project_tag", DOMAIN_MANAGER("target.project.domain_id"), "Add a tag to a project") \
    X("delete_project_tags", DOMAIN_MANAGER("target.project.domain_id"), "Remove a project's tags") \
    X("delete_project_tag", DOMAIN_MANAGER("target.project.domain_id"), "Remove a tag from a project") \
    X("get_user", DOMAIN_READER("target.user.domain_id") " or user_id:%(target.user.id)s", "Show a user") \
    X("list_users", DOMAIN_READER("target.domain_id"), "List users") \
    X("create_user", DOMAIN_MANAGER("target.user.domain_id"), "Create a user") \
    X("update_user", DOMAIN_MANAGER("target.user.domain_id"), "Change a user") \
    X("delete_user", DOMAIN_MANAGER("target.user.domain_id"), "Delete a user") \
    X("get_group", DOMAIN_READER("target.group.domain_id"), "Show a group") \
    X("list_groups", DOMAIN_READER("target.domain_id"), "List groups") \
    X("list_groups_for_user", DOMAIN_READER("target.user.domain_id") " or user_id:%(target.user.id)s", "List the groups of a user") \
    X("create_group", DOMAIN_MANAGER("target.group.domain_id"), "Create a group") \
    X("update_group", DOMAIN_MANAGER("target.group.domain_id"), "Change a group") \
    X("delete_group", DOMAIN_MANAGER("target.group.domain_id"), "Delete a group") \
    X("list_users_in_group", DOMAIN_READER("target.group.domain_id"), "List a group's users") \
    X("check_user_in_group", READER " or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)", \
      "Check whether a user is in a group") \
    X("add_user_to_group", ADMIN " or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)", \
      "Add a user to a group") \
    X("remove_user_from_group", ADMIN " or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)", \
      "Remove a user from a group") \
    X("get_role", READER " or role:manager", "Show a role") \
    X("list_roles", READER " or role:manager", "List roles") \
    X("create_role", ADMIN, "Create a role") \
    X("update_role", ADMIN, "Change a role") \
    X("delete_role", ADMIN, "Delete a role") \
    X("get_domain_role", READER, "Show a role of a domain") \
    X("list_domain_roles", READER, "List the roles of a domain") \
    X("create_domain_role", ADMIN, "Create a role of a domain") \
    X("update_domain_role", ADMIN, "Change a role of a domain") \
    X("delete_domain_role", ADMIN, "Delete a role of a domain") \
    X("get_implied_role", READER, "Show that a role implies another") \
    X("check_implied_role", READER, "Check that a role implies another") \
    X("list_implied_roles", READER, "List what a role implies") \
    X("list_role_inference_rules", READER, "List what all roles imply") \
    X("create_implied_role", ADMIN, "Let a role imply another") \
    X("delete_implied_role", ADMIN, "Let a role no longer imply another") \
    X("check_grant", GRANT_READER, "Check for a role of a user or group on a project or domain") \
    X("list_grants", GRANT_READER, "List the roles of a user or group on a project or domain") \
    X("create_grant", GRANT_MANAGER, "Give a role on a project or domain") \
    X("revoke_grant", GRANT_MANAGER, "Take a role on a project or domain") \
    X("list_system_grants_for_user", READER, "List a user's roles on the system") \
    X("check_system_grant_for_user", READER, "Check for a user's role on the system") \
    X("create_system_grant_for_user", ADMIN, "Give a user a role on the system") \
    X("revoke_system_grant_for_user", ADMIN, "Take a user's role on the system") \
    X("list_system_grants_for_group", READER, "List a group's roles on the system") \
    X("check_system_grant_for_group", READER, "Check for a group's role on the system") \
    X("create_system_grant_for_group", ADMIN, "Give a group a role on the system") \
    X("revoke_system_grant_for_group", ADMIN, "Take a group's role on the system") \
    X("list_role_assignments", DOMAIN_READER("target.domain_id"), "List who has which role where") \
    X("list_role_assignments_for_tree", DOMAIN_READER("target.domain_id") " or (role:admin and project_id:%(target.project.id)s)", \
      "List the role assignments below a project") \
    X("list_application_credentials", READER " or " OWN, "List a user's application credentials") \
    X("get_application_credential", READER " or " OWN, "Show an application credential") \
    X("create_application_credential", OWN, "Create an application credential of one's own") \
    X("delete_application_credential", ADMIN " or " OWN, "Delete an application credential") \
    X("list_access_rules", SYSTEM_READER " or " OWN, "List a user's access rules") \
    X("get_access_rule", SYSTEM_READER " or " OWN, "Show an access rule") \
    X("delete_access_rule", SYSTEM_ADMIN " or " OWN, "Delete an access rule") \
    X("list_credentials", READER " or " OWN_CREDENTIAL, "List credentials: one's own, unless list_all_credentials says more") \
    X("list_all_credentials", READER, "See everybody's credentials") \
    X("get_credential", READER " or " OWN_CREDENTIAL, "Show a credential") \
    X("create_credential", ADMIN " or " OWN_CREDENTIAL, "Create a credential") \
    X("update_credential", ADMIN " or " OWN_CREDENTIAL, "Change a credential") \
    X("delete_credential", ADMIN " or " OWN_CREDENTIAL, "Delete a credential") \
    X("ec2_list_credentials", READER " or " OWN, "List a user's EC2 credentials") \
    X("ec2_get_credential", READER " or " OWN, "Show an EC2 credential") \
    X("ec2_create_credential", ADMIN " or (role:member and " OWN ")", "Create an EC2 credential") \
    X("ec2_delete_credential", ADMIN " or (role:member and " OWN ")", "Delete an EC2 credential") \
    X("ec2tokens_validate", ADMIN " or role:service", "Exchange an EC2 signature for a token") \
    X("s3tokens_validate", ADMIN " or role:service", "Exchange an S3 signature for a description of its bearer") \
    X("list_consumers", READER, "List OAuth consumers") \
    X("get_consumer", READER, "Show an OAuth consumer") \
    X("create_consumer", ADMIN, "Create an OAuth consumer") \
    X("update_consumer", ADMIN, "Change an OAuth consumer") \
    X("delete_consumer", ADMIN, "Delete an OAuth consumer") \
    X("authorize_request_token", ADMIN, "Authorize an OAuth request token") \
    X("list_access_tokens", ADMIN " or " OWN, "List a user's OAuth access tokens") \
    X("get_access_token", ADMIN " or " OWN, "Show an OAuth access token") \
    X("list_access_token_roles", ADMIN " or " OWN, "List the roles of an OAuth access token") \
    X("get_access_token_role", ADMIN " or " OWN, "Check for a role of an OAuth access token") \
    X("delete_access_token", ADMIN " or " OWN, "Delete an OAuth access token") \
    X("list_trusts", READER " or rule:identity:list_trusts_for_trustor or rule:identity:list_trusts_for_trustee", "List trusts") \
    X("list_trusts_for_trustor", READER " or " TRUSTOR, "List the trusts that a user gave") \
    X("list_trusts_for_trustee", READER " or " TRUSTEE, "List the trusts that a user was given") \
    X("create_trust", TRUSTOR, "Create a trust as its trustor") \
    X("get_trust", READER " or " TRUSTOR " or " TRUSTEE, "Show a trust") \
    X("list_roles_for_trust", READER " or " TRUSTOR " or " TRUSTEE, "List the roles of a trust") \
    X("get_role_for_trust", READER " or " TRUSTOR " or " TRUSTEE, "Check for a role of a trust") \
    X("delete_trust", ADMIN " or " TRUSTOR, "Delete a trust") \
    X("get_auth_catalog", ANYBODY, "Show the catalog of the token's scope") \
    X("get_auth_projects", ANYBODY, "List the projects that the caller may have a token for") \
    X("get_auth_domains", ANYBODY, "List the domains that the caller may have a token for") \
    X("get_auth_system", ANYBODY, "Tell whether the caller may have a token for the system") \
    X("check_token", READER " or user_id:%(target.token.user_id)s", "Check a token") \
    X("validate_token", READER " or role:service or user_id:%(target.token.user_id)s", "Show a token") \
    X("revoke_token", ADMIN " or user_id:%(target.token.user_id)s", "Revoke a token")

/* Services, endpoints, limits, domains' configuration, federation. */
#define RESOURCE_POLICIES(X) \
    X("get_policy", READER, "Show a stored policy") \
    X("list_policies", READER, "List stored policies") \
    X("create_policy", ADMIN, "Create a stored policy") \
    X("update_policy", ADMIN, "Change a stored policy") \
    X("delete_policy", ADMIN, "Delete a stored policy") \
    X("get_endpoint_group", READER, "Show an endpoint group") \
    X("list_endpoint_groups", READER, "List endpoint groups") \
    X("create_endpoint_group", ADMIN, "Create an endpoint group") \
    X("update_endpoint_group", ADMIN, "Change an endpoint group") \
    X("delete_endpoint_group", ADMIN, "Delete an endpoint group") \
    X("get_identity_provider", READER, "Show an identity provider") \
    X("list_identity_providers", READER, "List identity providers") \
    X("create_identity_provider", ADMIN, "Create an identity provider") \
    X("update_identity_provider", ADMIN, "Change an identity provider") \
    X("delete_identity_provider", ADMIN, "Delete an identity provider") \
    X("get_protocol", READER, "Show a federation protocol") \
    X("list_protocols", READER, "List the protocols of an identity provider") \
    X("create_protocol", ADMIN, "Create a federation protocol") \
    X("update_protocol", ADMIN, "Change a federation protocol") \
    X("delete_protocol", ADMIN, "Delete a federation protocol") \
    X("get_mapping", READER, "Show a mapping") \
    X("list_mappings", READER, "List mappings") \
    X("create_mapping", ADMIN, "Create a mapping") \
    X("update_mapping", ADMIN, "Change a mapping") \
    X("delete_mapping", ADMIN, "Delete a mapping") \
    X("get_service_provider", READER, "Show a service provider") \
    X("list_service_providers", READER, "List service providers") \
    X("create_service_provider", ADMIN, "Create a service provider") \
    X("update_service_provider", ADMIN, "Change a service provider") \
    X("delete_service_provider", ADMIN, "Delete a service provider") \
    X("create_policy_association_for_endpoint", ADMIN, "Use a policy for an endpoint") \
    X("check_policy_association_for_endpoint", READER, "Check whether a policy is used for an endpoint") \
    X("delete_policy_association_for_endpoint", ADMIN, "No longer use a policy for an endpoint") \
    X("create_policy_association_for_service", ADMIN, "Use a policy for a service") \
    X("check_policy_association_for_service", READER, "Check whether a policy is used for a service") \
    X("delete_policy_association_for_service", ADMIN, "No longer use a policy for a service") \
    X("create_policy_association_for_region_and_service", ADMIN, "Use a policy for a service in a region") \
    X("check_policy_association_for_region_and_service", READER, "Check whether a policy is used for a service in a region") \
    X("delete_policy_association_for_region_and_service", ADMIN, "No longer use a policy for a service in a region") \
    X("get_policy_for_endpoint", READER, "Show the policy in force for an endpoint") \
    X("list_endpoints_for_policy", READER, "List the endpoints that a policy is for") \
    X("list_projects_associated_with_endpoint_group", READER, "List the projects with an endpoint group") \
    X("list_endpoints_associated_with_endpoint_group", READER, "List the endpoints of an endpoint group") \
    X("get_endpoint_group_in_project", READER, "Check whether a project has an endpoint group") \
    X("list_endpoint_groups_for_project", READER, "List a project's endpoint groups") \
    X("add_endpoint_group_to_project", ADMIN, "Give an endpoint group to a project") \
    X("remove_endpoint_group_from_project", ADMIN, "Take an endpoint group from a project") \
    X("list_projects_for_endpoint", READER, "List the projects that an endpoint is given to") \
    X("list_endpoints_for_project", READER, "List the endpoints that a project is given") \
    X("check_endpoint_in_project", READER, "Check whether a project is given an endpoint") \
    X("add_endpoint_to_project", ADMIN, "Give an endpoint to a project") \
    X("remove_endpoint_from_project", ADMIN, "Take an endpoint from a project") \
    X("get_registered_limit", ANYBODY, "Show a registered limit") \
    X("list_registered_limits", ANYBODY, "List registered limits") \
    X("create_registered_limits", ADMIN, "Create registered limits") \
    X("update_registered_limit", ADMIN, "Change a registered limit") \
    X("delete_registered_limit", ADMIN, "Delete a registered limit") \
    X("get_limit_model", ANYBODY, "Show how limits depend on each other") \
    X("get_limit", READER " or domain_id:%(target.limit.domain.id)s or domain_id:%(target.limit.project.domain_id)s or project_id:%(target.limit.project_id)s", \
      "Show a limit") \
    X("list_limits", ANYBODY, "List limits; those of others only with list_limits_of_all") \
    X("list_limits_of_all", ADMIN " or role:service or system_scope:all", "List everybody's limits") \
    X("create_limits", ADMIN, "Create limits") \
    X("update_limit", ADMIN, "Change a limit") \
    X("delete_limit", ADMIN, "Delete a limit") \
    X("create_domain_config", ADMIN, "Replace a domain's configuration") \
    X("get_domain_config", READER, "Show a domain's configuration") \
    X("get_security_compliance_domain_config", ANYBODY, "Show what passwords must look like") \
    X("update_domain_config", ADMIN, "Change a domain's configuration") \
    X("delete_domain_config", ADMIN, "Delete a domain's configuration") \
    X("get_domain_config_default", READER, "Show the defaults of domains' configuration") \
    X("list_revoke_events", ADMIN " or role:service", "List what was revoked")

const struct policy_default identity_policies[] = {
#define X(rule, expression, help) { "identity:" rule, expression, help },
    POLICIES(X)
    RESOURCE_POLICIES(X)
#undef X
    { NULL, NULL, NULL }
};
