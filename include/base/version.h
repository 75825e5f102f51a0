/*
 * The version, as the Makefile takes it from CHANGELOG.md.
 */
#ifndef TMINUS_BASE_VERSION_H
#define TMINUS_BASE_VERSION_H

#ifndef TMINUS_VERSION
#define TMINUS_VERSION "of no version"
#endif

#endif
