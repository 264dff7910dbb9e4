#include "textflag.h"

// The interpreter of the image on arm64. It is never called: its machine code is
// copied into images (interp.go), where it is the entry point. Position-
// independent; no stack but the one the kernel gives; no memory but the image's.
//
//   R20  header, at a fixed address        R19  record of the current step
//   R21  data segment: the initial stack pointer, then the words of a failure
//   R22  tries left on EAGAIN
//
// The layout of header, records and data is that of layout.go.

TEXT ·interp(SB),NOSPLIT|NOFRAME,$0-0
	MOVD	$0x400, R20
	LSL	$12, R20
	ADD	$0x120, R20		// 0x400120
	MOVD	0(R20), R19		// the first record
	MOVD	16(R20), R21		// the data segment
	MOVD	RSP, R0
	MOVD	R0, 0(R21)		// argc, argv and envp lie there
	MOVD	8(R0), R1
	MOVD	R1, 40(R21)		// argv[0]
step:
	MOVD	$1000, R22
again:
	MOVWU	8(R19), R8		// system call number
	MOVW	16(R19), R0		// six arguments, with their sign
	MOVW	20(R19), R1
	MOVW	24(R19), R2
	MOVW	28(R19), R3
	MOVW	32(R19), R4
	MOVW	36(R19), R5
	MOVBU	1(R19), R9		// bit n: argument n is the address of its value
	TBZ	$0, R9, 2(PC)
	MOVD	(R0), R0
	TBZ	$1, R9, 2(PC)
	MOVD	(R1), R1
	TBZ	$2, R9, 2(PC)
	MOVD	(R2), R2
	TBZ	$3, R9, 2(PC)
	MOVD	(R3), R3
	TBZ	$4, R9, 2(PC)
	MOVD	(R4), R4
	TBZ	$5, R9, 2(PC)
	MOVD	(R5), R5
	MOVBU	0(R19), R9		// operation
	CMP	$1, R9
	BEQ	if
	CMP	$2, R9
	BEQ	and
	CMP	$3, R9
	BEQ	add
	CMP	$4, R9
	BEQ	fail
	CMP	$5, R9
	BEQ	args
	SVC	$0
	CMN	$4095, R0		// -4095 .. -1 are errors
	BHS	error
save:
	MOVWU	4(R19), R9		// where the result goes; 0: nowhere
	CBZ	R9, next
	MOVD	R0, (R9)
next:
	ADD	$64, R19
	B	step

error:
	NEG	R0, R0
	CMP	$4, R0			// EINTR: always again
	BEQ	again
	CMP	$11, R0			// EAGAIN: again if so marked, bounded
	BNE	match
	MOVBU	2(R19), R9
	TBZ	$0, R9, match
	SUB	$1, R22
	CBNZ	R22, again
match:
	ADD	$40, R19, R1		// three pairs: errno, record to go on with
	MOVD	$3, R2
pair:
	MOVW	0(R1), R9
	CMPW	R9, R0
	BEQ	hit
	CMNW	$1, R9			// -1: any errno
	BEQ	hit
	ADD	$8, R1
	SUB	$1, R2
	CBNZ	R2, pair
fail:					// errno in R0, as OpFail's first argument is
	MOVD	R19, 8(R21)		// which step
	MOVD	R0, 16(R21)		// which errno
	MOVWU	12(R19), R9		// its words, if there are any: length and text
	CBZ	R9, handle
	MOVWU	(R9), R10
	ADD	$4, R9
	MOVD	R9, 24(R21)
	MOVD	R10, 32(R21)
handle:
	MOVD	8(R20), R19		// go on with the failure handler
	B	step
hit:
	MOVWU	4(R1), R19
	B	step

if:
	AND	R1, R0
	CMP	R2, R0
	BNE	next
	MOVWU	44(R19), R19
	B	step
and:
	AND	R1, R0
	B	save
add:
	ADD	R1, R0
	B	save

// args: append argv[1:] at R0 (room for R1), and the variables of the
// environment that the rules at R4 keep at R2 (room for R3). A rule is a byte,
// 1 keep or 2 drop, and a NUL-terminated prefix; the first that fits decides;
// a byte 0 ends the rules.
args:
	MOVD	0(R21), R10
	MOVD	R0, R11			// where argv goes
	MOVD	(R10), R9		// argc
	MOVD	$7, R0			// E2BIG
	CMP	R1, R9
	BHI	fail
	MOVD	$22, R0			// EINVAL: no argv[0]
	CBZ	R9, fail
	ADD	$16, R10		// &argv[1]
arg:
	MOVD	(R10), R9
	ADD	$8, R10
	MOVD	R9, (R11)
	ADD	$8, R11
	CBNZ	R9, arg
env:
	MOVD	(R10), R9		// R10 is in envp now
	ADD	$8, R10
	CBZ	R9, next
	MOVD	R4, R1
rule:
	MOVBU	(R1), R5
	ADD	$1, R1
	CBZ	R5, env			// no rule fits: dropped
	MOVD	R9, R6
char:
	MOVBU	(R1), R7
	CBZ	R7, fits
	MOVBU	(R6), R11
	CMP	R7, R11
	BNE	miss
	ADD	$1, R1
	ADD	$1, R6
	B	char
miss:
	MOVBU	(R1), R7
	ADD	$1, R1
	CBNZ	R7, miss
	B	rule
fits:
	CMP	$2, R5
	BEQ	env
	MOVD	$7, R0			// E2BIG
	SUB	$1, R3
	CBZ	R3, fail
	MOVD	R9, (R2)
	ADD	$8, R2
	B	env
	WORD	$0x78627375		// "usbxEnd!": the end of the code
	WORD	$0x21646e45

// func interpAddress() uintptr
TEXT ·interpAddress(SB),NOSPLIT,$0-8
	MOVD	$·interp(SB), R0
	MOVD	R0, ret+0(FP)
	RET
