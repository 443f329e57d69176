package cmd

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTheReadmeHasTheStatuses holds its table against the one that help and
// manual pages show.
func TestTheReadmeHasTheStatuses(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n| status | when |\n| --- | --- |\n")
	if !found {
		t.Fatal("there is no table of statuses")
	}
	table, _, _ := strings.Cut(section, "\n\n")
	var want []string
	for _, e := range meanings() {
		want = append(want, "| "+e.Term+" | "+e.Meaning+" |")
	}
	got := strings.Split(strings.ReplaceAll(table, "`", ""), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestEveryStatusHasAMeaning keeps the two tables of exit.go together.
func TestEveryStatusHasAMeaning(t *testing.T) {
	r := execute(t, "help", "statuses")
	for _, s := range statuses {
		if !strings.Contains(r.out, strconv.Itoa(s.status)) {
			t.Errorf("%d is not in\n%s", s.status, r.out)
		}
	}
}

func TestHelpOnTopics(t *testing.T) {
	for _, topic := range Topics() {
		r := execute(t, "help", topic.Name)
		if r.status != 0 || !strings.Contains(r.out, "  "+topic.Lines[0].Term) {
			t.Errorf("%s: status %d, %q", topic.Name, r.status, r.out)
		}
		for line := range strings.Lines(r.out) {
			if len(line) > pageWidth+1 {
				t.Errorf("%s: too long for a terminal: %s", topic.Name, line)
			}
		}
	}
	r := execute(t, "help", "nonsense")
	if r.status != exitUsage || !strings.Contains(r.errout, `no help on "nonsense": one of completion, config,`) {
		t.Errorf("status %d, %q", r.status, r.errout)
	}
}

// TestPages looks for what manual pages would miss, not for their wording.
func TestPages(t *testing.T) {
	pages := Pages()
	for _, name := range []string{"ductworks", "ductworks-listen", "ductworks-connect", "ductworks-exec", "ductworks-pair", "ductworks-config"} {
		i := slices.IndexFunc(pages, func(p Page) bool { return p.Name == name })
		if i < 0 || pages[i].Short == "" || pages[i].Examples == "" || len(pages[i].Groups) == 0 {
			t.Errorf("%s is incomplete", name)
		}
	}
}
