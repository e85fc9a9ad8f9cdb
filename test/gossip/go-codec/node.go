package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// A real node of the library that speaks through pipes instead of sockets.
type node struct {
	list    *memberlist.Memberlist
	packets chan *memberlist.Packet
	streams chan net.Conn
	sent    chan []byte
	mutex   sync.Mutex
	heard   heard
}

// What the node was told, beside its list of members.
type heard struct {
	UserState    []byte
	UserMessages [][]byte
	Log          string
}

func newNode(label string, key []byte, compresses bool) (*node, error) {
	n := &node{
		packets: make(chan *memberlist.Packet),
		streams: make(chan net.Conn),
		sent:    make(chan []byte, 100),
	}
	config := memberlist.DefaultLANConfig()
	config.Name = "go"
	config.Label = label
	config.SecretKey = key
	config.EnableCompression = compresses
	config.Transport = n
	config.Delegate = n
	config.LogOutput = n
	// It speaks only when it is spoken to.
	config.ProbeInterval, config.GossipInterval, config.PushPullInterval = 0, 0, 0
	list, err := memberlist.Create(config)
	n.list = list
	return n, err
}

// Hands the node a packet; gives what it sends back.
func (n *node) packet(packet []byte) ([]byte, error) {
	from := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 7946}
	n.packets <- &memberlist.Packet{Buf: packet, From: from, Timestamp: time.Now()}
	select {
	case answer := <-n.sent:
		return answer, nil
	case <-time.After(5 * time.Second):
		return nil, errors.New("no answer: " + n.take().Log)
	}
}

// Hands the node a stream; gives all that it writes until it closes.
func (n *node) stream(bytes []byte) ([]byte, error) {
	ours, theirs := net.Pipe()
	n.streams <- theirs
	ours.SetDeadline(time.Now().Add(5 * time.Second))
	go ours.Write(bytes)
	return io.ReadAll(ours)
}

func (n *node) take() heard {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	taken := n.heard
	n.heard = heard{}
	return taken
}

func (n *node) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IPv4(192, 0, 2, 1).To4(), 7946, nil
}

func (n *node) WriteTo(packet []byte, _ string) (time.Time, error) {
	n.sent <- bytes.Clone(packet)
	return time.Now(), nil
}

func (n *node) PacketCh() <-chan *memberlist.Packet { return n.packets }
func (n *node) StreamCh() <-chan net.Conn           { return n.streams }
func (n *node) Shutdown() error                     { return nil }

func (n *node) DialTimeout(string, time.Duration) (net.Conn, error) {
	return nil, errors.New("this node does not dial")
}

func (n *node) NodeMeta(int) []byte             { return []byte("meta of go") }
func (n *node) GetBroadcasts(int, int) [][]byte { return nil }
func (n *node) LocalState(bool) []byte          { return []byte("state of go") }

func (n *node) MergeRemoteState(state []byte, _ bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.heard.UserState = bytes.Clone(state)
}

func (n *node) NotifyMsg(message []byte) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.heard.UserMessages = append(n.heard.UserMessages, bytes.Clone(message))
}

func (n *node) Write(line []byte) (int, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.heard.Log += string(line)
	return len(line), nil
}
