// Package near tells how alike two words are, for hints about a slip of the hand. It
// must never decide anything: what is near is only suggested.
package near

// Distance is how many bytes must be put in, taken out or replaced to make b of a
// (Levenshtein). The work is len(a) times len(b).
func Distance(a, b string) int {
	// row[j] is the distance from the part of a seen so far to b[:j].
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
