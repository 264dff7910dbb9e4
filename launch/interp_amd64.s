#include "textflag.h"

// The interpreter of the image on amd64. It is never called: its machine code is
// copied into images (interp.go), where it is the entry point. Position-
// independent; no stack but the one the kernel gives; no memory but the image's.
//
//   R15  header, at a fixed address        BX   record of the current step
//   R12  data segment: the initial stack pointer, then the words of a failure
//   R14  tries left on EAGAIN
//
// The layout of header, records and data is that of layout.go.

TEXT ·interp(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	$0x400120, R15
	MOVQ	0(R15), BX		// the first record
	MOVQ	16(R15), R12		// the data segment
	MOVQ	SP, 0(R12)		// argc, argv and envp lie there
	MOVQ	8(SP), AX
	MOVQ	AX, 40(R12)		// argv[0]
step:
	MOVL	$1000, R14
again:
	MOVL	8(BX), AX		// system call number
	MOVLQSX	16(BX), DI		// six arguments, with their sign
	MOVLQSX	20(BX), SI
	MOVLQSX	24(BX), DX
	MOVLQSX	28(BX), R10
	MOVLQSX	32(BX), R8
	MOVLQSX	36(BX), R9
	MOVBLZX	1(BX), R13		// bit n: argument n is the address of its value
	BTL	$0, R13
	JCC	2(PC)
	MOVQ	(DI), DI
	BTL	$1, R13
	JCC	2(PC)
	MOVQ	(SI), SI
	BTL	$2, R13
	JCC	2(PC)
	MOVQ	(DX), DX
	BTL	$3, R13
	JCC	2(PC)
	MOVQ	(R10), R10
	BTL	$4, R13
	JCC	2(PC)
	MOVQ	(R8), R8
	BTL	$5, R13
	JCC	2(PC)
	MOVQ	(R9), R9
	MOVBLZX	0(BX), CX		// operation
	CMPL	CX, $1
	JEQ	if
	CMPL	CX, $2
	JEQ	and
	CMPL	CX, $3
	JEQ	add
	CMPL	CX, $4
	JEQ	failop
	CMPL	CX, $5
	JEQ	args
	SYSCALL
	CMPQ	AX, $-4095		// -4095 .. -1 are errors
	JCC	error
save:
	MOVL	4(BX), CX		// where the result goes; 0: nowhere
	TESTL	CX, CX
	JEQ	next
	MOVQ	AX, (CX)
next:
	ADDQ	$64, BX
	JMP	step

error:
	NEGQ	AX
	CMPL	AX, $4			// EINTR: always again
	JEQ	again
	CMPL	AX, $11			// EAGAIN: again if so marked, bounded
	JNE	match
	TESTB	$1, 2(BX)
	JEQ	match
	DECL	R14
	JNE	again
match:
	LEAQ	40(BX), SI		// three pairs: errno, record to go on with
	MOVL	$3, DX
pair:
	MOVL	0(SI), CX
	CMPL	CX, AX
	JEQ	hit
	CMPL	CX, $-1			// any errno
	JEQ	hit
	ADDQ	$8, SI
	DECL	DX
	JNE	pair
fail:
	MOVQ	BX, 8(R12)		// which step
	MOVQ	AX, 16(R12)		// which errno
	MOVL	12(BX), CX		// its words, if there are any: length and text
	TESTL	CX, CX
	JEQ	handle
	MOVL	(CX), DX
	ADDQ	$4, CX
	MOVQ	CX, 24(R12)
	MOVQ	DX, 32(R12)
handle:
	MOVQ	8(R15), BX		// go on with the failure handler
	JMP	step
hit:
	MOVL	4(SI), BX
	JMP	step

if:
	ANDQ	SI, DI
	CMPQ	DI, DX
	JNE	next
	MOVL	44(BX), BX
	JMP	step
and:
	ANDQ	SI, DI
	MOVQ	DI, AX
	JMP	save
add:
	ADDQ	SI, DI
	MOVQ	DI, AX
	JMP	save
failop:
	MOVQ	DI, AX
	JMP	fail

// args: append argv[1:] at DI (room for SI), and the variables of the
// environment that the rules at R8 keep at DX (room for R10). A rule is a byte,
// 1 keep or 2 drop, and a NUL-terminated prefix; the first that fits decides;
// a byte 0 ends the rules.
args:
	MOVQ	0(R12), R11
	MOVQ	(R11), CX		// argc
	MOVL	$7, AX			// E2BIG
	CMPQ	CX, SI
	JHI	fail
	MOVL	$22, AX			// EINVAL: no argv[0]
	TESTQ	CX, CX
	JEQ	fail
	ADDQ	$16, R11		// &argv[1]
arg:
	MOVQ	(R11), AX
	ADDQ	$8, R11
	MOVQ	AX, (DI)
	ADDQ	$8, DI
	TESTQ	AX, AX
	JNE	arg
env:
	MOVQ	(R11), AX		// R11 is in envp now
	ADDQ	$8, R11
	TESTQ	AX, AX
	JEQ	next
	MOVQ	R8, SI
rule:
	MOVBLZX	(SI), CX
	INCQ	SI
	TESTL	CX, CX
	JEQ	env			// no rule fits: dropped
	MOVQ	AX, R9
char:
	MOVBLZX	(SI), R13
	TESTL	R13, R13
	JEQ	fits
	CMPB	R13, (R9)
	JNE	miss
	INCQ	SI
	INCQ	R9
	JMP	char
miss:
	MOVBLZX	(SI), R13
	INCQ	SI
	TESTL	R13, R13
	JNE	miss
	JMP	rule
fits:
	INCQ	SI
	CMPL	CX, $2
	JEQ	env
	DECQ	R10
	JLE	full
	MOVQ	AX, (DX)
	ADDQ	$8, DX
	JMP	env
full:
	MOVL	$7, AX			// E2BIG
	JMP	fail
	QUAD	$0x21646e4578627375	// "usbxEnd!": the end of the code

// func interpAddress() uintptr
TEXT ·interpAddress(SB),NOSPLIT,$0-8
	LEAQ	·interp(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
