/* oauth.h: what the files of OS-OAUTH1 share. */
#ifndef IDENTITY_OAUTH_H
#define IDENTITY_OAUTH_H

char *oauth_new_secret(void);           /* malloc'd: wipe it */
#endif
