#include "process/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

#define SECUREBITS (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED)

/* The two halves in which the kernel takes 64 bits. capset(2) */
static struct __user_cap_header_struct header(void)
{
	return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

static uint64_t bit(unsigned capability)
{
	return UINT64_C(1) << capability;
}

static uint64_t joined(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

int identity_capabilities(const struct list *names, uint64_t *capabilities, struct error *error)
{
	*capabilities = 0;
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		struct text full = {0};
		cap_value_t number;
		text_add_format(
			&full, "%s%s", strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_", name);
		int result = cap_from_name(full.bytes, &number);
		text_free(&full);
		if (result != 0)
			return error_set(error, STATUS_CONFIG,
				"\"%s\" is no capability, such as cap_net_bind_service", name);
		*capabilities |= bit((unsigned)number);
	}
	return 0;
}

/* --- between fork and exec: system calls alone -------------------------------------------------
 */

static int refuse(const struct identity *identity, const char *what, struct error *error)
{
	const struct account *account = identity->account;
	int number = errno;
	const char *hint = number == EPERM    ? "; it takes CAP_SETUID and CAP_SETGID: start the "
						"container as root (no --user), or leave the user out"
			   : number == EINVAL ? "; this user namespace has no such number"
					      : "";
	return error_set(error, STATUS_CONFIG, "%s: user %s: cannot set its %s: %s%s",
		account->origin, account->text, what, strerror(number), hint);
}

/* The C libraries do not agree on the type of a resource. prlimit(2) */
static int set_limits(const struct limits *limits, struct error *error)
{
	for (size_t i = 0; i < limits->count; i++)
		if (syscall(SYS_prlimit64, 0, limits->rows[i].resource, &limits->rows[i].values,
			    NULL) != 0)
			return error_set_errno(error, STATUS_CONFIG, errno,
				"app.limits: %s cannot be set (the hard limit is raised by the "
				"platform, as with docker run --ulimit)",
				limits->rows[i].name);
	return 0;
}

/* Behind a pipe or a terminal of another user /dev/stdout and /dev/stderr could not be opened. */
static void give_standard_descriptors(uid_t uid)
{
	struct stat status;
	int ignored = 0;
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (fstat(descriptor, &status) == 0 && status.st_uid != uid &&
			(S_ISFIFO(status.st_mode) || isatty(descriptor)))
			ignored |= fchown(descriptor, uid, (gid_t)-1);
	(void)ignored;
}

/* Without CAP_SETPCAP the bounding set stays; identity_lacks says so. */
static void limit_bounding_set(uint64_t kept)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if ((kept & bit((unsigned)i)) == 0)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	(void)prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0);
}

static bool is_user(uid_t uid, gid_t gid)
{
	uid_t uids[3];
	gid_t gids[3];
	if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
		getresgid(&gids[0], &gids[1], &gids[2]) != 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uids[i] != uid || gids[i] != gid)
			return false;
	return true;
}

/* Groups, then gid, then uid. Who is that user already may not be able to set groups. */
static int become(const struct identity *identity, struct error *error)
{
	const struct account *account = identity->account;
	bool already = is_user(account->uid, account->gid);
	give_standard_descriptors(account->uid);
	(void)prctl(PR_SET_KEEPCAPS, identity->capabilities != 0, 0, 0, 0);
	if (setgroups(account->group_count, account->groups) != 0 && !already)
		return refuse(identity, "groups", error);
	if (setresgid(account->gid, account->gid, account->gid) != 0)
		return refuse(identity, "gid", error);
	if (setresuid(account->uid, account->uid, account->uid) != 0)
		return refuse(identity, "uid", error);
	return 0;
}

/* Kept capabilities are ambient: they are there behind every exec, whoever the user is. */
static int keep_capabilities(uint64_t kept, struct error *error)
{
	struct __user_cap_header_struct version = header();
	struct __user_cap_data_struct halves[2];
	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(kept >> 32 * i);
		halves[i] = (struct __user_cap_data_struct){half, half, half};
	}
	if (capset(&version, halves) != 0)
		return error_set_errno(error, STATUS_CONFIG, errno,
			"security.keep_caps: the container has not all of them itself (docker run "
			"--cap-add)");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long i = 0; i < 64; i++)
		if ((kept & bit((unsigned)i)) != 0 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) != 0)
			return error_set_errno(error, STATUS_CONFIG, errno,
				"security.keep_caps: cannot make them ambient");
	return 0;
}

/* Nothing of root is left, and there is no way to it. */
static int prove(const struct identity *identity, struct error *error)
{
	const struct account *account = identity->account;
	bool may_change = (identity->capabilities & (bit(CAP_SETUID) | bit(CAP_SETGID))) != 0;
	if (is_user(account->uid, account->gid) &&
		(may_change ||
			(setresuid((uid_t)-1, 0, (uid_t)-1) != 0 && setgroups(0, NULL) != 0)))
		return 0;
	return error_set(error, STATUS_INTERNAL, "%s: user %s: the way back to root is open",
		account->origin, account->text);
}

int identity_assume(const struct identity *identity, struct error *error)
{
	if (set_limits(identity->limits, error) != 0)
		return -1;
	if (identity->umask >= 0)
		(void)umask((mode_t)identity->umask);
	if (identity->confined)
		limit_bounding_set(identity->capabilities);
	if (identity->account != NULL && become(identity, error) != 0)
		return -1;
	if (identity->confined && keep_capabilities(identity->capabilities, error) != 0)
		return -1;
	if (identity->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_set_errno(
			error, STATUS_CONFIG, errno, "security.no_new_privs cannot be set");
	if (identity->account != NULL && identity->account->uid != 0)
		return prove(identity, error);
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

int identity_rehearse(const struct identity *identity, struct error *error)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_set_errno(error, STATUS_INTERNAL, errno, "cannot make a pipe");
	autoclose int report = ends[0];
	pid_t pid = fork();
	if (pid == 0) {
		ssize_t ignored = 0;
		if (identity_assume(identity, error) != 0)
			ignored = write(ends[1], error, sizeof *error);
		_exit(ignored < 0);
	}
	(void)close(ends[1]);
	/* Where it cannot be forked now, the start itself tells. */
	bool failed = pid > 0 && read(report, error, sizeof *error) == (ssize_t)sizeof *error;
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return failed ? -1 : 0;
}

static uint64_t effective(void)
{
	struct __user_cap_header_struct version = header();
	struct __user_cap_data_struct halves[2];
	if (capget(&version, halves) != 0)
		return UINT64_MAX;
	return joined(halves[0].effective, halves[1].effective);
}

unsigned identity_lacks(const struct identity *identity)
{
	uint64_t ours = effective();
	bool another = identity->account != NULL && identity->account->uid != 0;
	unsigned lacks = 0;
	if (geteuid() != 0)
		return 0;
	if (another && (ours & bit(CAP_KILL)) == 0)
		lacks |= IDENTITY_LACKS_KILL;
	if (identity->confined && (ours & bit(CAP_SETPCAP)) == 0)
		lacks |= IDENTITY_LACKS_SETPCAP;
	return lacks;
}
