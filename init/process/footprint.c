#include "process/footprint.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "process/borrow.h"

/* How deep boot's stack may have been; less than the pages that the kernel maps for every stack. */
#define STACK_DEPTH ((uintptr_t)96 * 1024)
#define STACK_IN_USE 512

static uintptr_t page_of(uintptr_t address)
{
	return address & ~((uintptr_t)getauxval(AT_PAGESZ) - 1);
}

static void give_back(uintptr_t begin, uintptr_t end)
{
	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED); // NOLINT
}

/* The pages that are whole between them. */
static void give_back_within(uintptr_t begin, uintptr_t end)
{
	give_back(page_of(begin - 1) + (uintptr_t)getauxval(AT_PAGESZ), page_of(end));
}

/* Segments that nobody can write are as they are in the file. dl_iterate_phdr(3) */
static int trim_object(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = (uintptr_t)(object->dlpi_addr + segment->p_vaddr);
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			give_back(page_of(begin), begin + segment->p_memsz);
	}
	return 0;
}

/* This frame stays, and those of the calls below it. Never inlined: the frame must be its own, for
 * one that it shares with a caller may reach far below its address. */
static __attribute__((noinline)) void trim_stack(void)
{
	uintptr_t top = page_of((uintptr_t)__builtin_frame_address(0) - STACK_IN_USE);
	give_back(top - STACK_DEPTH, top);
}

void footprint_trim(void)
{
	trim_stack();
	borrow_trim();
	memory_trim(give_back_within);
	(void)dl_iterate_phdr(trim_object, NULL);
}
