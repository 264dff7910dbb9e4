package limits

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

const (
	systemdName   = "org.freedesktop.systemd1"
	systemdPath   = "/org/freedesktop/systemd1"
	systemdMethod = "org.freedesktop.systemd1.Manager."
)

// How long the bus has for an answer, and systemd for a scope. Many that are asked for at once
// wait for each other.
const (
	answerWithin = 15 * time.Second
	scopeWithin  = 3 * time.Minute
)

// manager is a connection to a service manager, org.freedesktop.systemd1(5).
type manager struct{ conn *dbus.Conn }

// connect connects to the caller's own service manager, the machine's for root.
func connect() (scopes, error) {
	name, addresses := "your systemd", userAddresses()
	if os.Geteuid() == 0 {
		name, addresses = "systemd", []string{"unix:path=/run/dbus/system_bus_socket"}
	}
	var failed error
	for _, address := range addresses {
		conn, err := dial(address, answerWithin)
		if err == nil {
			return &manager{conn}, nil
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		failed = errors.New("there is no socket of it")
	}
	return nil, fmt.Errorf("%s cannot be asked for a scope: %w", name, failed)
}

// userAddresses are where the bus of the caller's session may be. Nothing but a socket
// is used: an address can also name a program to start.
func userAddresses() []string {
	var list []string
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); strings.HasPrefix(a, "unix:") && !strings.Contains(a, ";") {
		list = append(list, a)
	}
	if own := fmt.Sprintf("unix:path=/run/user/%d/bus", os.Geteuid()); len(list) == 0 || list[0] != own {
		if unix.Access(strings.TrimPrefix(own, "unix:path="), unix.F_OK) == nil {
			list = append(list, own)
		}
	}
	return list
}

// dial connects to a bus behind which there is systemd. Whoever listens may never say a word.
func dial(address string, within time.Duration) (*dbus.Conn, error) {
	conn, err := dbus.Dial(address)
	if err != nil {
		return nil, err
	}
	silent := time.AfterFunc(within, func() { conn.Close() })
	if err = conn.Auth(nil); err == nil {
		err = conn.Hello()
	}
	var there bool
	if err == nil { // The bus is asked: systemd itself may be busy with the scopes of others.
		err = conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, systemdName).Store(&there)
	}
	if err == nil && !there {
		err = errors.New("it is not on the bus " + address)
	}
	if !silent.Stop() {
		err = fmt.Errorf("it has not answered within %v", within)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (m *manager) close() { m.conn.Close() }

type property struct {
	Name  string
	Value dbus.Variant
}

// scope makes a transient scope unit, systemd.scope(5), and waits until it is there.
func (m *manager) scope(name string, pids []int) error {
	ctx, cancel := context.WithTimeout(context.Background(), scopeWithin)
	defer cancel()
	signals := make(chan *dbus.Signal, 8) // the match leaves one
	m.conn.Signal(signals)
	defer m.conn.RemoveSignal(signals)
	if err := m.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(systemdName), dbus.WithMatchInterface(strings.TrimSuffix(systemdMethod, ".")), dbus.WithMatchMember("JobRemoved"), dbus.WithMatchArg(2, name)); err != nil {
		return err
	}
	list := make([]uint32, len(pids))
	for i, pid := range pids {
		list[i] = uint32(pid)
	}
	type auxiliary struct {
		Name       string
		Properties []property
	}
	properties := []property{
		{"Description", dbus.MakeVariant("usandbox")},
		{"PIDs", dbus.MakeVariant(list)},
		{"Delegate", dbus.MakeVariant(true)},
		{"CollectMode", dbus.MakeVariant("inactive-or-failed")},
	}
	var job dbus.ObjectPath
	object := m.conn.Object(systemdName, systemdPath)
	if err := object.CallWithContext(ctx, systemdMethod+"StartTransientUnit", 0, name, "fail", properties, []auxiliary{}).Store(&job); err != nil {
		return err
	}
	for {
		select {
		case s, ok := <-signals:
			if !ok {
				return errors.New("the connection to systemd has ended")
			}
			var id uint32
			var path dbus.ObjectPath
			var unit, result string
			if s.Name != systemdMethod+"JobRemoved" || dbus.Store(s.Body, &id, &path, &unit, &result) != nil || path != job {
				continue
			}
			if result != "done" {
				return fmt.Errorf("systemd's job for the scope %s ended as %s", name, result)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("systemd has not made the scope %s within %v", name, scopeWithin)
		}
	}
}

// stop asks for the end of a unit, and does not wait for it.
func (m *manager) stop(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	return m.conn.Object(systemdName, systemdPath).CallWithContext(ctx, systemdMethod+"StopUnit", 0, name, "replace").Err
}
