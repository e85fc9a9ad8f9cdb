// Members of a ring as MetalLB's speakers configure them, several in one process: for the row `gossip`.
// Prints how many members the first of them sees, a number a line, whenever that changes.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	golog "log"
	"time"

	"github.com/hashicorp/memberlist"
)

func main() {
	from := flag.Int("from", 1, "number of the first member")
	count := flag.Int("count", 1, "how many")
	port := flag.Int("port", 7946, "port of all members")
	secret := flag.String("secret", "", "the key is made of it")
	flag.Parse()
	var lists []*memberlist.Memberlist
	for number := *from; number < *from+*count; number++ {
		lists = append(lists, member(number, *port, *secret))
	}
	for seen := 0; ; time.Sleep(200 * time.Millisecond) {
		if now := lists[0].NumMembers(); now != seen {
			seen = now
			fmt.Println(seen)
		}
	}
}

func member(number, port int, secret string) *memberlist.Memberlist {
	config := memberlist.DefaultLANConfig()
	config.Name = fmt.Sprintf("node%d", number)
	config.BindAddr = address(number)
	config.BindPort, config.AdvertisePort = port, port
	config.Logger = golog.New(io.Discard, "", 0)
	key := sha256.Sum256([]byte(secret))
	config.SecretKey = key[:]
	list, err := memberlist.Create(config)
	if err != nil {
		panic(err)
	}
	for number > 1 {
		if _, err := list.Join([]string{address(1)}); err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	return list
}

func address(number int) string {
	return fmt.Sprintf("127.0.%d.%d", number>>8, number&255)
}
