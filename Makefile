# make install: the program, and the name bwrap for it (docs/bwrap.md).
PREFIX = /usr/local
DESTDIR =
BINDIR = $(PREFIX)/bin

usandbox: force
	CGO_ENABLED=0 go build -trimpath -o $@ ./cmd/usandbox

install: usandbox
	install -d $(DESTDIR)$(BINDIR)
	install -m 0755 usandbox $(DESTDIR)$(BINDIR)/usandbox
	ln -sf usandbox $(DESTDIR)$(BINDIR)/bwrap

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/usandbox $(DESTDIR)$(BINDIR)/bwrap

force:

.PHONY: install uninstall force
