/*
 * Memory and descriptors that clean up after themselves.
 *
 * Owns nothing. The allocators below end the process with status 70 when memory is out: they are
 * for the time before PID 1's loop begins and for forked children. The loop itself allocates
 * nothing (docs/design.md, "Memory").
 *
 * What is small lies in one region of the program's own, so that a PID 1 keeps few pages and asks
 * the kernel for none on its way to the app. free(3) knows it: the program is linked for that.
 */
#ifndef TMINUS_BASE_MEMORY_H
#define TMINUS_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Zeroed memory for count objects of size bytes; the caller frees it. Never NULL. calloc(3) */
void *memory_zeroed(size_t count, size_t size);

/* Room for count objects of size bytes, keeping what old held; old is gone afterwards. realloc(3)
 */
void *memory_resized(void *old, size_t count, size_t size);

/* A copy of text, or of its first length bytes, with a final NUL; the caller frees it. strdup(3) */
char *memory_copy(const char *text);
char *memory_copy_bytes(const char *bytes, size_t length);

/* Tells give_back of each piece of the region that nobody uses, pages or not. */
void memory_trim(void (*give_back)(uintptr_t begin, uintptr_t end));

/* free(3) and close(2) for the cleanup attribute; a descriptor below 0 is left alone. Inline, so
 * that the pointer may lie in a register, and no stack protector is needed for it. */
static inline __attribute__((always_inline)) void memory_free_at(void *pointer_to_pointer)
{
	void *memory;
	memcpy(&memory, pointer_to_pointer, sizeof memory);
	free(memory);
}
void memory_close_at(const int *descriptor);

#define autofree __attribute__((cleanup(memory_free_at)))
#define autoclose __attribute__((cleanup(memory_close_at)))

#endif
