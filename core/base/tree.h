/* tree.h: folders with all that is in them. */
#ifndef BASE_TREE_H
#define BASE_TREE_H
#include <sys/types.h>
#include <cairn/error.h>

/* Makes the folder with 'mode', and those above it with 0755; what is there already stays as it is.  Any thread. */
int tree_make(const char *path, mode_t mode, struct cairn_error *err);
/* Removes the file or folder and all below it; symbolic links are removed, never followed; gone already is success.  'err' may be NULL, for
 * who can do nothing about it.  Any thread, but no two on one tree. */
int tree_remove(const char *path, struct cairn_error *err);
#endif
