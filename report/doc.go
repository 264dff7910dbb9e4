// Package report is the record of what happened in a sandbox: a value, and the forms in which
// it is written: JSON ([Report.JSON], docs/report.schema.json), text for OpenMetrics
// ([Report.Metrics]) and six lines for people ([Report.Summary]).
//
// What is not known is absent, and never zero. Everything that a command can choose (its
// arguments, its names) is data in all three: it cannot end a string, a label or a line.
//
// The package only formats. It reads nothing, and must never start to: a record is of
// what the supervisor saw, not of what a file says.
//
// It follows RFC 8259, JSON Schema 2020-12 and OpenMetrics 1.0.
package report
