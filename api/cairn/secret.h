/* secret.h: passwords from files, standard input and the terminal. */
#ifndef CAIRN_SECRET_H
#define CAIRN_SECRET_H
#include <cairn/error.h>

/* '*ret' is malloc'd: wipe it.  First line of the file; CAIRN_INVALID when it is empty. */
int secret_from_file(const char *path, char **ret, struct cairn_error *err);
/* Asks twice on a terminal without showing what is typed; else reads the first line of standard input. */
int secret_ask(const char *prompt, char **ret, struct cairn_error *err);
/* A random one of 24 letters and digits. */
char *secret_random(void);
/* Writes a file of mode 0600 in one step; it must not exist unless 'replace'. */
int secret_write(const char *path, const char *text, int replace, struct cairn_error *err);
void secret_free(char **secret);
#define CLEANUP_SECRET __attribute__((cleanup(secret_free)))
#endif
