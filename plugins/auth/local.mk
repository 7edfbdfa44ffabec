## plugins/auth/local.mk: plugins that know users from elsewhere.
if LDAP
drivers_LTLIBRARIES += plugins/auth/auth-ldap.la
plugins_auth_auth_ldap_la_SOURCES = plugins/auth/ldap.c plugins/auth/directory.c plugins/auth/directory.h
plugins_auth_auth_ldap_la_CPPFLAGS = $(MODULE_CPPFLAGS)
plugins_auth_auth_ldap_la_CFLAGS = $(AM_CFLAGS) $(LDAP_CFLAGS)
## libldap and its TLS keep state of their own until the process ends: they stay mapped.
plugins_auth_auth_ldap_la_LDFLAGS = $(MODULE_LDFLAGS) -Wl,-z,nodelete
plugins_auth_auth_ldap_la_LIBADD = $(LDAP_LIBS)
endif
