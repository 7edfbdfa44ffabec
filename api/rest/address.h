/* address.h: IP addresses, prefixes and MAC addresses as canonical text.  Any thread. */
#ifndef REST_ADDRESS_H
#define REST_ADDRESS_H

#define ADDRESS_TEXT 64

/* All answer 0, or -1 when the text is none.  '*ret_family' is 4 or 6. */
int address_ip(const char *text, char ret[ADDRESS_TEXT], int *ret_family);
/* "10.0.0.0/24".  lax: a bare address is a /32 or /128, bits behind the prefix are cleared.  Otherwise such a text is refused and 'hint'
 * (may not be NULL) has what was meant; "" if there is nothing to recommend. */
int address_cidr(const char *text, int lax, char ret[ADDRESS_TEXT], char hint[ADDRESS_TEXT]);
int address_mac(const char *text, char ret[ADDRESS_TEXT]);      /* lower case, colons */
#endif
