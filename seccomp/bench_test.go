package seccomp

import "testing"

func BenchmarkProgram(b *testing.B) {
	b.Run("made before", func(b *testing.B) {
		for b.Loop() {
			Options{}.Program()
		}
	})
	b.Run("compiled", func(b *testing.B) {
		for b.Loop() {
			Options{Open: []string{"perf"}}.Program()
		}
	})
}
