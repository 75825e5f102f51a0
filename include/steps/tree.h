/*
 * Folders by path, with nobody's symlink leading elsewhere: tminus is root here, and who may write
 * to a volume may have laid one there.
 *
 * A relative path begins where we are (app.workdir), and a symlink in it may lead to any place
 * below. An absolute path has no symlink in it at all. openat2(2); where that is refused, no
 * symlink is followed in either.
 */
#ifndef TMINUS_STEPS_TREE_H
#define TMINUS_STEPS_TREE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"
#include "config/account.h"

/* Opens the folder, CLOEXEC; flags are O_PATH or O_RDONLY. -1 and errno: ELOOP for a symlink that
 * is not followed, ENOENT, ENOTDIR and so on. */
int tree_open(const char *path, int flags);

/* The same for the folder that path lies in; *name is what path is called there. */
int tree_open_parent(const char *path, const char **name);

/* Is the folder there, or is nothing in the way of making it? Else false and errno. */
bool tree_can_make(const char *path);

/* Makes the folder, and those on the way to it, with mode 0777 less the umask, and gives them to
 * owner, which may be NULL. Opened for reading; -1 and errno. *made is how many were made. */
int tree_make(const char *path, const struct account *owner, size_t *made);

/* Says why the folder cannot be used, for errno as of the above, in words for the user, and what to
 * do about it. */
void tree_explain(const char *path, int number, struct text *text);

#endif
