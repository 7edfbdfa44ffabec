/* image.h: the image service as other services use it. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H
#include "rest/rest.h"

extern const struct rest_service image_service;
extern const struct rest_resource images_resource;     /* for rest_load(): rows with every column of the table images as t.* */
#endif
