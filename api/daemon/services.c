/* services.c: see services.h. */
#include "config.h"
#include "daemon/services.h"

#include "compute/compute.h"
#include "identity/identity.h"
#include "image/image.h"
#include "network/network_api.h"

const struct rest_service *const daemon_services[] = { &identity_service, &image_service, &network_service, &compute_service, NULL };
