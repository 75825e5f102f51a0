/*
 * Everything below this process: what the app left behind, and what it left behind in turn.
 *
 * kill(2) with -1 as the PID 1 of a namespace; anywhere else that would hit strangers, so the tree
 * of our own children is walked. As subreaper every orphan below us becomes our child.
 */
#ifndef TMINUS_PROCESS_DESCENDANTS_H
#define TMINUS_PROCESS_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Orphans are reparented to us from now on, PID 1 or not. prctl(2), PR_SET_CHILD_SUBREAPER. Refused
 * (an old kernel, a seccomp filter): -1 and errno, and orphans go to the namespace's PID 1. */
int descendants_adopt(void);

/* No longer: execve(2) would keep it, and an app that was never told would not reap them. */
void descendants_disown(void);

#define PROCESS_NAME_SIZE 17 /* comm with its newline: proc_pid_comm(5) */

/* The name of pid; false when it is gone. */
bool process_name(pid_t pid, char room[static PROCESS_NAME_SIZE]);

/* When pid was started, in clock ticks of the machine's: a pid that is used again has another one.
 * -1 when it is gone. proc_pid_stat(5), starttime */
int64_t process_start_time(pid_t pid);

/* Its effective user, whether it is dumpable or not; (uid_t)-1 when it is gone. */
uid_t process_user(pid_t pid);

/* "sleep (pid 12), sh (pid 14)": everybody below us, as many as there is room for. Returns room. */
const char *descendants_names(char *room, size_t size);

/* The one child of a shell that does not catch signal, so that it dies of it without passing it on;
 * 0 when it is no such shell. proc_pid_task(5), children */
pid_t descendants_behind_shell(pid_t shell, int signal);

/* A child of ours that is none of the app's: it is not told of, and gets no signal but from a
 * kill(-1). */
void descendants_spare(pid_t pid);

/* Sends signal, and CONT behind it, to every descendant. Without /proc it reaches nothing when not
 * PID 1. */
void descendants_signal(int signal);

#endif
