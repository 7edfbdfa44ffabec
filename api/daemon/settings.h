/* settings.h: every key of the configuration file that is not a driver's own, and where the file is looked for. */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H
#include "base/config.h"

extern const char *const daemon_prefixes[];
/* The sections' table; built once from the parts that own keys (scheduler, identity ...). */
const struct config_section *daemon_sections(void);

/* --config, else CAIRN_CONFIG, else run/cairn.conf beside the program in a build tree or below the current folder, else
 * SYSCONFDIR/cairn/cairn.conf if it exists, else NULL (embedded defaults).  malloc'd. */
char *settings_find(const char *option);
/* Loads it, completes it with the default driver instances when the file names none of a kind ('simulate': the fake ones). */
int settings_load(const char *path, int simulate, struct config **ret, struct cairn_error *err);
/* Every key with its default and help, as text (mdoc 0) for `cairnd --help-config`, or as the body of a Markdown reference (1). */
void settings_print(int markdown);
#endif
