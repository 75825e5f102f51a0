/*
 * Certificate authorities: where this image keeps its bundle of them.
 *
 * A static OpenSSL looks in one place only, and distributions keep the bundle in several. For
 * forked children: it sets an environment variable.
 */
#ifndef TMINUS_DATABASE_CERTIFICATES_H
#define TMINUS_DATABASE_CERTIFICATES_H

/* The image's bundle, which is OpenSSL's default from then on: SSL_CERT_FILE names it, unless the
 * user has set that already. NULL when there is none. SSL_CTX_set_default_verify_paths(3) */
const char *certificates_find(void);

#endif
