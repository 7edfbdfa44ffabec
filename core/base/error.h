/* error.h: what the daemon's own code needs beside <cairn/error.h>. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H
#include <cairn/error.h>

/* "CAIRN_NOT_FOUND"; "?" for numbers unknown. */
const char *error_code_name(uint32_t code);
const char *error_code_text(uint32_t code);
#endif
