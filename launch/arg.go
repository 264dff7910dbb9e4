package launch

import (
	"fmt"
	"strconv"
)

type argKind uint8

const (
	argNumber  argKind = iota // num
	argValue                  // the 64-bit word that v holds when the step runs
	argAddress                // the address of v
)

// Arg is one argument of a step: a number, the value or the address of a
// [Var], or the address of constant data. Its zero value is the number 0.
type Arg struct {
	num  uint64
	v    *Var
	kind argKind
}

// Str is the address of a NUL-terminated constant string. A string that holds
// a NUL byte fails the compilation of the program.
func Str(s string) Arg {
	return Arg{kind: argAddress, v: &Var{kind: constText, name: s}}
}

// Struct is the address of constant bytes, printed in plans as name.
func Struct(name string, data []byte) Arg {
	return Arg{kind: argAddress, v: &Var{kind: constBytes, name: name, bytes: data}}
}

// Words is the address of constant 64-bit words. Each is anything that
// [Program.Call] takes as an argument, but no value of a Var.
func Words(name string, words ...any) Arg {
	return Arg{kind: argAddress, v: &Var{kind: constWords, name: name, words: toWords(words)}}
}

func toWords(words []any) []Arg {
	w := make([]Arg, len(words))
	for i, x := range words {
		if w[i] = toArg(x); w[i].kind == argValue {
			panic("BUG: launch: the value of a variable is not constant")
		}
	}
	return w
}

// Strings is the address of a NULL-terminated array of strings, the shape of
// argv and envp.
func Strings(list []string) Arg {
	words := make([]Arg, len(list)+1)
	for i, s := range list {
		words[i] = Str(s)
	}
	return Arg{kind: argAddress, v: &Var{kind: constWords, words: words}}
}

// Secret is Strings, printed in plans as name: it may hold what is nobody's business.
func Secret(name string, list []string) Arg {
	a := Strings(list)
	a.v.name = name
	return a
}

// toArg turns what Go code writes as an argument into an Arg.
func toArg(x any) Arg {
	switch x := x.(type) {
	case Arg:
		return x
	case *Var:
		return Arg{kind: argValue, v: x}
	case string:
		return Str(x)
	case int:
		return Arg{num: uint64(x)}
	case uint32:
		return Arg{num: uint64(x)}
	case uint64:
		return Arg{num: x}
	case uintptr:
		return Arg{num: uint64(x)}
	}
	panic(fmt.Sprintf("BUG: launch: an argument of type %T", x))
}

// String is the argument as a plan prints it.
func (a Arg) String() string {
	switch {
	case a.kind == argAddress && a.v.kind == variable:
		return "&" + a.v.String()
	case a.kind != argNumber:
		return a.v.String()
	case a.num == ^uint64(0)>>32:
		return "~0"
	case int64(a.num) < 0 && int64(a.num) > -4096:
		return strconv.FormatInt(int64(a.num), 10)
	case a.num < 4096:
		return strconv.FormatUint(a.num, 10)
	}
	return "0x" + strconv.FormatUint(a.num, 16)
}
