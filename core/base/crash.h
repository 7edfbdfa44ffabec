/* crash.h: places where the process kills itself, for tests of recovery.
 *
 * Off, a place costs the load of one variable.  Places have names, "server-build:disks:run": the flows' steps (flow/engine_journal.c), driver
 * calls (plugin/call.c), commits of requests (rest/app.c), uploads (image/file.c), config drives (flow/config_drive.c). */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H
/* 'at' is the place; "@FILE": the one that stands in the file, read anew at each place, none while there is no file; NULL or "": none.
 * Copied.  Before there are threads that may come to a place. */
void crash_set(const char *at);
extern int crash_armed;                 /* written by crash_set() alone */
/* SIGKILL, if this is the place. */
#define crash_here(...) do { if (crash_armed) crash_check(__VA_ARGS__); } while (0)
void crash_check(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#endif
