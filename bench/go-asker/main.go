// Asks on the LAN of eth0 for the address of its argument, by ARP or NDP: for the row `arp`. Obeys lines on standard
// input and prints one line of JSON for each; the first line says that it is ready.
//
//	first MS       milliseconds until somebody answers; ends the program where nobody does for so long
//	roundtrips N   so many questions, one after the other
//	while          the same, a millisecond between them, until the line `end`
//	window MS      answers a second with many questions under way, so long with each size of the window
//	paused MS      a question every 10 ms: how many are answered, and for how long
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

func main() {
	// What it measures are microseconds: no other thread in between, and no garbage collector.
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	if len(os.Args) != 2 {
		fail("usage: go-asker ADDRESS")
	}
	target, err := netip.ParseAddr(os.Args[1])
	check(err)
	question, err := questionFor(target)
	check(err)
	wire, err := openWire(question)
	check(err)
	orders := make(chan string)
	go readLines(orders)
	tell("ready", nil)
	for order := range orders {
		tell(order, obey(order, wire, orders))
	}
}

func obey(order string, wire *wire, orders <-chan string) any {
	verb, rest, hasNumber := strings.Cut(order, " ")
	if verb == "while" && !hasNumber {
		return roundTripsUntil(wire, orders)
	}
	number, err := strconv.Atoi(rest)
	if err != nil {
		fail(fmt.Sprintf("no order with a whole number: %q", order))
	}
	over := time.Duration(number) * time.Millisecond
	switch verb {
	case "first":
		return firstAnswer(wire, over)
	case "roundtrips":
		return roundTrips(wire, number)
	case "window":
		return bestWindow(wire, over)
	case "paused":
		return whilePaused(wire, over)
	}
	fail(fmt.Sprintf("unknown order %q", order))
	return nil
}

// Ends the program when nobody gives orders any more, whatever it is doing.
func readLines(orders chan<- string) {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		orders <- lines.Text()
	}
	os.Exit(0)
}

// The order first, and then what was found in the order of its fields.
func tell(order string, found any) {
	head, err := json.Marshal(map[string]string{"order": order})
	check(err)
	line := string(head)
	if found != nil {
		fields, err := json.Marshal(found)
		check(err)
		line = line[:len(line)-1] + "," + string(fields[1:])
	}
	fmt.Println(line)
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "go-asker: "+message)
	os.Exit(1)
}
