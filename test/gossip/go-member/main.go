// A member of a ring, made of hashicorp/memberlist as MetalLB's speakers are: told by one JSON argument who it is,
// says in JSON lines what it sees, and takes commands in lines. src/testing/ring-member.ts speaks the same.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

type settings struct {
	Name      string
	Address   string
	Port      int
	Peers     []string
	Key       []byte
	Label     string
	Compress  bool
	StateSize int
	// How often peers that are no members are joined again, as a speaker does every 60 s; 0: never.
	RejoinMs int
	// Milliseconds instead of the LAN's; 0: the LAN's.
	ProbeIntervalMs    int
	ProbeTimeoutMs     int
	GossipToTheDeadMs  int
	PushPullIntervalMs int
}

type line struct {
	Event   string   `json:"event"`
	Node    string   `json:"node,omitempty"`
	Members []string `json:"members"`
	Detail  string   `json:"detail,omitempty"`
	Bytes   int      `json:"bytes,omitempty"`
}

type member struct {
	list     *memberlist.Memberlist
	settings settings
	events   chan memberlist.NodeEvent
	mutex    sync.Mutex
}

func main() {
	m := &member{events: make(chan memberlist.NodeEvent, 1024)}
	if err := json.Unmarshal([]byte(os.Args[1]), &m.settings); err != nil {
		panic(err)
	}
	list, err := memberlist.Create(m.config())
	if err != nil {
		panic(err)
	}
	m.mutex.Lock()
	m.list = list
	m.mutex.Unlock()
	go m.follow()
	go m.joinAgain()
	m.say(line{Event: "started"})
	m.join(m.settings.Peers)
	m.obey()
}

func (m *member) config() *memberlist.Config {
	config := memberlist.DefaultLANConfig()
	s := m.settings
	config.Name = s.Name
	config.BindAddr, config.BindPort = s.Address, s.Port
	config.AdvertiseAddr, config.AdvertisePort = s.Address, s.Port
	config.SecretKey = s.Key
	config.EnableCompression = s.Compress
	setLabel(config, s.Label)
	for _, one := range []struct {
		where *time.Duration
		ms    int
	}{
		{&config.ProbeInterval, s.ProbeIntervalMs},
		{&config.ProbeTimeout, s.ProbeTimeoutMs},
		{&config.GossipToTheDeadTime, s.GossipToTheDeadMs},
		{&config.PushPullInterval, s.PushPullIntervalMs},
	} {
		if one.ms > 0 {
			*one.where = time.Duration(one.ms) * time.Millisecond
		}
	}
	config.Events = &memberlist.ChannelEventDelegate{Ch: m.events}
	config.Conflict = m
	config.Delegate = m
	config.LogOutput = os.Stderr
	return config
}

func (m *member) follow() {
	names := []string{"join", "leave", "update"}
	for event := range m.events {
		m.say(line{Event: names[event.Event], Node: event.Node.Name})
	}
}

func (m *member) joinAgain() {
	for m.settings.RejoinMs > 0 {
		time.Sleep(time.Duration(m.settings.RejoinMs) * time.Millisecond)
		known := map[string]bool{}
		for _, node := range m.list.Members() {
			known[node.Addr.String()] = true
		}
		missing := []string{}
		for _, peer := range m.settings.Peers {
			if !known[peer] {
				missing = append(missing, peer)
			}
		}
		m.join(missing)
	}
}

func (m *member) join(peers []string) {
	if len(peers) == 0 {
		return
	}
	places := make([]string, len(peers))
	for i, peer := range peers {
		places[i] = net.JoinHostPort(peer, strconv.Itoa(m.settings.Port))
	}
	reached, err := m.list.Join(places)
	said := line{Event: "joined", Detail: fmt.Sprintf("%d of %d", reached, len(peers))}
	if err != nil {
		said.Detail += ": " + err.Error()
	}
	m.say(said)
}

func (m *member) obey() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "members":
			m.say(line{Event: "members"})
		case "join":
			m.join(words[1:])
		case "send":
			m.send(words[1], words[2])
		case "leave":
			err := m.list.Leave(5 * time.Second)
			m.say(line{Event: "departed", Detail: fmt.Sprint(err)})
			m.list.Shutdown()
			return
		}
	}
}

// A message of so many bytes over TCP.
func (m *member) send(name, size string) {
	bytes, _ := strconv.Atoi(size)
	for _, node := range m.list.Members() {
		if node.Name == name {
			err := m.list.SendReliable(node, make([]byte, bytes))
			m.say(line{Event: "sent", Node: name, Bytes: bytes, Detail: fmt.Sprint(err)})
		}
	}
}

// One line, with the members as they are now.
func (m *member) say(said line) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	said.Members = []string{}
	if m.list != nil {
		for _, node := range m.list.Members() {
			said.Members = append(said.Members, node.Name)
		}
	}
	sort.Strings(said.Members)
	text, _ := json.Marshal(said)
	fmt.Println(string(text))
}

// Called with the library's lock held.
func (m *member) NotifyConflict(existing, other *memberlist.Node) {
	detail := other.Addr.String()
	go m.say(line{Event: "conflict", Node: existing.Name, Detail: detail})
}

func (m *member) NodeMeta(limit int) []byte                  { return nil }
func (m *member) GetBroadcasts(overhead, limit int) [][]byte { return nil }
func (m *member) LocalState(join bool) []byte                { return make([]byte, m.settings.StateSize) }

func (m *member) NotifyMsg(message []byte) {
	// What our speakers tell each other is a packet; this is about streams.
	if len(message) > 65536 {
		go m.say(line{Event: "user", Bytes: len(message)})
	}
}

func (m *member) MergeRemoteState(state []byte, join bool) {
	if len(state) > 0 {
		go m.say(line{Event: "state", Bytes: len(state)})
	}
}
