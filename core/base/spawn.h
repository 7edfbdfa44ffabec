/* spawn.h: starts one child process with nothing of ours but what is named here.  For run.c. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H
#include <sys/types.h>
#include <cairn/driver.h>

struct spawned {
    pid_t pid;          /* leads a process group of its own; the caller reaps it */
    int pid_fd;         /* readable once it has ended; the caller closes these three */
    int out_fd, err_fd; /* our ends of its stdout and stderr, not blocking */
};

/* CAIRN_NOT_FOUND: no such program or network namespace.  On success the program itself runs already. */
int spawn_child(const struct cairn_child *child, struct spawned *ret, struct cairn_error *err);
/* The same, with a descriptor of the caller's for its stdin, in place of an input. */
int spawn_child_reading(const struct cairn_child *child, int fd, struct spawned *ret, struct cairn_error *err);
/* The command as a person would type it, cut at 'size'. */
void spawn_command_text(const struct cairn_child *child, char *buf, size_t size);
#endif
