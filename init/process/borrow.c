#include "process/borrow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "process/exec.h"

/* The sanitizers keep books for each process, which must not be shared. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__SANITIZE_ADDRESS__)

#define STACK_SIZE 65472

struct loan {
	const struct command *command;
	borrow_explain *explain;
	pid_t parent;
	int report;
	struct borrow_failure failure;
};

/* In the stack's first page: one page is touched for most commands. */
static struct {
	_Alignas(4096) char stack[STACK_SIZE];
	struct loan loan;
	int lent; /* the kernel clears it at exec or exit: set_tid_address(2) */
} own;

static char refused[PATH_MAX]; /* the failure's file: beside the stack, for it is rarely touched */

/* syscall(2) without errno. */
static long call(long number, long one, long two, long three, long four)
{
#ifdef __x86_64__
	register long fourth __asm__("r10") = four;
	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(one), "S"(two), "d"(three), "r"(fourth)
			 : "rcx", "r11", "memory");
	return number;
#else
	register long which __asm__("x8") = number;
	register long first __asm__("x0") = one;
	register long second __asm__("x1") = two;
	register long third __asm__("x2") = three;
	register long fourth __asm__("x3") = four;
	__asm__ volatile("svc 0"
			 : "+r"(first)
			 : "r"(which), "r"(second), "r"(third), "r"(fourth)
			 : "memory");
	return first;
#endif
}

static void set_mask(uint64_t mask)
{
	(void)call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}

static int try_file(const struct command *command, const char *file)
{
	return -(int)call(
		SYS_execve, (long)file, (long)command->argv, (long)command->environment, 0);
}

/* Keeps the first that is there and cannot be run. */
static void keep_failure(const char *file, int number)
{
	struct borrow_failure *failure = &own.loan.failure;
	bool absent = (number == ENOENT || number == ENOTDIR) &&
		      call(SYS_faccessat, AT_FDCWD, (long)file, F_OK, 0) != 0;
	if (absent || failure->file[0] != '\0')
		return;
	failure->number = number;
	failure->file = refused;
	memcpy(refused, file, strlen(file) + 1);
}

/* What does not fit is left to the explanation. */
static void try_folders(const struct command *command, const char *path)
{
	char file[PATH_MAX];
	size_t size = strlen(command->argv[0]) + 1;
	for (;;) {
		size_t width = strcspn(path, ":");
		if (width + 1 + size <= sizeof file) {
			memcpy(file, path, width);
			file[width] = '/';
			memcpy(file + width + (width > 0), command->argv[0], size);
			keep_failure(file, try_file(command, file));
		}
		if (path[width] == '\0')
			return;
		path += width + 1;
	}
}

static void try_command(const struct command *command, struct borrow_failure *failure)
{
	if (command->workdir != NULL)
		failure->number = -(int)call(SYS_chdir, (long)command->workdir, 0, 0, 0);
	failure->entered = failure->number == 0;
	if (!failure->entered)
		return;
	set_mask(0);
	if (strchr(command->argv[0], '/') != NULL)
		failure->number = try_file(command, command->argv[0]);
	else if (command->argv[0][0] != '\0')
		try_folders(command, exec_search_path(command->environment));
	set_mask(UINT64_MAX);
}

static _Noreturn void leave(int status)
{
	for (;;)
		(void)call(SYS_exit_group, status, 0, 0, 0);
}

/* The fork has memory, errno and all of its own. */
static _Noreturn void fail(void)
{
	int status = STATUS_INTERNAL << 8;
	long pid = call(SYS_clone, SIGCHLD, 0, 0, 0);
	if (pid == 0)
		own.loan.explain(own.loan.command, &own.loan.failure, own.loan.report);
	if (pid > 0)
		(void)call(SYS_wait4, pid, (long)&status, 0, 0);
	leave(WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_INTERNAL);
}

static int borrower(void *unused)
{
	(void)unused;
	(void)call(SYS_set_tid_address, (long)&own.lent, 0, 0, 0);
	(void)call(SYS_setpgid, 0, 0, 0, 0);
	if (own.loan.parent != 1) {
		(void)call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
		if (call(SYS_getppid, 0, 0, 0, 0) != own.loan.parent)
			leave(STATUS_INTERNAL);
	}
	try_command(own.loan.command, &own.loan.failure);
	fail();
}

pid_t borrow_start(const struct command *command, int report, borrow_explain *explain)
{
	if (command->terminal >= 0 || command->identity != NULL || command->become != NULL ||
		command->outputs != NULL ||
		__atomic_exchange_n(&own.lent, 1, __ATOMIC_ACQUIRE) != 0)
		return -1;
	own.loan = (struct loan){command, explain, getpid(), report, {.file = ""}};
	pid_t pid = clone(borrower, own.stack + STACK_SIZE, CLONE_VM | SIGCHLD, NULL);
	if (pid < 0)
		__atomic_store_n(&own.lent, 0, __ATOMIC_RELEASE);
	return pid;
}

void borrow_trim(void)
{
	if (__atomic_load_n(&own.lent, __ATOMIC_ACQUIRE) == 0)
		(void)madvise(&own, sizeof own, MADV_DONTNEED);
}

#else

pid_t borrow_start(const struct command *command, int report, borrow_explain *explain)
{
	(void)command;
	(void)report;
	(void)explain;
	return -1;
}

void borrow_trim(void)
{
}

#endif
