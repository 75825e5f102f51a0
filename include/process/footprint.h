/*
 * How much memory an idle PID 1 holds.
 *
 * Boot reads a configuration, makes a plan and waits, and needs none of that code again. What it
 * touched would stay resident as long as the container lives.
 */
#ifndef TMINUS_PROCESS_FOOTPRINT_H
#define TMINUS_PROCESS_FOOTPRINT_H

/* Gives back to the kernel the pages of code and constants, which come back from the file when they
 * are needed, and the part of the stack below the caller's frame, which nobody reads any more. Call
 * it before the first sleep behind boot. What fails costs memory and nothing else. madvise(2),
 * MADV_DONTNEED */
void footprint_trim(void);

#endif
