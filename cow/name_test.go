package cow

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// What is not UTF-8 comes back as it was.
func TestNames(t *testing.T) {
	for _, odd := range []string{"plain", "\xff\xfe", "a\nb\t\x00", "{}", "é", ""} {
		r := &Run{ID: "abc", Command: []string{"sh", odd}, Started: time.Unix(1, 2).UTC(), PID: 3, Marker: Time{4, 5}, Layers: []Layer{
			{Dir: "/" + odd, Dev: 6, Ino: 7, Mode: 0o755, Mtime: Time{8, 9}, Placeholders: []string{odd, "x/" + odd}, Part: odd, Split: true},
			{Dir: "/other"},
		}}
		for _, encode := range []func() ([]byte, error){r.encode, func() ([]byte, error) { return json.Marshal(r) }} {
			text, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			var got Run
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !reflect.DeepEqual(&got, r) {
				t.Errorf("%q: %s\ngot  %+v\nwant %+v", odd, text, &got, r)
			}
		}
	}
}
