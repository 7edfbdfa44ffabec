/* ec2_signature.h: the signatures of AWS clients, versions 1, 2 and 4, over what a gateway saw of their request.  Any thread. */
#ifndef IDENTITY_EC2_SIGNATURE_H
#define IDENTITY_EC2_SIGNATURE_H
#include <jansson.h>
#include <cairn/error.h>

#define SIGNATURE_TTL_S 900     /* a signature is believed so long after its time, and so long before */

/* 0 when the signature in 'request' ("signature", "host", "verb", "path", "params", "headers", "body_hash") is one made with 'secret', and its time
 * is near.  CAIRN_UNAUTHENTICATED otherwise, in words for the client. */
int ec2_signature_check(const json_t *request, const char *secret, struct cairn_error *err);
/* The same for S3: "signature" of "token", the text that was signed, in base64 (either alphabet).  Its time is the gateway's business: presigned
 * addresses live long. */
int s3_signature_check(const json_t *request, const char *secret, struct cairn_error *err);
#endif
