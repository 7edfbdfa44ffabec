/* services.h: every service that this build serves; ends with NULL. */
#ifndef DAEMON_SERVICES_H
#define DAEMON_SERVICES_H
#include "rest/rest.h"

extern const struct rest_service *const daemon_services[];
#endif
