package userns_test

// What namespaces processes are in. The examples run, as any user.

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"

	"github.com/usandbox/usandbox/userns"
)

func ExampleOf() {
	mine, err := userns.Of(0)
	if err != nil {
		log.Fatal(err)
	}
	// The parent is the same user's, so it can be looked into.
	parents, err := userns.Of(os.Getppid())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(mine.Shared(parents))
	fmt.Println(mine[userns.Network] != 0)
	// Output:
	// user,time,pid,mnt,uts,ipc,net,cgroup
	// true
}

func ExampleList() {
	list, err := userns.List(userns.Network, userns.UTS)
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range list {
		for _, p := range n.Processes {
			if p.PID == os.Getpid() {
				fmt.Println("this process is in a namespace of the kind", n.Kind)
			}
		}
	}
	// Unordered output:
	// this process is in a namespace of the kind net
	// this process is in a namespace of the kind uts
}

func ExampleHandle() {
	network, err := userns.OpenOf(0, userns.Network)
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()
	owner, err := network.Owner()
	if errors.Is(err, fs.ErrPermission) {
		fmt.Println("its owner is not to be seen from here")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	defer owner.Close()
	fmt.Printf("a %v namespace, which a %v namespace owns\n", network.Kind(), owner.Kind())
	// Output: a net namespace, which a user namespace owns
}

func ExampleOpen() {
	_, err := userns.Open("/dev/null")
	fmt.Println(err, errors.Is(err, userns.ErrNotNamespace))
	// Output: open namespace /dev/null: not a namespace true
}
