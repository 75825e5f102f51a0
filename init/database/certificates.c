#include "database/certificates.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Go's crypto/x509/root_linux.go has the same list. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, distroless */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, Red Hat */
	"/etc/ssl/ca-bundle.pem",	      /* SUSE */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem", /* OpenSSL's own */
};

const char *certificates_find(void)
{
	const char *given = getenv("SSL_CERT_FILE");
	if (given != NULL)
		return access(given, R_OK) == 0 ? given : NULL;
	for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
		if (access(bundles[i], R_OK) == 0) {
			(void)setenv("SSL_CERT_FILE", bundles[i], 1);
			return bundles[i];
		}
	return NULL;
}
