/*
 * SHA-256, as FIPS 180-4 has it: for digests of commands and files that the ledger compares, and
 * for manifests that sha256sum(1) can check.
 */
#ifndef TMINUS_BASE_SHA256_H
#define TMINUS_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_TEXT 65 /* 64 hexadecimal digits and a NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t length);

/* The digest in lower-case hexadecimal. sha is used up. */
void sha256_end(struct sha256 *sha, char text[SHA256_TEXT]);

#endif
