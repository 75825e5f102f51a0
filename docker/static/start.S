/* Where the static binary begins: every signal is blocked before the C library starts, which takes page
 * faults; a signal to a PID 1 that neither blocks nor catches it is lost. The registers that _start looks
 * at are as the kernel left them. rt_sigprocmask(2) */
	.section .text.start_blocked, "ax"
	.globl start_blocked
	.globl signals_at_start
#ifdef __x86_64__
start_blocked:
	mov	$14, %eax
	mov	$2, %edi
	lea	all(%rip), %rsi
	lea	before(%rip), %rdx
	mov	$8, %r10d
	syscall
	xor	%edx, %edx
	jmp	_start
signals_at_start:
	lea	before(%rip), %rax
	ret
#else
start_blocked:
	mov	x8, #135
	mov	x0, #2
	adrp	x1, all
	add	x1, x1, :lo12:all
	adrp	x2, before
	add	x2, x2, :lo12:before
	mov	x3, #8
	svc	#0
	mov	x0, xzr
	b	_start
signals_at_start:
	adrp	x0, before
	add	x0, x0, :lo12:before
	ret
#endif
	.balign	8
all:	.quad	-1

	.section .bss.inherited, "aw", %nobits
	.balign	8
before:	.zero	8

	.section .note.GNU-stack, "", %progbits
