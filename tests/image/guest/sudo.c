/* sudo.c: as much of sudo as a test guest needs: whoever asks becomes root and runs the command.  Installed setuid root. */

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    static char *const shell[] = { "-sh", NULL };
    int i = 1;

    while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0)
        i += strcmp(argv[i], "-u") == 0 ? 2 : 1;        /* options change nothing: -n, -E, -i, -u root */
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (setgroups(0, NULL) < 0 || setgid(0) < 0 || setuid(0) < 0) {
        perror("sudo");
        return 1;
    }
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (i < argc)
        execvp(argv[i], argv + i);
    else
        execv("/bin/sh", shell);
    perror("sudo");
    return 127;
}
